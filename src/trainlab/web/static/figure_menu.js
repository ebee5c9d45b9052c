// A menu at each figure of the page that saves it, as SVG or as PNG.

import { element } from "./dom.js";
import { pictureOf, pngOf } from "./picture.js";
import { saveFile } from "./save_file.js";

/** Give every figure inside `root` a menu, those too that come later. */
export function addFigureMenus(root) {
  const fill = () => {
    for (const figure of root.querySelectorAll("figure")) {
      const drawn = figure.querySelector("svg, canvas");
      if (drawn && !figure.querySelector(":scope > .save")) figure.append(createFigureMenu(figure));
    }
  };
  new MutationObserver(fill).observe(root, { childList: true, subtree: true });
  fill();
}

function createFigureMenu(figure) {
  const save = (ending, make) =>
    element("button", { type: "button", click: async () => saveFile(`${figureName(figure)}.${ending}`, await make()) }, ending.toUpperCase());
  return element(
    "details",
    { class: "save small" },
    element("summary", { "aria-label": `Save: ${figureTitle(figure)}` }, "Save"),
    element(
      "span",
      { class: "row" },
      save("svg", async () => new Blob([pictureOf(figure).text], { type: "image/svg+xml" })),
      save("png", () => pngOf(pictureOf(figure))),
    ),
  );
}

function figureTitle(figure) {
  const told = figure.querySelector("figcaption, svg > title")?.textContent;
  return told || figure.getAttribute("aria-label") || figure.querySelector("[aria-label]")?.getAttribute("aria-label") || "picture";
}

/** "Loss of all runs" becomes "loss-of-all-runs". */
function figureName(figure) {
  const words = figureTitle(figure).toLowerCase().match(/[a-z0-9]+/g) ?? ["picture"];
  return words.join("-").slice(0, 60);
}
