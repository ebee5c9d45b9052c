// The range test as a picture: the loss while the rate climbs, and where the present rate lies.

import { chartAxes, chartBand, chartPath, chartScale } from "./chart_scale.js";
import { setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

const RANGE = { least: 300, height: 280, left: 52, right: 14, top: 26, bottom: 44 };
const RANGE_STEP = 1.1; // A press of an arrow key changes the rate by this factor.

/**
 * Return the picture; `onRate(rate)` gets the rate that was clicked, or moved to by the arrow keys.
 * @param {{onRate: (rate: number) => void}} listeners
 */
export function createRangeChart({ onRate }) {
  const frame = svgElement("g");
  const works = svgElement("rect", {
    fill: "var(--tl-s3)",
    opacity: 0.12,
    y: RANGE.top,
    height: RANGE.height - RANGE.top - RANGE.bottom,
  });
  const band = svgElement("path", { fill: "var(--tl-s1)", opacity: 0.25 });
  const median = svgElement("path", { fill: "none", stroke: "var(--tl-s1)", "stroke-width": 2 });
  const marks = svgElement("g");
  const svg = svgElement(
    "svg",
    {
      class: "range-chart",
      role: "slider",
      tabindex: "0",
      "aria-label": "Learning rate, over the range test",
      click,
      keydown: press,
    },
    works,
    frame,
    band,
    median,
    marks,
  );
  let scales = null;
  let width = RANGE.least; // As many units as pixels: text is as large as elsewhere.
  let shown = null; // {now, arrays}

  function click(event) {
    if (!scales) return;
    const box = svg.getBoundingClientRect();
    onRate(tidyRate(scales.x.value(((event.clientX - box.left) / box.width) * width)));
  }

  function press(event) {
    const power = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!power || !shown) return;
    event.preventDefault();
    onRate(tidyRate(shown.now.lr * RANGE_STEP ** power));
  }

  function draw() {
    if (!shown) return;
    const { lr, begins, lowest, suggested } = shown.now;
    const { rate, median: middle, low, high } = shown.arrays;
    const { height, left, right, top, bottom } = RANGE;
    width = Math.max(svg.clientWidth, RANGE.least);
    const rates = rate.values;
    const floor = Math.min(...Array.from(middle.values).filter((loss) => loss > 0));
    const begin = middle.values[0];
    const x = chartScale({
      low: rates[0],
      high: rates[rates.length - 1],
      from: left,
      to: width - right,
      log: true,
    });
    // Above ten times the loss at the start it says no more than that the rate is too large.
    const y = chartScale({
      low: 10 ** Math.floor(Math.log10(floor)),
      high: 10 ** Math.ceil(Math.log10(10 * begin)),
      from: height - bottom,
      to: top,
      log: true,
    });
    scales = { x, y };
    band.setAttribute("d", chartBand(rates, low.values, high.values, scales));
    median.setAttribute("d", chartPath(rates, middle.values, scales));
    const found = begins !== null && lowest !== null;
    setAttributes(works, {
      x: found ? x.place(begins) : 0,
      width: found ? Math.max(x.place(lowest) - x.place(begins), 0) : 0,
    });
    setChildren(
      frame,
      ...chartAxes({
        x,
        y,
        left,
        right: width - right,
        bottom: height - bottom,
        label: "learning rate; loss up",
      }),
    );
    setChildren(
      marks,
      ...rangeMark(
        scales,
        width,
        suggested,
        `suggested ${formatNumber(suggested)}`,
        "var(--tl-s3)",
        10,
      ),
      ...rangeMark(scales, width, lr, `now ${formatNumber(lr)}`, "var(--tl-s2)", 22),
    );
    setAttributes(svg, {
      viewBox: `0 0 ${width} ${height}`,
      "aria-valuemin": rates[0],
      "aria-valuemax": rates[rates.length - 1],
      "aria-valuenow": lr,
      "aria-valuetext": formatNumber(lr),
    });
  }

  new ResizeObserver(draw).observe(svg);
  return {
    node: svg,
    /** Whether there is a test to be seen. */
    shown: () => shown !== null,
    /** Show the test: arrays `rate`, `median`, `low`, `high`, and `lr`, `begins`, `lowest`, `suggested`. */
    show(now, arrays) {
      shown = { now, arrays };
      draw();
    },
  };
}

/** Return a rate that can be typed: two significant digits. */
export function tidyRate(rate) {
  return Number(rate.toPrecision(2));
}

function rangeMark({ x }, width, rate, words, colour, y) {
  if (rate === null || !Number.isFinite(rate)) return [];
  const place = x.place(rate);
  const right = place > width - 110;
  return [
    svgElement("path", {
      d: `M${place},${y - 8}V${RANGE.height - RANGE.bottom}`,
      stroke: colour,
      "stroke-width": 2,
    }),
    svgElement(
      "text",
      { x: place + (right ? -5 : 5), y, "text-anchor": right ? "end" : "start" },
      words,
    ),
  ];
}
