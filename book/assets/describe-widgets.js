// Give the widgets' pictures and slider handles the names that screen readers need: the widget
// manager draws both without one. A picture is described by the line of text that follows it,
// a handle by the label in front of its slider.
"use strict";
(() => {
  const text = (element) => (element ? element.textContent.trim().replace(/\s+/g, " ") : "");

  const describePicture = (picture) => {
    const words = text(picture.nextElementSibling);
    picture.alt = words || "Picture drawn by the controls above it";
  };

  const nameHandle = (handle) => {
    const slider = handle.closest(".widget-slider");
    const own = slider && slider.querySelector(".widget-label");
    const label = text(own) || text(slider && slider.previousElementSibling);
    if (label) handle.setAttribute("aria-label", label);
  };

  const describeAll = () => {
    document.querySelectorAll("img.widget-image").forEach(describePicture);
    document.querySelectorAll(".noUi-handle:not([aria-label])").forEach(nameHandle);
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector('script[type="application/vnd.jupyter.widget-view+json"]')) return;
    let due = 0;
    const watch = new MutationObserver(() => {
      clearTimeout(due);
      due = setTimeout(describeAll, 100);
    });
    watch.observe(document.body, { childList: true, subtree: true });
    describeAll();
  });
})();
