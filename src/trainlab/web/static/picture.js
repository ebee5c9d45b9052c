// A figure of the page as a picture that stands alone: one SVG with colours and fonts in it, or a PNG.

import { svgElement } from "./dom.js";

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
export function pictureOf(figure) {
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
export async function pngOf({ text, width, height }) {
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
