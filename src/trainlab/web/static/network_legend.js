// What a network's colours, widths and dashes mean.

import { element, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

const LEGEND_SAYS = {
  parameters: () => "weights and biases (bars below the neurons), as wide as they are large",
  gradient: (of) => `∂L/∂w over ${of === "step" ? "the examples of the next step" : "all examples"}, on a log scale`,
  update: () => "what the next step adds, on a log scale",
};

const LEGEND_ENDED = "no update: the run has ended";

/** Make the legend; `show` brings it up to date. */
export function createNetworkLegend() {
  const positive = legendLine("var(--tl-s1)", null);
  const negative = legendLine("var(--tl-s2)", "7 4");
  const small = element("span");
  const large = element("span");
  const means = element("span");
  const low = element("span");
  const high = element("span");
  const grey = element("span", { hidden: true }, "; grey: not a number");
  const node = element(
    "div",
    { class: "legend small" },
    element("span", { class: "row" }, positive.node, "positive", negative.node, "negative", means),
    element("span", { class: "row" }, positive.thin(2.5), small, positive.thin(7), large, "dotted: 0"),
    element(
      "span",
      { class: "row" },
      "neurons: below 0",
      element("i", { class: "shades" }),
      "above 0; answer:",
      low,
      element("i", { class: "shades" }),
      high,
      grey,
    ),
  );
  return {
    node,
    /** Tell the meaning of edges that carry something, by its scale, and of the answer's colours. */
    show({ carried, scale, gradients, targets, ended, broken }) {
      grey.hidden = !broken;
      const texts = [
        [small, formatNumber(scale.middle)],
        [large, formatNumber(scale.top)],
        [means, carried === "update" && ended ? LEGEND_ENDED : LEGEND_SAYS[carried](gradients)],
        [low, formatNumber(targets.low)],
        [high, formatNumber(targets.high)],
      ];
      for (const [span, text] of texts) if (span.textContent !== text) setChildren(span, text);
    },
  };
}

function legendLine(stroke, dashes) {
  const line = (width) =>
    svgElement(
      "svg",
      { width: 34, height: 10, "aria-hidden": "true" },
      svgElement("path", { d: "M1,5H33", stroke, "stroke-width": width, "stroke-dasharray": dashes }),
    );
  return { node: line(4), thin: line };
}
