// What the other scripts of this folder share.
"use strict";
window.soilnb = {
  // An element with its properties or attributes, and what is in it.
  make: (tag, settings = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(settings)) {
      if (name in element && name !== "form") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  },
};
