// What can be taken away: the experiment as a file, and every figure as a picture.

import { openViewLane } from "./asking.js";
import { buttonElement, element, formatCount, saveFile, setAttributes, svgElement } from "./dom.js";
import { guessVeil } from "./guesses.js";

// A figure of the page as a picture that stands alone: one SVG with colours and fonts in it, or a PNG.

const PICTURE_PARTS = "figcaption, caption, th, td, svg, canvas";
const PICTURE_MARGIN = 8;
const PICTURE_SCALE = 2;
const PICTURE_STYLES = [
  [
    "fill",
    "stroke",
    "font-family",
    "font-size",
    "font-weight",
    "font-style",
    "text-anchor",
    "visibility",
  ],
  [
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "fill-opacity",
    "stroke-opacity",
  ],
  ["opacity", "dominant-baseline", "paint-order"],
].flat();
// Those that no part has from the one around it.
const PICTURE_START = { opacity: "1", "dominant-baseline": "auto" };

/**
 * Return a figure as one SVG: its text, width and height. Drawings, captions and tables are in it.
 * @param {HTMLElement} figure
 * @returns {{text: string, width: number, height: number}}
 */
function pictureOf(figure) {
  const parts = [...figure.querySelectorAll(PICTURE_PARTS)].filter(isPicturePart);
  const boxes = parts.map(pictureBox);
  const left = Math.min(...boxes.map((box) => box.left)) - PICTURE_MARGIN;
  const top = Math.min(...boxes.map((box) => box.top)) - PICTURE_MARGIN;
  const width = Math.ceil(Math.max(...boxes.map((box) => box.right)) - left) + PICTURE_MARGIN;
  const height = Math.ceil(Math.max(...boxes.map((box) => box.bottom)) - top) + PICTURE_MARGIN;
  const picture = svgElement(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    svgElement("rect", { width, height, fill: pictureBackground(figure) }),
    ...parts.map((part, place) => {
      const { left: x, top: y, width: across, height: down } = boxes[place];
      const at = { x: x - left, y: y - top, width: across, height: down };
      if (part.matches("canvas")) return pictureImage(part, at);
      return part.matches("svg") ? pictureCopy(part, at) : pictureWords(part, at, left, top);
    }),
  );
  return { text: new XMLSerializer().serializeToString(picture), width, height };
}

/**
 * Return a picture as PNG, at double size.
 * @param {{text: string, width: number, height: number}} picture
 * @returns {Promise<Blob>}
 */
async function pngOf({ text, width, height }) {
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const image = new Image(width, height);
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = PICTURE_SCALE * width;
  canvas.height = PICTURE_SCALE * height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function isPicturePart(part) {
  const { width, height } = part.getBoundingClientRect();
  return width > 0 && height > 0 && !part.parentElement.closest("svg");
}

/** Where a part lies; of a caption, which is as wide as the figure, its words. */
function pictureBox(part) {
  const range = document.createRange();
  range.selectNodeContents(part);
  return (part.matches("figcaption") ? range : part).getBoundingClientRect();
}

function pictureBackground(node) {
  for (let at = node; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!isPictureClear(backgroundColor)) return backgroundColor;
  }
  return "white";
}

function isPictureClear(colour) {
  return colour === "rgba(0, 0, 0, 0)" || colour === "transparent";
}

/** The words of a caption or a cell of a table, line by line where they stand, on its background. */
function pictureWords(part, at, left, top) {
  const looks = getComputedStyle(part);
  const size = parseFloat(looks.fontSize);
  const font = { fill: looks.color, "font-family": looks.fontFamily, "font-size": looks.fontSize };
  const upright = !looks.writingMode.startsWith("vertical");
  const written = pictureLines(part).map(({ words, box }) => {
    const x = box.left - left + (upright ? 0 : size / 4);
    const y = upright ? box.bottom - top - size / 4 : box.top - top;
    const transform = upright ? null : `rotate(90 ${x} ${y})`;
    return svgElement("text", { x, y, transform, ...font }, words);
  });
  const ground = looks.backgroundColor;
  const behind = isPictureClear(ground) ? null : svgElement("rect", { ...at, fill: ground });
  return svgElement("g", {}, behind, ...written);
}

