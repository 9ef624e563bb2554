// Films on a page (soilnb/figures/films.py): shows the pictures that fit the page, and starts a
// film that is marked for it while it is seen, unless the reader wants less motion.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const films = [...document.querySelectorAll(".soilnb-film")];
  const show = () => films.forEach((film) => film.querySelector("input").oninput());
  show();
  new MutationObserver(show).observe(document.documentElement,
    { attributes: true, attributeFilter: ["data-theme"] });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const start = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      start.unobserve(target);
      if (!target.timer) target.querySelector("button").click();
    }
  });
  films.filter((film) => "start" in film.dataset).forEach((film) => start.observe(film));
});
