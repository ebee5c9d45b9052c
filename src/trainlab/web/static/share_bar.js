// A bar of the share solved, with its 95 % interval as a line across.

import { svgElement } from "./dom.js";
import { formatShare } from "./format.js";

/**
 * Make the bar: `show` takes the fields `k`, `n`, `low` and `high` of an answer.
 * @returns {{node: SVGElement, show: (answer: object) => void, hide: () => void}}
 */
export function createShareBar() {
  const share = svgElement("rect", { x: 0, y: 6, height: 10, fill: "var(--tl-good)" });
  const line = svgElement("path", { stroke: "var(--tl-text)", "stroke-width": 2, fill: "none" });
  const node = svgElement(
    "svg",
    { viewBox: "0 0 400 22", preserveAspectRatio: "none", class: "share", role: "img" },
    svgElement("rect", { x: 0, y: 6, width: 400, height: 10, fill: "var(--tl-grid)" }),
    share,
    line,
  );
  return {
    node,
    show({ k, n, low, high }) {
      node.style.visibility = "visible";
      share.setAttribute("width", (400 * k) / n);
      const [from, to] = [400 * low, 400 * high];
      line.setAttribute("d", `M${from},2V20M${to},2V20M${from},11H${to}`);
      node.setAttribute(
        "aria-label",
        `${formatShare(k / n)} solved, 95 % interval ${formatShare(low)} to ${formatShare(high)}`,
      );
    },
    hide() {
      node.style.visibility = "hidden";
    },
  };
}
