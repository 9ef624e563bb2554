// Loaded on pages with widgets, after require.js and before the widget manager.
"use strict";
(() => {
  // The manager looks for its icon fonts where it believes its own modules to be.
  const place = new URL("widgets/", document.currentScript.src).href;
  requirejs.config({
    paths: {
      "@jupyter-widgets": place.replace(/\/$/, ""),
      "@jupyter-widgets/html-manager/dist": place.replace(/\/$/, ""),
    },
  });
  window.__jupyter_widgets_assets_path__ = place;

  // The manager speaks to MathJax 2; hand its requests to the MathJax 3 of the page.
  const typeset = ([, , element]) =>
    MathJax.startup.promise.then(() => MathJax.typesetPromise([element]));
  document.addEventListener("DOMContentLoaded", () => {
    if (window.MathJax && !MathJax.Hub) MathJax.Hub = { Queue: typeset };
  });
})();
