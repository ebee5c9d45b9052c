// A menu at each figure of the page that saves it, as SVG or as PNG.

import { buttonElement, element } from "./dom.js";
import { pictureOf, pngOf } from "./picture.js";
import { saveFile } from "./save_file.js";

/** Give every figure inside `root` a menu, those too that come later. */
export function addFigureMenus(root) {
  const fill = () => {
    for (const figure of root.querySelectorAll("figure")) {
      const drawn = figure.querySelector("svg, canvas, td");
      if (drawn && !figure.querySelector(":scope > .save")) figure.append(createFigureMenu(figure));
    }
  };
  new MutationObserver(fill).observe(root, { childList: true, subtree: true });
  fill();
}

function createFigureMenu(figure) {
  const save = async (ending, made) => saveFile(`${figureName(figure)}.${ending}`, await made);
  const svg = () => save("svg", new Blob([pictureOf(figure).text], { type: "image/svg+xml" }));
  const png = () => save("png", pngOf(pictureOf(figure)));
  return element(
    "details",
    { class: "save small" },
    element("summary", { "aria-label": `Save: ${figureTitle(figure)}` }, "Save"),
    element("span", { class: "row" }, buttonElement("SVG", svg), buttonElement("PNG", png)),
  );
}

function figureTitle(figure) {
  const named = figure.querySelector("figcaption, caption, svg > title")?.textContent;
  return named || figure.querySelector("[aria-label]")?.getAttribute("aria-label") || "picture";
}

/** "Loss of all runs, on a log scale" becomes "loss-of-all-runs". */
function figureName(figure) {
  const [first] = figureTitle(figure).split(/[,:;.(]/);
  return (first.toLowerCase().match(/[a-z0-9]+/g) ?? ["picture"]).join("-").slice(0, 40);
}
