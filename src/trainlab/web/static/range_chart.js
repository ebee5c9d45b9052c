// The range test as a picture: the loss while the rate climbs, and where the present rate lies.

import { setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";
import { createLineChart } from "./line_chart.js";

const RANGE_STEP = 1.1; // A press of an arrow key changes the rate by this factor.
const RANGE_WORDS = 110; // So much room the words beside a line need.
const RANGE_FALL = { fill: "var(--tl-s3)", opacity: 0.12 }; // The rates between which the loss falls.

/**
 * Return the picture; `onRate(rate)` gets the rate that was clicked, or moved to by the arrow keys.
 * @param {{onRate: (rate: number) => void}} listeners
 */
export function createRangeChart({ onRate }) {
  const label = "Learning rate, over the range test";
  const slider = { role: "slider", tabindex: "0", "aria-label": label, click, keydown: press };
  const chart = createLineChart(slider, draw);
  let shown = null; // {now, arrays}

  function click(event) {
    if (shown) onRate(tidyRate(chart.across(event)));
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
    const { rate, median, low, high } = shown.arrays;
    const [xs, ys] = [rate.values, median.values];
    const ends = { low: xs[0], high: xs[xs.length - 1] };
    const seen = ys.filter((loss) => loss > 0 && Number.isFinite(loss));
    if (!seen.length) return;
    const right = chart.paint({
      across: { ...ends, log: true },
      // Above ten times the loss at the start it says no more than that the rate is too large.
      up: { low: tenBelow(Math.min(...seen)), high: 10 * tenBelow(10 * seen[0]), log: true },
      xs,
      ys,
      lows: low.values,
      highs: high.values,
      label: "learning rate; loss up",
    });

    function mark(value, words, colour, y) {
      const [x] = chart.foot(value);
      const before = x > right - RANGE_WORDS;
      const anchor = before ? "end" : "start";
      return [
        svgElement("path", { d: chart.upright(value, y - 8), stroke: colour, "stroke-width": 2 }),
        svgElement(
          "text",
          { x: x + (before ? -5 : 5), y, "text-anchor": anchor },
          `${words} ${formatNumber(value)}`,
        ),
      ];
    }

    setChildren(
      chart.marks,
      begins === null
        ? null
        : svgElement("path", { d: chart.between(begins, lowest), ...RANGE_FALL }),
      ...(suggested === null ? [] : mark(suggested, "suggested", "var(--tl-s3)", 10)),
      ...mark(lr, "now", "var(--tl-s2)", 22),
    );
    setAttributes(chart.node, {
      "aria-valuemin": ends.low,
      "aria-valuemax": ends.high,
      "aria-valuenow": lr,
      "aria-valuetext": formatNumber(lr),
    });
  }

  return {
    node: chart.node,
    /** Whether there is a test to be seen. */
    shown: () => shown !== null,
    /** Show arrays `rate`, `median`, `low`, `high`, and `lr`, `begins`, `lowest`, `suggested`. */
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

function tenBelow(value) {
  return 10 ** Math.floor(Math.log10(value));
}
