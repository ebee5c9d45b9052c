// All numbers of one neuron: its bias and the weights that come to it, with gradients and updates.

import { element, setChildren } from "./dom.js";
import { formatCount } from "./format.js";
import { biasName, parameterNumbers, parameterPlace, unitName, weightName } from "./network_words.js";

const TABLE_ROWS = 64;

/**
 * Make the table; it is hidden until a neuron is chosen.
 * @param {{onInspect: Function, canInspect: () => boolean, onClose: () => void}} listeners
 */
export function createNetworkTable({ onInspect, canInspect, onClose }) {
  const title = element("h3");
  const body = element("tbody");
  const more = element("p", { class: "muted small" });
  const heads = ["parameter", "from", "value", "gradient", "next update"].map((head, at) =>
    element("th", { scope: "col", class: at > 1 && "number" }, head),
  );
  const node = element(
    "div",
    { hidden: true, keydown: (event) => event.key === "Escape" && onClose() },
    element("div", { class: "row small" }, title, element("button", { type: "button", click: onClose }, "Close")),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of the chosen neuron" },
      element(
        "table",
        { class: "small" },
        element("thead", {}, element("tr", {}, ...heads)),
        body,
      ),
    ),
    more,
  );
  let shown = null; // which rows are there
  let rows = []; // [place in a row of parameters, its three cells]

  function lay(cell, run) {
    const sources = run.layers[cell.layer - 1].fan_in;
    const bias = parameterPlace(run, cell);
    const entries = Array.from({ length: Math.min(sources, TABLE_ROWS) }, (_, source) => ({
      name: weightName(cell, source),
      from: unitName({ layer: cell.layer - 1, unit: source }, run),
      place: parameterPlace(run, cell, source),
    }));
    if (bias !== null) entries.push({ name: biasName(cell), from: "bias", place: bias });
    rows = entries.map(({ place }) => [place, [0, 1, 2].map(() => element("td", { class: "number" }))]);
    title.textContent = `Into ${unitName(cell, run)}`;
    more.textContent = sources > TABLE_ROWS ? `The first ${TABLE_ROWS} of ${formatCount(sources)} weights.` : "";
    setChildren(
      body,
      ...entries.map(({ name, from }, at) =>
        element("tr", {}, element("th", { scope: "row" }, inspectable(name)), element("td", {}, from), ...rows[at][1]),
      ),
    );
  }

  function inspectable(name) {
    if (!canInspect()) return name;
    const title = "Its paths to the loss";
    return element("button", { type: "button", title, click: () => onInspect(name) }, name);
  }

  return {
    node,
    /** Show the numbers of a cell at a moment; hide them without a cell. */
    show(cell, run, moment) {
      node.hidden = !cell;
      if (!cell) {
        shown = null;
        return;
      }
      const key = `${cell.layer}:${cell.unit}:${run.widths}`;
      if (key !== shown) lay(cell, run);
      shown = key;
      for (const [place, cells] of rows) {
        parameterNumbers(place, moment).forEach((text, at) => {
          if (cells[at].textContent !== text) cells[at].textContent = text;
        });
      }
    },
  };
}
