// What a network's colours, widths and dashes mean.

import { element } from "./dom.js";
import { formatNumber } from "./format.js";

/** Make the legend; `show` brings it up to date. */
export function createNetworkLegend() {
  const line = (kind) => element("i", { class: `line ${kind}` });
  const shades = () => element("i", { class: "shades" });
  const texts = Array.from({ length: 5 }, () => element("span"));
  const [means, small, large, low, high] = texts;
  const row = (...parts) => element("span", { class: "row" }, ...parts);
  const node = element(
    "div",
    { class: "legend small" },
    row(line("plus"), "positive", line("minus"), "negative", line("none"), "0, or not a number"),
    row(means, line("plus thin"), small, line("plus thick"), large),
    row("neurons: below 0", shades(), "above 0; answer:", low, shades(), high),
  );
  return {
    node,
    /** Tell what edges carry, by its scale, and from where to where the answer's colours go. */
    show(carried, scale, { gradients, low: least, high: most, ended, broken }) {
      const says = {
        parameters: "weights; biases are the bars below neurons:",
        gradient: `∂L/∂w over ${gradients === "step" ? "the next step's examples" : "all examples"}, on a log scale:`,
        update: ended ? "no update, for the run has ended" : "what the next step adds, on a log scale:",
      };
      const ends = [scale.middle, scale.top, least, most].map((each) => formatNumber(each));
      if (broken) ends[3] += "; grey: not a number";
      [says[carried], ...ends].forEach((text, place) => {
        if (texts[place].textContent !== text) texts[place].textContent = text;
      });
    },
  };
}
