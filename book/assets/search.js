// Under each page that a search finds: the words around the first place (soilnb/pipeline/pages).
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const { make } = window.soilnb;
  const place = document.getElementById("search-results");
  if (!place) return;
  const asked = new URLSearchParams(location.search).get("q") ?? "";
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);

  const excerpt = (text) => {
    const low = text.toLowerCase();
    const at = words.map((word) => low.indexOf(word)).filter((i) => i >= 0);
    if (!at.length) return null;
    const start = Math.max(0, Math.min(...at) - 80);
    const part = text.slice(start, start + 220);
    const found = make("p", { className: "soilnb-excerpt" }, start ? "… " : "");
    let rest = part;
    while (rest) {
      const next = words.map((word) => [rest.toLowerCase().indexOf(word), word.length])
        .filter(([i]) => i >= 0).sort(([a], [b]) => a - b)[0];
      if (!next) break;
      found.append(rest.slice(0, next[0]), make("mark", {}, rest.slice(next[0], next[0] + next[1])));
      rest = rest.slice(next[0] + next[1]);
    }
    found.append(rest, " …");
    return found;
  };

  const show = () => {
    for (const item of place.querySelectorAll("li:not([data-shown])")) {
      const link = item.querySelector("a");
      const name = link && new URL(link.href).pathname.split("/html/").at(-1)
        .replace(/^\//, "").replace(/\.html$/, "");
      const key = Object.keys(window.soilnb.excerpts).filter((k) => name?.endsWith(k))
        .sort((a, b) => b.length - a.length)[0];
      const found = key && excerpt(window.soilnb.excerpts[key]);
      item.dataset.shown = "";
      if (found) item.append(found);
    }
  };

  const script = make("script", { src: "_static/excerpts.js", onload: () => {
    show();
    new MutationObserver(show).observe(place, { childList: true, subtree: true });
  } });
  document.head.append(script);
});
