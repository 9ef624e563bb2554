// Tables that can be searched, filtered and sorted (soilnb/pipeline/pages/templates). Without this
// script they are shown whole.
"use strict";
(() => {
  const { make } = window.soilnb;
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  class Board {
    constructor(place) {
      Object.assign(this, { place, body: place.querySelector("tbody"), choices: {} });
      this.rows = [...this.body.rows].map((row) => ({
        row, words: plain(row.textContent), cases: [...row.querySelectorAll(".cases > li")],
      }));
      this.count = make("p", { className: "count", role: "status" });
      const tools = make("form", { className: "tools", role: "search",
        ariaLabel: `Search the ${place.dataset.noun}`, onsubmit: () => false });
      tools.append(this.search(), ...this.filters(), this.clear());
      place.prepend(tools, this.count);
      for (const heading of place.querySelectorAll("th[data-sort]")) this.sortable(heading);
      this.show();
    }

    search() {
      this.query = make("input", { type: "search", autocomplete: "off", oninput: () => this.show() });
      return make("label", {}, "Search ", this.query);
    }

    // One choice for each property that rows or their cases have; "a|b" is both of them.
    filters() {
      const asked = new URLSearchParams(location.search);
      return this.place.dataset.filters.split("|").map((pair) => {
        const [key, title] = pair.split(":");
        const marked = [...this.body.querySelectorAll(`[data-${key}]`)];
        const values = new Set(marked.flatMap((e) => e.dataset[key].split("|")).filter(Boolean));
        const select = make("select", { name: key, onchange: () => this.show() },
          make("option", { value: "" }, "all"),
          ...[...values].map((value) => make("option", { value }, value)));
        if (values.has(asked.get(key))) select.value = asked.get(key);
        this.choices[key] = select;
        return make("label", {}, `${title} `, select);
      });
    }

    clear() {
      const reset = () => {
        this.query.value = "";
        for (const select of Object.values(this.choices)) select.value = "";
        this.show();
      };
      return make("button", { type: "button", onclick: reset }, "Show all");
    }

    show() {
      const words = plain(this.query.value).split(/\s+/).filter(Boolean);
      const wanted = Object.entries(this.choices).filter(([, select]) => select.value);
      const fits = (element) => wanted.every(([key, select]) =>
        !(key in element.dataset) || element.dataset[key].split("|").includes(select.value));
      let shown = 0;
      for (const { row, words: text, cases } of this.rows) {
        const left = cases.filter((item) => {
          const fit = fits(item);
          item.classList.toggle("aside", !fit);
          return fit;
        });
        const show = fits(row) && (left.length || !cases.length)
          && words.every((word) => text.includes(word));
        row.hidden = !show;
        shown += show;
      }
      this.count.textContent = `${shown} of ${this.rows.length} ${this.place.dataset.noun}`;
    }

    sortable(heading) {
      const at = heading.cellIndex;
      const sort = () => {
        const down = heading.ariaSort === "ascending";
        for (const other of this.place.querySelectorAll("th")) other.removeAttribute("aria-sort");
        heading.ariaSort = down ? "descending" : "ascending";
        const value = (row) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
        const order = new Intl.Collator("en", { numeric: true });
        const number = (text) => (text.trim() === "" ? NaN : Number(text));
        const compare = (a, b) => {
          const [x, y] = [number(a), number(b)];
          if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
          return order.compare(a, b);
        };
        const sorted = [...this.body.rows].sort((a, b) => compare(value(a), value(b)));
        this.body.append(...(down ? sorted.reverse() : sorted));
      };
      heading.replaceChildren(
        make("button", { type: "button", onclick: sort }, heading.textContent.trim()));
    }
  }

  // A link to a row shows it, whatever is filtered or folded; one to a figure opens its claims.
  const reveal = () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    place.hidden = false;
    const around = place.closest("section");
    const next = place.closest("p")?.nextElementSibling ?? around?.nextElementSibling;
    const section = place.matches("span") && next?.matches("section") ? next : around;
    const own = section?.querySelector(":scope > details.soilnb-fold");
    if (own) own.open = true;
    for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    place.scrollIntoView({ block: place.matches("tr") ? "center" : "start" });
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".soilnb-board[data-filters]")) new Board(place);
    reveal();
    addEventListener("hashchange", reveal);
  });
})();
