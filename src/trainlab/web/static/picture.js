// A figure of the page as a picture that stands alone: one SVG with colours and fonts in it, or a PNG.

import { svgElement } from "./dom.js";

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
 * Return all drawings of a figure as one SVG: its text, width and height. HTML between them is left out.
 * @param {HTMLElement} figure
 * @returns {{text: string, width: number, height: number}}
 */
export function pictureOf(figure) {
  const around = figure.getBoundingClientRect();
  const caption = figure.querySelector("figcaption");
  const drawn = [...figure.querySelectorAll("svg, canvas")].filter(isPictureOutermost);
  const boxes = drawn.map((each) => each.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(
    ...boxes.map((box) => box.top),
    caption ? caption.getBoundingClientRect().top : around.bottom,
  );
  const width = Math.ceil(Math.max(...boxes.map((box) => box.right)) - left) + 2 * PICTURE_MARGIN;
  const height = Math.ceil(Math.max(...boxes.map((box) => box.bottom)) - top) + 2 * PICTURE_MARGIN;
  const picture = svgElement(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    svgElement("rect", { width, height, fill: pictureBackground(figure) }),
    caption && pictureCaption(caption, left, top),
    ...drawn.map((each, place) => {
      const box = boxes[place];
      const at = {
        x: box.left - left + PICTURE_MARGIN,
        y: box.top - top + PICTURE_MARGIN,
        width: box.width,
        height: box.height,
      };
      return each instanceof HTMLCanvasElement ? pictureImage(each, at) : pictureCopy(each, at);
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

function isPictureOutermost(drawing) {
  const { width, height } = drawing.getBoundingClientRect();
  return width > 0 && height > 0 && !drawing.parentElement.closest("svg");
}

function pictureBackground(node) {
  for (let at = node; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor !== "rgba(0, 0, 0, 0)" && backgroundColor !== "transparent")
      return backgroundColor;
  }
  return "white";
}

function pictureCaption(caption, left, top) {
  const box = caption.getBoundingClientRect();
  const { color, fontFamily, fontSize } = getComputedStyle(caption);
  return svgElement(
    "text",
    {
      x: Math.max(box.left - left, 0) + PICTURE_MARGIN,
      y: box.top - top + PICTURE_MARGIN + parseFloat(fontSize),
      fill: color,
      "font-family": fontFamily,
      "font-size": fontSize,
    },
    caption.textContent,
  );
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
