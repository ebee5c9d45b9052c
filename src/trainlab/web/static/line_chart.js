// A curve with a band around it, on axes; as wide as there is room, in units of pixels, so that text
// is as large as elsewhere.

import { chartScale } from "./chart_scale.js";
import { setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

const CHART = { least: 300, height: 280, left: 52, right: 14, top: 26, bottom: 44 };

/**
 * Return a chart: `node`, `marks` (a group above the curve), and functions.
 * @param {Record<string, unknown>} attributes of the picture
 * @param {() => void} draw called when there is more or less room
 */
export function createLineChart(attributes, draw) {
  const frame = svgElement("g");
  const band = svgElement("path", { fill: "var(--tl-s1)", opacity: 0.25 });
  const line = svgElement("path", { fill: "none", stroke: "var(--tl-s1)", "stroke-width": 2 });
  const marks = svgElement("g");
  const node = svgElement("svg", { class: "line-chart", ...attributes }, frame, band, line, marks);
  const [floor, roof] = [CHART.height - CHART.bottom, CHART.top];
  let width = CHART.least;
  let x = null;

  new ResizeObserver(draw).observe(node);
  return {
    node,
    marks,
    /** The value across that an event points at. */
    across(event) {
      const box = node.getBoundingClientRect();
      return x.value(((event.clientX - box.left) / box.width) * width);
    },
    /** The path of a line up at a value. */
    upright: (value, from = roof) => `M${x.place(value)},${from}V${floor}`,
    /** The outline of all between two values. */
    between: (from, to) => `M${x.place(from)},${roof}V${floor}H${x.place(to)}V${roof}Z`,
    /** Where a value lies: across, and the height of the floor. */
    foot: (value) => [x.place(value), floor],
    /** Draw `ys` over `xs`, between `lows` and `highs` where there are any, on the axes `across` and `up`. */
    paint({ across, up, xs, ys, lows = [], highs = [], label }) {
      width = Math.max(node.clientWidth, CHART.least);
      const right = width - CHART.right;
      x = chartScale({ ...across, from: CHART.left, to: right });
      const y = chartScale({ ...up, from: floor, to: roof });
      const points = (values) =>
        Array.from(values, (value, at) => [x.place(xs[at]), y.place(value)]);
      const path = (places) =>
        places.map((each) => each.map((at) => at.toFixed(1)).join()).join("L");
      setAttributes(node, { viewBox: `0 0 ${width} ${CHART.height}` });
      setAttributes(line, { d: `M${path(points(ys))}` });
      const around = [...points(lows), ...points(highs).reverse()];
      setAttributes(band, { d: around.length ? `M${path(around)}Z` : "" });
      const write = (words, place, anchor) =>
        svgElement("text", { ...place, "text-anchor": anchor }, words);
      setChildren(
        frame,
        ...y.ticks.flatMap((value) => [
          svgElement("path", {
            d: `M${CHART.left},${y.place(value)}H${right}`,
            stroke: "var(--tl-grid)",
          }),
          write(formatNumber(value), { x: CHART.left - 6, y: y.place(value) + 4 }, "end"),
        ]),
        ...x.ticks.map((value) =>
          write(formatNumber(value), { x: x.place(value), y: floor + 16 }, "middle"),
        ),
        write(label, { x: CHART.left, y: floor + 32, class: "muted" }, "start"),
      );
      return right;
    },
  };
}
