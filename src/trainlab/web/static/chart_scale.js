// Axes: where a value lies in a picture, and the ticks beside it.

import { svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

/**
 * Return an axis from `low` to `high` between the places `from` and `to`, on a log scale if `log` is
 * set. Values beyond its ends lie at the ends.
 * @param {{low: number, high: number, from: number, to: number, log?: boolean}} axis
 */
export function chartScale({ low, high, from, to, log = false }) {
  const size = log ? Math.log10 : (value) => value;
  const [least, most] = [size(low), size(high)];
  return {
    /** The place of a value. */
    place(value) {
      const share = value > 0 || !log ? (size(value) - least) / (most - least) : 0;
      return from + (to - from) * Math.min(Math.max(Number.isNaN(share) ? 1 : share, 0), 1);
    },
    /** The value at a place. */
    value(place) {
      const share = Math.min(Math.max((place - from) / (to - from), 0), 1);
      const found = least + share * (most - least);
      return log ? 10 ** found : found;
    },
    ticks: log ? powersBetween(least, most) : roundBetween(low, high),
  };
}

/** Return horizontal lines with their numbers, and numbers under the picture. */
export function chartAxes({ x, y, left, right, bottom, label }) {
  const across = y.ticks.flatMap((value) => [
    svgElement("path", { d: `M${left},${y.place(value)}H${right}`, stroke: "var(--tl-grid)" }),
    svgElement(
      "text",
      { x: left - 6, y: y.place(value) + 4, "text-anchor": "end" },
      formatNumber(value),
    ),
  ]);
  const under = x.ticks.map((value) =>
    svgElement(
      "text",
      { x: x.place(value), y: bottom + 16, "text-anchor": "middle" },
      formatNumber(value),
    ),
  );
  return [
    ...across,
    ...under,
    svgElement("text", { x: left, y: bottom + 32, class: "muted" }, label),
  ];
}

/** Return the path through points; those that aren't numbers are left out. */
export function chartPath(xs, ys, { x, y }) {
  const points = Array.from(xs, (value, place) => [x.place(value), y.place(ys[place])]);
  return points.length
    ? `M${points.map(([across, down]) => `${across.toFixed(1)},${down.toFixed(1)}`).join("L")}`
    : "";
}

/** Return the path around a band between two curves. */
export function chartBand(xs, lows, highs, scales) {
  if (!xs.length) return "";
  const back = (values) => Array.from(values).reverse();
  return `${chartPath(xs, lows, scales)}L${chartPath(back(xs), back(highs), scales).slice(1)}Z`;
}

function powersBetween(least, most) {
  const powers = [];
  const step = Math.max(1, Math.ceil((most - least) / 6));
  for (let power = Math.ceil(least - 1e-9); power <= most + 1e-9; power += step)
    powers.push(10 ** power);
  return powers;
}

function roundBetween(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
  const ticks = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high * (1 + 1e-9); count += 1) {
    ticks.push(Number((count * step).toPrecision(12)));
  }
  return ticks;
}
