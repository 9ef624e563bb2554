// Questions that say whether an answer is right (soilnb/pipeline/pages/templates/self_test.html).
// Without this script each is shown with its answer behind one click.
"use strict";
(() => {
  const { make } = window.soilnb;

  // What each kind of question finds of an answer: whether it is right, and what to say.
  const judges = {
    choice(form) {
      const chosen = form.querySelector("input:checked");
      if (!chosen) return [null, "Choose one first."];
      const why = chosen.dataset.why;
      return why ? [false, `Not yet. ${why}`] : [true, "Right."];
    },
    numeric(form) {
      const label = form.querySelector("label");
      const unit = label.textContent.trim();
      let text = label.querySelector("input").value.trim();
      if (unit && text.endsWith(unit)) text = text.slice(0, -unit.length).trim();
      const number = Number(text.replace(/−/g, "-").replace(/(\d),(?=\d{3}\b)/g, "$1").replace(",", "."));
      if (!text || Number.isNaN(number)) return [null, "Write a number first."];
      const value = Number(form.dataset.value);
      const near = (wanted) => Math.abs(number - wanted) <= Math.abs(wanted) * form.dataset.tolerance;
      if (near(value)) return [true, "Right."];
      if (near(-value)) return [false, "The size is right. Look at the sign."];
      const power = Math.round(Math.log10(Math.abs(number / value)));
      if (power && near(value * 10 ** power)) {
        return [false, "The digits are right. Look at the unit: it is powers of ten away."];
      }
      return [false, "Not yet."];
    },
    order(form) {
      const places = [...form.querySelectorAll("li[data-place]")].map((item) => Number(item.dataset.place));
      const right = places.filter((place, i) => place === i).length;
      if (right === places.length) return [true, "Right."];
      return [false, `Not yet: ${right} of ${places.length} stand in their place.`];
    },
    short(form) {
      if (!form.querySelector("textarea").value.trim()) return [null, "Write a sentence first."];
      form.querySelector("details").open = true;
      return [null, "Compare with the rubric below, and tick what you have."];
    },
  };

  // Things to bring into order: each has two buttons, which keep the focus.
  function movable(list, form) {
    for (const item of list.children) {
      const name = item.textContent.trim();
      const button = (sign, word, move) => make("button", {
        type: "button", ariaLabel: `Move ${word}: ${name}`,
        onclick: (event) => {
          move();
          event.currentTarget.focus();
          const place = [...list.children].indexOf(item) + 1;
          form.said.textContent = `${name}: now ${place} of ${list.children.length}.`;
        },
      }, sign);
      item.prepend(
        button("↑", "up", () => item.previousElementSibling?.before(item)),
        button("↓", "down", () => item.nextElementSibling?.after(item)),
      );
    }
  }

  // A rubric to tick, which counts the points.
  function gradable(list, form) {
    const all = [...list.children];
    const points = (items) => items.reduce((sum, item) => sum + Number(item.dataset.points), 0);
    for (const item of all) {
      const box = make("input", {
        type: "checkbox",
        onchange: () => {
          const got = points(all.filter((one) => one.querySelector("input").checked));
          form.said.textContent = `${got} of ${points(all)} points.`;
        },
      });
      item.prepend(make("label", {}, box, item.firstElementChild));
    }
  }

  function prepare(form, count) {
    form.said = make("p", { className: "said", role: "status" });
    form.onsubmit = (event) => {
      event.preventDefault();
      const [right, words] = judges[form.dataset.kind](form);
      form.said.textContent = words;
      form.classList.toggle("right", right === true);
      form.classList.toggle("wrong", right === false);
      if (right) form.querySelector("details").open = true;
      count();
    };
    form.querySelector("fieldset").append(make("button", { type: "submit" }, "Check"), form.said);
    const list = form.querySelector("ol");
    if (list) movable(list, form);
    const rubric = form.querySelector(".rubric");
    if (rubric) gradable(rubric, form);
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".soilnb-quiz")) {
      const forms = [...place.querySelectorAll("form.question")];
      const judged = forms.filter((form) => form.dataset.kind !== "short");
      const total = make("p", { className: "total", role: "status" });
      const count = () => {
        const right = judged.filter((form) => form.classList.contains("right")).length;
        total.textContent = `${right} of ${judged.length} right.`;
      };
      for (const form of forms) prepare(form, count);
      place.append(total);
    }
  });
})();