/** The lines that the words of an element are broken into, each with the box of its first word. */
function pictureLines(part) {
  const lines = new Map();
  const range = document.createRange();
  const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    for (const { 0: word, index } of text.data.matchAll(/\S+\s*/g)) {
      range.setStart(text, index);
      range.setEnd(text, index + word.trimEnd().length);
      const box = range.getBoundingClientRect();
      const line = lines.get(Math.round(box.bottom)) ?? { words: "", box };
      line.words += word;
      lines.set(Math.round(box.bottom), line);
    }
  }
  return [...lines.values()];
}

function pictureImage(canvas, at) {
  const crisp = getComputedStyle(canvas).imageRendering === "pixelated";
  return svgElement("image", {
    ...at,
    href: canvas.toDataURL("image/png"),
    preserveAspectRatio: "none",
    style: crisp ? "image-rendering:pixelated" : null,
  });
}

/** A copy of a drawing at its place, each part with the looks that the page's styles give it. */
function pictureCopy(drawing, at) {
  const copy = drawing.cloneNode(true);
  const pairs = [drawing, ...drawing.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((part, place) => {
    const looks = getComputedStyle(pairs[place]);
    const around = place ? getComputedStyle(pairs[place].parentElement) : null;
    for (const name of PICTURE_STYLES) {
      const value = looks.getPropertyValue(name);
      const given = name in PICTURE_START ? PICTURE_START[name] : around?.getPropertyValue(name);
      part.removeAttribute(name);
      if (value !== given) part.setAttribute(name, value);
    }
    if (looks.display === "none") part.setAttribute("display", "none");
    for (const name of ["class", "tabindex", "style"]) part.removeAttribute(name);
  });
  for (const [name, value] of Object.entries(at)) copy.setAttribute(name, value);
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${at.width} ${at.height}`);
  return copy;
}

// A menu at each figure of the page that saves it, as SVG or as PNG.

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

// What is taken away: the experiment as a script, a study file, the answer's numbers or the report.

const TAKE_FORMS = {
  pytorch: "PyTorch script",
  toml: "Study file (TOML)",
  json: "Numbers (JSON)",
  html: "Report (HTML)",
};
const TAKE_PICTURES =
  "Every picture of the page has a menu “Save” below it: SVG, or PNG at double size.";
const TAKE_SHOWN = 20_000; // Characters; nobody reads on.
const TAKE_PAUSE = 300; // Files aren't made while a knob is dragged.

/**
 * Make the view.
 * @param {{state: object, ask: Function, listen: Function}} lab
 */
export function createTakeAwayView(lab) {
  const forms = Object.entries(TAKE_FORMS).map(([form, words]) => [
    form,
    buttonElement(words, () => lab.state.change({ form })),
  ]);
  const save = buttonElement("", () =>
    saveFile(file.name, new Blob([file.text], { type: file.type })),
  );
  const copy = buttonElement("Copy", copyText);
  const code = element("pre", {
    class: "code",
    tabindex: "0",
    role: "region",
    "aria-label": "File",
  });
  const lane = openViewLane(lab, "take-away", {
    body: element("div", {}, element("div", { class: "row" }, save, copy), code),
    take(header) {
      file = header;
      const left = file.text.length - TAKE_SHOWN;
      const more = left > 0 ? `\n… ${formatCount(left)} more characters` : "";
      save.textContent = `Save ${file.name} (${formatCount(new Blob([file.text]).size / 1000)} kB)`;
      code.textContent = file.text.slice(0, TAKE_SHOWN) + more;
    },
  });
  let file = null; // {name, type, text}

  async function copyText() {
    try {
      await navigator.clipboard.writeText(file.text);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => (copy.textContent = "Copy"), 2000);
  }

  return {
    name: "take-away",
    title: "Take away",
    node: element(
      "div",
      {},
      guessVeil(),
      element(
        "div",
        { class: "spoils" },
        element("div", { class: "row" }, ...forms.map(([, button]) => button)),
        lane.node,
        element("p", { class: "small muted" }, TAKE_PICTURES),
      ),
    ),
    show({ a, form, seed, first, seeds }) {
      for (const [name, button] of forms) {
        setAttributes(button, { "aria-pressed": String(name === form) });
      }
      // A script trains one run, the chosen one.
      const from = form === "pytorch" ? seed : first;
      lane.ask({ ask: "take-away", experiment: a, form, first_seed: from, seeds }, TAKE_PAUSE);
    },
  };
}
