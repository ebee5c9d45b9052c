// Elements of the page, numbers as it writes them, and files handed to the browser.

// Elements of the page, made from their name, attributes and children; text is only ever set as text.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * Return a new HTML element. Attributes that are functions listen to events ("click"), those that are
 * null or false are left out, true ones are set empty.
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  return fillElement(document.createElement(name), attributes, children);
}

/**
 * Return a new SVG element, as `element` does.
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {SVGElement}
 */
export function svgElement(name, attributes = {}, ...children) {
  return fillElement(document.createElementNS(SVG_NAMESPACE, name), attributes, children);
}

/** Return a button that calls `click`. */
export function buttonElement(words, click, attributes = {}) {
  return element("button", { type: "button", click, ...attributes }, words);
}

/** Return a small table of a body; `titles` head its columns, if there are any. */
export function tableElement(body, ...titles) {
  const heads = titles.map((words) => element("th", { scope: "col" }, words));
  const head = heads.length ? element("thead", {}, element("tr", {}, ...heads)) : null;
  return element("table", { class: "small" }, head, body);
}

/** Return a row of a table: a heading, then numbers as text. */
export function tableRow(heading, ...numbers) {
  const cells = numbers.map((words) => element("td", { class: "number" }, words));
  return element("tr", {}, element("th", { scope: "row" }, heading), ...cells);
}

/** Set attributes of an element that is there already; null takes one away. */
export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") target.addEventListener(name, value);
    else if (value === null || value === undefined || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? "" : String(value));
  }
  return target;
}

/** Put other children in the place of those that are there. */
export function setChildren(target, ...children) {
  target.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  return target;
}

/** Return the element that has the focus, seen from a node: in a notebook's cell it isn't the document's. */
export function focusSeenFrom(node) {
  return node.getRootNode().activeElement;
}

/** Return the place where `announce` says what there is to say to screen readers. */
export function createLiveRegion() {
  announce.region = element("div", { class: "unseen", role: "status", "aria-live": "polite" });
  return announce.region;
}

/** Say something to screen readers, once nothing new was said for half a second. */
export function announce(words) {
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => {
    if (announce.region && announce.region.textContent !== words) announce.region.textContent = words;
  }, 500);
}

function fillElement(made, attributes, children) {
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Numbers in words, as everywhere in trainlab: "1,024", "97 %", "2.4×10⁻⁹".

const FORMAT_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Return a whole number with commas. */
export function formatCount(value) {
  return Math.round(value).toLocaleString("en");
}

/** Return a share as a percentage; close to 0 and 1 one digit more, so that neither is said for less. */
export function formatShare(share) {
  const percent = 100 * share;
  const near = Math.min(percent, 100 - percent);
  return `${percent.toFixed(near > 0 && near < 1 ? 1 : 0)} %`;
}

/** Return a number with three significant digits, or as many as asked; far from 1 with a power of ten. */
export function formatNumber(value, significant = 3) {
  if (value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 0.001 && size < 100_000) {
    const digits = Math.max(0, significant - 1 - Math.floor(Math.log10(size)));
    return sign + Number(size.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: digits });
  }
  return sign + formatPower(size, significant - 2);
}

function formatPower(size, decimals) {
  const [mantissa, power] = size.toExponential(decimals).split("e");
  const raised = [...String(Math.abs(Number(power)))].map((digit) => FORMAT_RAISED[digit]).join("");
  const head = String(Number(mantissa));
  return `${head === "1" ? "" : `${head}×`}10${Number(power) < 0 ? "⁻" : ""}${raised}`;
}

// Files made on the page, handed to the browser as downloads.

/** Have the browser save a file. */
export function saveFile(name, blob) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
