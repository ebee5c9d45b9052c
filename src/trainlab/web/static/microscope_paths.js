// Every path from a weight to the loss with its factors multiplied out, their sum beside the derivative computed
// in other ways, and what the optimizer makes of it.

import { element, setChildren } from "./dom.js";
import { scopeNumber } from "./microscope_steps.js";

const SCOPE_CHECKS = [
  ["paths", "Sum over all paths"],
  ["backward", "Backward pass"],
  ["autograd", "PyTorch's autograd"],
  ["central_difference", "Finite difference"],
];

/**
 * Make the tables; `onPath(names)` is told what lies on the path that is pointed at, [] if none is.
 * @param {{onPath: (names: string[]) => void}} listeners
 */
export function createScopePaths({ onPath }) {
  const title = element("h3");
  const body = element("tbody");
  const more = element("div", { class: "small" });
  const checks = element("tbody");
  const update = element("div");
  const node = element(
    "div",
    {},
    title,
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Paths" },
      element("table", { class: "small" }, scopeHead("Path", "Factors", "Product"), body),
    ),
    more,
    element("h3", {}, "The same derivative by other ways"),
    element("table", { class: "small" }, checks),
    element("h3", {}, "What the optimizer makes of it"),
    update,
  );

  function pathRow({ through, factors, product }) {
    const numbers = factors.map(({ value }) => (value < 0 ? `(${scopeNumber(value)})` : scopeNumber(value)));
    const told = factors.map(({ derivative, formula, value }) => `${derivative} = ${formula} = ${scopeNumber(value)}`);
    const names = [...through, ...factors.map(({ formula }) => formula)];
    const [begin, end] = [() => onPath(names), () => onPath([])];
    return element(
      "tr",
      { tabindex: "0", title: told.join("\n"), focus: begin, blur: end, mouseenter: begin, mouseleave: end },
      element("td", {}, through.join(" → ")),
      element("td", {}, numbers.join(" · ")),
      element("td", { class: "number" }, scopeNumber(product)),
    );
  }

  return {
    node,
    /** Show what the answer says of the weight. */
    show({ weight, paths, checks: found, made, text }) {
      title.textContent = `Every path from ${weight} to the loss: ${paths.count_text}`;
      setChildren(
        body,
        ...paths.listed.map(pathRow),
        element("tr", {}, element("th", { colspan: 2, scope: "row" }, "Sum over all paths"), element("td", { class: "number" }, scopeNumber(paths.sum))),
      );
      setChildren(more, ...text.map((words) => element("p", {}, words)));
      const rows = SCOPE_CHECKS.filter(([name]) => typeof found[name] === "number");
      setChildren(
        checks,
        ...rows.map(([name, words]) =>
          element("tr", {}, element("th", { scope: "row" }, words), element("td", { class: "number" }, String(found[name]).replace("-", "−"))),
        ),
      );
      const ended = element("p", {}, "The run has ended: there is no next step.");
      setChildren(update, ...(made ? [element("p", {}, made.sentence), element("p", {}, element("code", {}, made.formula))] : [ended]));
    },
  };
}

function scopeHead(...titles) {
  return element("thead", {}, element("tr", {}, ...titles.map((words) => element("th", { scope: "col" }, words))));
}
