// Explorers without a kernel. Each page loads the states that were computed when the notebook ran
// (soilnb/explore/base/states.py); this file builds real controls for them and shows the nearest state.
"use strict";
(() => {
  const { make } = window.soilnb;

  // What was predicted is kept in this browser, where it lets a page keep something.
  const memory = {
    read: (key) => {
      try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
    },
    write: (key, value) => {
      try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* not allowed */ }
    },
    all: () => {
      try { return Object.keys(localStorage).filter((key) => key.startsWith("soilnb:")); }
      catch { return []; }
    },
  };

  const savePredictions = () => {
    const quoted = (text) => `"${String(text ?? "").replaceAll('"', '""')}"`;
    const columns = ["explorer", "question", "expected", "when", "now", "answer"];
    const rows = memory.all().sort().map((key) => ({ explorer: key.slice(7), ...memory.read(key) }));
    const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
    const text = lines.map((line) => line.map(quoted).join(",")).join("\n");
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    make("a", { href: address, download: "predictions.csv" }).click();
    URL.revokeObjectURL(address);
  };

  class Explorer {
    constructor(place, name, data) {
      Object.assign(this, { place, name, data, moved: false, moving: false, ghost: "" });
      this.at = data.controls.map((control) => control.start);
      const rows = data.controls.map((c, i) => (c.kind === "time" ? "" : this.control(c, i)));
      place.replaceChildren(make("div", { className: "both" },
        make("div", { className: "asks" }, ...this.question(), ...rows, this.buttons()),
        make("div", { className: "shows" }, ...this.player(), ...this.pictures(), ...this.below())));
      this.show();
      this.keep();
      if (data.size) this.panels();
    }

    question() {
      const asked = this.data.predict;
      if (!asked) return [];
      const said = make("p", { className: "said", ariaLive: "polite" });
      const choose = (option) => {
        const before = memory.read(`soilnb:${this.name}`) ?? {};
        const { question, answer } = asked;
        const first = { expected: option, when: new Date().toISOString() };
        memory.write(`soilnb:${this.name}`, { ...first, ...before, question, answer, now: option });
        this.chosen = option;
        const expected = make("em", {}, option);
        const save = make("button", { type: "button", className: "plain", onclick: savePredictions },
          "Save my predictions");
        said.replaceChildren(make("b", {}, "Observe. "), "You expect: ", expected,
          `. ${asked.observe} `, save);
        this.explain();
      };
      const radio = (option) => make("label", {}, make("input", {
        type: "radio", name: `${this.name}-predict`, value: option, onchange: () => choose(option),
      }), ` ${option}`);
      const title = make("legend", {}, make("b", {}, "Predict. "), asked.question);
      return [make("fieldset", {}, title, ...asked.options.map(radio)), said];
    }

    control(control, i) {
      const id = `${this.name}-${control.name}`;
      const label = make("label", { htmlFor: id }, control.label);
      if (control.kind === "choice") {
        const options = control.texts.map((text, k) => make("option", { value: k }, text));
        control.input = make("select", { id, onchange: () => this.move(i, true) }, ...options);
        control.output = "";
      } else {
        control.input = make("input", {
          id, type: "range", min: 0, max: control.stops.length - 1, step: 1,
          oninput: () => this.move(i, false), onchange: () => (this.moving = false),
        });
        control.output = make("output", { htmlFor: id });
      }
      control.input.value = control.start;
      return make("div", { className: "control" }, label, control.input, control.output);
    }

    // Soils that were stepped: play, step, speed, and a slider over the steps that were kept.
    player() {
      const i = this.data.controls.findIndex((control) => control.kind === "time");
      if (i < 0) return [];
      const control = this.data.controls[i];
      const row = this.control(control, i);
      const last = control.stops.length - 1;
      const step = () => {
        control.input.value = (Number(control.input.value) + 1) % (last + 1);
        this.move(i, true);
      };
      const play = make("button", { type: "button" }, "Play");
      const speed = make("select", { ariaLabel: "Speed" });
      for (const [word, wait] of [["slow", 800], ["normal", 300], ["fast", 100]]) {
        speed.append(make("option", { value: wait, selected: word === "normal" }, word));
      }
      const tick = () => {
        if (Number(control.input.value) === last) return stop();
        step();
        this.timer = setTimeout(tick, Number(speed.value));
      };
      const stop = () => {
        clearTimeout(this.timer);
        this.timer = 0;
        play.textContent = "Play";
      };
      this.stop = stop;
      play.onclick = () => {
        if (this.timer) return stop();
        if (Number(control.input.value) === last) control.input.value = 0;
        play.textContent = "Pause";
        this.timer = setTimeout(tick, 0);
      };
      const once = make("button", { type: "button", onclick: step }, "Step");
      return [make("div", { className: "player" }, play, once, speed, row)];
    }

    buttons() {
      const reset = make("button", { type: "button", onclick: () => this.reset() }, "Reset");
      if (!this.data.size) return make("div", { className: "buttons" }, reset);
      this.pin = make("input", { type: "checkbox" });
      const pin = make("label", {}, this.pin, " keep the pale state");
      return make("div", { className: "buttons" }, reset, pin);
    }

    // What colours mean, and the state that stays beside the one that moves, each where there is one.
    pictures() {
      const { beside, legend, size } = this.data;
      const colours = make("div", { className: "legend", innerHTML: legend ?? "" });
      if (!beside || size) return [this.canvas(), ...(legend ? [colours] : [])];
      this.other = make("img", { alt: "", className: "voxels" });
      const kept = make("div", { className: "kept" }, make("small", {}, "Kept:"), this.other);
      return [make("div", { className: "pair" }, kept, this.canvas()), colours];
    }

    // A drawing that is kept from the start stays as the pale state.
    keep() {
      const { beside, size, states } = this.data;
      if (!beside || !size) return;
      this.pin.checked = true;
      this.ghost = this.text(states[beside.join(",")][1]);
      this.show();
    }

    canvas() {
      this.frame = make("div", { className: "picture", role: "img", tabIndex: 0 });
      if (this.data.size) {
        const [width, height] = this.data.size;
        this.frame.innerHTML = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">`
          + `<g id="${this.name}-all"><g class="ground"></g><g class="ghost"></g>`
          + '<g class="layer"></g></g></svg>';
        this.layers = Object.fromEntries(["ground", "ghost", "layer"].map((part) =>
          [part, this.frame.querySelector(`.${part}`)]));
      } else this.frame.append(this.image = make("img", { alt: "", className: "voxels" }));
      return this.frame;
    }

    // On a narrow page panels that stand side by side stand one below the other: the same drawing
    // again for each, cut where no panel and no text is. One without words on its left gets those
    // of the first. What explains all of them, over or under them, stays whole.
    panels() {
      const [width, height] = this.data.size;
      const { a: scale, e: left, f: over } = this.layers.ground.ownerSVGElement.getScreenCTM();
      const span = (part) => {
        const box = part.getBoundingClientRect();
        return [(box.left - left) / scale, (box.right - left) / scale];
      };
      const high = (part) => {
        const box = part.getBoundingClientRect();
        return [(box.top - over) / scale, (box.bottom - over) / scale];
      };
      const all = [...this.frame.querySelectorAll(".ground :is([id^=axes_], [id^=panel-])")];
      // A colour bar is no panel: it stays at its map.
      const wide = ([start, stop]) => stop - start > 0.1 * width;
      const axes = all.filter((one) => wide(span(one)));
      const places = axes.map(span);
      const top = Math.min(...all.map((one) => high(one)[0]));
      const low = Math.max(...all.map((one) => high(one)[1]));
      const legends = [...this.frame.querySelectorAll(".ground > g > [id^=legend_]")];
      const above = legends.filter((one) => high(one)[1] <= top);
      const below = legends.filter((one) => high(one)[0] >= low);
      const shared = [...above, ...below];
      const words = [...this.frame.querySelectorAll("text")];
      const own = words.filter((one) => !shared.some((legend) => legend.contains(one)));
      const taken = [...all, ...own].map(span);
      const cuts = [0];
      const slack = 0.01 * width; // a letter may be wider on a screen than where it was drawn
      for (const next of places.map((place) => place[0]).sort((a, b) => a - b)) {
        const before = taken.slice(0, all.length).filter(([start]) => start < next);
        const cut = (Math.max(0, ...before.map((place) => place[1])) + next) / 2;
        const free = cut < next + slack
          && taken.every(([start, stop]) => start >= cut - slack || stop <= cut + slack);
        if (free && cut - cuts.at(-1) > 0.2 * width && cut < 0.8 * width) cuts.push(cut);
      }
      if (cuts.length === 1) return;
      const ticks = [...axes[0].querySelectorAll("[id^=ytick_] text")].map(span);
      const numbers = 1 + Math.max(...ticks.map((place) => place[1]));
      const rows = [
        Math.max(0, ...above.map((one) => high(one)[1])),
        Math.min(height, ...below.map((one) => high(one)[0])),
      ];
      const piece = ([from, to], [begin, end] = rows, most = "none") => {
        const box = `viewBox="${from} ${begin} ${to - from} ${end - begin}"`;
        const style = `style="flex: ${to - from} 0 0; max-width: ${most}"`;
        return `<svg ${box} ${style} aria-hidden="true"><use href="#${this.name}-all"/></svg>`;
      };
      const has = (from, to) => !ticks.length || axes.some((one, i) => places[i][0] >= from - slack
        && places[i][1] <= to + slack && one.querySelector("[id^=ytick_] text"));
      const panel = (from, to) => (has(from, to) ? [[from, to]] : [[0, numbers], [from, to]]);
      const legend = (one) => {
        const [[start, stop], [begin, end]] = [span(one), high(one)];
        return [piece([start - 2, stop + 2], [begin - 2, end + 2], `${1.33 * (stop - start)}px`)];
      };
      const shown = (kind, some) => some.map((part) => `<div class="${kind}">${part.join("")}</div>`);
      const panels = cuts.map((cut, k) => panel(cut, cuts[k + 1] ?? width));
      const parts = [ // measured before the drawing loses its size
        ...shown("panel shared", above.map(legend)),
        ...shown("panel", panels.map((part) => part.map((one) => piece(one)))),
        ...shown("panel shared", below.map(legend)),
      ];
      this.frame.classList.add("panels");
      this.frame.insertAdjacentHTML("beforeend", parts.join(""));
    }

    below() {
      this.words = make("p", { className: "words", ariaLive: "polite" });
      this.note = make("p", { className: "note" });
      this.why = make("details", { hidden: true, open: true }, make("summary", {}, "Explain"));
      this.verdict = make("p", { className: "verdict", ariaLive: "polite" });
      this.why.append(this.verdict, make("p", {}, this.data.predict?.explain ?? ""));
      return [this.words, this.note, this.why];
    }

    move(i, whole) {
      if (!this.moving && !this.pin?.checked) this.ghost = this.layer;
      this.moving = !whole;
      this.at[i] = Number(this.data.controls[i].input.value);
      this.moved = true;
      this.show();
      this.explain();
    }

    reset() {
      this.stop?.();
      this.data.controls.forEach((control, i) => {
        control.input.value = this.at[i] = control.start;
      });
      this.ghost = "";
      this.show();
      this.keep();
    }

    // The state of these stops, or the nearest one that was computed.
    find() {
      const states = this.data.states;
      const wanted = this.at.join(",");
      if (wanted in states) return wanted;
      const away = (key) => key.split(",").reduce((sum, k, i) => sum + (k - this.at[i]) ** 2, 0);
      return Object.keys(states).reduce((best, key) => (away(key) < away(best) ? key : best));
    }

    text(number) {
      return this.data.pictures[number].map((line) => this.data.lines[line]).join("\n");
    }

    show() {
      this.data.controls.forEach((control, i) => {
        const text = control.texts[this.at[i]];
        if (control.output) control.output.textContent = text;
        if (control.output) control.input.setAttribute("aria-valuetext", text);
      });
      const key = this.find();
      const state = this.data.states[key];
      let words = state.at(-1);
      if (this.other) {
        const [image, said] = this.data.states[[...this.data.beside, this.at.at(-1)].join(",")];
        this.other.src = this.data.images[image];
        this.other.alt = `Kept: ${said}`;
        words += ` Kept beside it: ${said.replace(/^[^:]*: /, "")}`;
      }
      if (state.length > 1 && this.data.size) this.draw(state);
      else if (state.length > 1) this.image.src = this.data.images[state[0]];
      this.frame.classList.toggle("none", state.length === 1);
      this.frame.setAttribute("aria-label", words);
      this.words.textContent = words;
      this.note.textContent = this.shown(key);
    }

    draw(state) {
      const { ground, ghost, layer } = this.layers;
      if (this.ground !== state[0]) {
        ground.innerHTML = this.text(state[0]);
        this.ghost = ""; // other axes: the ghost would lie
      }
      this.ground = state[0];
      this.layer = this.text(state[1]);
      ghost.innerHTML = this.ghost ?? "";
      layer.innerHTML = this.layer;
    }

    shown(key) {
      const at = key.split(",").map(Number);
      const named = this.data.controls.map((c, i) => `${c.label}: ${c.texts[at[i]]}`).join("; ");
      const nearest = key === this.at.join(",") ? "" : `Shown is the nearest state, ${named}. `;
      const others = this.data.others ? ` (more controls there: ${this.data.others})` : "";
      return `${nearest}Computed when this page was made; for every value in between, run the `
        + `notebook${others}.`;
    }

    explain() {
      if (!this.moved || !this.chosen) return;
      const { answer } = this.data.predict;
      const came = answer ? `It turned out: ${answer}.` : "Read under the picture what it did.";
      this.why.hidden = false;
      this.verdict.textContent = `You expected: ${this.chosen}. ${came}`;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".soilnb-explorer")) {
      const data = (window.soilnbExplorers ?? {})[place.dataset.explorer];
      if (data) new Explorer(place, place.dataset.explorer, data);
    }
  });
})();
