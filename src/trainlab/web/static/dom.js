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
