// What is wider than its column scrolls, by keyboard as well; a large figure opens in full size;
// what the theme leaves without a name gets one.
"use strict";
(() => {
  const { make } = window.soilnb;

  // Tables scroll within a box, so that they keep their columns.
  const box = (table) => {
    const around = table.closest(".pst-scrollable-table-container, .soilnb-scroll");
    if (around) return around;
    const made = make("div", { className: "soilnb-scroll" });
    table.replaceWith(made);
    made.append(table);
    return made;
  };

  const reachable = (boxes) => {
    for (const place of boxes) {
      const wide = place.scrollWidth > place.clientWidth + 1;
      if (wide) {
        const kind = place.querySelector("table") ? "Table"
          : place.querySelector("img") ? "Figure" : "Code or output";
        for (const [name, value] of [["tabindex", 0], ["role", "region"],
          ["aria-label", `${kind}, wider than the page: scrolls sideways`]]) {
          place.setAttribute(name, value);
        }
      } else for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
    }
  };

  const enlarge = (image) => {
    const close = make("button", { type: "button", autofocus: true }, "Close");
    const large = make("img", { src: image.src, alt: image.alt });
    const dialog = make("dialog", { className: "soilnb-large", ariaLabel: "Figure in full size" },
      close, make("div", { tabIndex: 0, role: "region", ariaLabel: "Figure, scrolls" }, large));
    close.onclick = () => dialog.close();
    dialog.onclose = () => dialog.remove();
    document.body.append(dialog);
    dialog.showModal();
  };

  // On a phone a wide figure is shown in parts, one below the other: its picture again for each,
  // in letters that can be read. What they are is written in the picture (soilnb/panels.py). Where
  // the letters would still be too small, it scrolls sideways.
  const inParts = (image) => {
    const { size, parts, least } = JSON.parse(image.dataset.panels);
    const [width, height] = size;
    image.style.setProperty("--least", `${Math.floor(least * width)}px`);
    if (!parts.length) return;
    const piece = ([x, y, w, h]) => `<svg viewBox="${x} ${y} ${w} ${h}" style="flex: ${w} 0 0">`
      + `<image href="${image.getAttribute("src")}" width="${width}" height="${height}"/></svg>`;
    const row = (boxes) => {
      const wide = boxes.reduce((sum, box) => sum + box[2], 0);
      const most = `min(${wide}px, max(${Math.floor(least * wide)}px, 100cqw))`;
      return `<span style="width: ${most}">${boxes.map(piece).join("")}</span>`;
    };
    const made = make("span", { className: "soilnb-parts", ariaHidden: "true" });
    made.innerHTML = parts.map(row).join("");
    image.after(made);
  };

  // Formulas that are a little too wide for a phone are written smaller, down to two thirds.
  const shrink = () => {
    for (const formula of document.querySelectorAll("main mjx-container[display]")) {
      formula.style.fontSize = "";
      const [own, room] = [formula.scrollWidth, formula.clientWidth];
      if (own > room) {
        const now = parseFloat(getComputedStyle(formula).fontSize);
        formula.style.fontSize = `${now * Math.max(0.66, (room - 2) / own)}px`;
      }
    }
  };

  // Buttons of the theme have names that leave out what is written on them, or none.
  const named = () => {
    for (const fold of document.querySelectorAll("nav summary")) {
      const title = fold.closest("li")?.querySelector("a")?.textContent.trim();
      fold.ariaLabel = `Pages of ${title}`;
    }
    for (const button of document.querySelectorAll(
      ".search-button-field, .theme-switch-button")) {
      const icons = [...button.querySelectorAll("[data-mode]")].map((icon) => icon.title);
      const written = button.textContent.replace(/\s+/g, " ").trim();
      button.ariaLabel = [button.dataset.bsTitle, written, ...icons].filter(Boolean).join(" ");
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    named();
    const main = document.querySelector("main") ?? document.body;
    const tables = [...main.querySelectorAll("table")].filter((t) => !t.closest(".soilnb-board"));
    const boxes = [...tables.map(box), ...main.querySelectorAll("pre")];
    // Pictures of explorers and films answer to their own controls.
    for (const image of main.querySelectorAll(".cell_output img, figure > img")) {
      if (image.closest(".soilnb-explorer, .soilnb-film")) continue;
      const open = make("button", { type: "button", className: "soilnb-enlarge" });
      const strip = make("div", { className: "soilnb-scroll soilnb-strip" }, open);
      image.replaceWith(strip);
      open.append(image);
      boxes.push(strip);
      image.addEventListener("load", () => reachable([strip]));
      open.ariaLabel = `Enlarge: ${image.alt}`;
      open.onclick = () => enlarge(image);
    }
    const narrow = matchMedia("(max-width: 480px)");
    const fit = () => {
      if (narrow.matches) {
        const whole = main.querySelectorAll(".soilnb-enlarge > img[data-panels]:only-child");
        whole.forEach(inParts);
      }
      window.MathJax?.startup?.promise?.then(shrink);
      reachable(boxes);
    };
    addEventListener("load", fit);
    addEventListener("resize", fit);
    fit();
  });
})();
