// Every path from a weight to the loss with its factors multiplied out, their sum beside the derivative
// computed in other ways, and what the optimizer makes of it.

import { element, setChildren, tableElement, tableRow } from "./dom.js";
import { bracketed, scopeNumber } from "./microscope_steps.js";

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
  const rows = element("tbody");
  const text = element("div", { class: "small" });
  const checks = element("tbody");
  const made = element("p");
  const formula = element("code");
  const scroll = { class: "scroll paths", tabindex: "0", role: "region", "aria-label": "Paths" };

  function pathRow({ through, factors, product }) {
    const begin = () => onPath([...through, ...factors.map((factor) => factor.formula)]);
    const end = () => onPath([]);
    const told = factors.map(
      ({ derivative, formula: from, value }) => `${derivative} = ${from} = ${scopeNumber(value)}`,
    );
    return element(
      "tr",
      { tabindex: "0", focus: begin, blur: end, mouseenter: begin, mouseleave: end },
      element("td", {}, through.join(" → ")),
      element(
        "td",
        { title: told.join("\n") },
        factors.map(({ value }) => bracketed(value)).join(" · "),
      ),
      element("td", { class: "number" }, scopeNumber(product)),
    );
  }

  return {
    node: element(
      "div",
      {},
      title,
      element("div", scroll, tableElement(rows, "Path", "Factors", "Product")),
      text,
      element("h3", {}, "The same derivative by other ways"),
      tableElement(checks),
      element("h3", {}, "What the optimizer makes of it"),
      made,
      formula,
    ),
    /** Show what an answer says of its weight. */
    show(header) {
      const { paths } = header;
      const found = SCOPE_CHECKS.filter(([name]) => typeof header.checks[name] === "number");
      const all = tableRow("Sum over all paths", "", scopeNumber(paths.sum));
      title.textContent = `Every path from ${header.weight} to the loss: ${paths.count_text}`;
      setChildren(rows, ...paths.listed.map(pathRow), all);
      setChildren(text, ...header.text.map((words) => element("p", {}, words)));
      setChildren(
        checks,
        // Every digit: they are to be compared.
        ...found.map(([name, words]) =>
          tableRow(words, String(header.checks[name]).replace("-", "−")),
        ),
      );
      made.textContent = header.made?.sentence ?? "The run has ended: there is no next step.";
      formula.textContent = header.made?.formula ?? "";
    },
  };
}
