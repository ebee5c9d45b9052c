// The fan of losses: the median of all runs, and the bands of the middle 50 % and 90 %, on a log scale.

import { setChildren, svgElement } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";

const FAN_DIVERGED = 1e6; // times the loss at the start
const FAN = { width: 460, height: 254, left: 56, right: 10, top: 12, bottom: 58 };

let fanCount = 0;

/**
 * Return the chart as an SVG element with a function `show`; `title` says whose losses they are.
 * @param {string} [title]
 */
export function createFanChart(title = "Loss of all runs") {
  fanCount += 1;
  const id = `fan-${fanCount}`;
  const words = svgElement("desc", { id: `${id}-words` });
  const frame = svgElement("g");
  const wide = svgElement("path", { fill: "var(--tl-s1)", opacity: 0.18 });
  const middle = svgElement("path", { fill: "var(--tl-s1)", opacity: 0.32 });
  const median = svgElement("path", { fill: "none", stroke: "var(--tl-s1)", "stroke-width": 2 });
  const own = svgElement("path", { fill: "none", stroke: "var(--tl-s2)", "stroke-width": 1.5 });
  const node = svgElement(
    "svg",
    {
      viewBox: `0 0 ${FAN.width} ${FAN.height}`,
      class: "fan",
      role: "img",
      "aria-labelledby": `${id}-title ${id}-words`,
    },
    svgElement("title", { id: `${id}-title` }, title),
    words,
    frame,
    wide,
    middle,
    median,
    own,
  );
  let scale = null;
  let run = null; // {epochs, loss} of the chosen one

  function drawRun() {
    if (!scale || !run) return own.setAttribute("d", "");
    // A loss that is no finite number any more has no place.
    const points = Array.from(run.epochs, (epoch, place) => [epoch, run.loss[place]])
      .filter(([, loss]) => Number.isFinite(loss))
      .map(([epoch, loss]) => `${scale.x(epoch)},${scale.y(loss)}`);
    own.setAttribute("d", points.length ? `M${points.join("L")}` : "");
  }

  return {
    node,
    /**
     * Show quantiles `curve [5, E]` (5, 25, 50, 75 and 95 %) at `epochs [E]`.
     * @param {ArrayLike<number>} epochs
     * @param {ArrayLike<number>} curve
     * @param {object} [range] what the axes have room for, as `fanRange` returns it
     */
    show(epochs, curve, range = fanRange([{ epochs, curve }])) {
      const count = epochs.length;
      scale = fanScale(range);
      const line = (quantile, from = 0) =>
        Array.from({ length: count }, (_, place) => {
          const at = from ? count - 1 - place : place;
          return `${scale.x(epochs[at])},${scale.y(curve[quantile * count + at])}`;
        }).join("L");
      wide.setAttribute("d", count ? `M${line(0)}L${line(4, 1)}Z` : "");
      middle.setAttribute("d", count ? `M${line(1)}L${line(3, 1)}Z` : "");
      median.setAttribute("d", count ? `M${line(2)}` : "");
      setChildren(frame, ...scale.axes());
      drawRun();
      const end = (quantile) => formatNumber(curve[quantile * count + count - 1]);
      words.textContent = count
        ? `After ${formatCount(epochs[count - 1])} epochs the median is ${end(2)}; ` +
          `the middle 90 % of runs lie between ${end(0)} and ${end(4)}.`
        : "";
    },
    /** Show the curve of the chosen run, `loss` at `epochs`; nothing without. */
    showRun(epochs, loss) {
      run = epochs && { epochs, loss };
      drawRun();
    },
  };
}

/**
 * Return what the axes of all these fans on one scale have room for.
 * @param {{epochs: ArrayLike<number>, curve: ArrayLike<number>}[]} fans
 */
export function fanRange(fans) {
  const values = fans.flatMap(({ curve }) => Array.from(curve));
  const finite = values.filter((value) => Number.isFinite(value) && value > 0);
  // What diverges leaves at the top: its numbers would press all others into a line.
  const start = Math.max(...fans.map(({ epochs, curve }) => curve[2 * epochs.length]).filter(Number.isFinite), 1e-3);
  const most = Math.min(finite.length ? Math.max(...finite) : 1, start * FAN_DIVERGED);
  // Losses of exactly 0, and far below what is interesting, lie on the floor.
  const least = Math.max(finite.length ? Math.min(...finite) : 0.1, most * 1e-16);
  const high = Math.ceil(Math.log10(most) + 0.02);
  const low = Math.min(Math.floor(Math.log10(least)), high - 1);
  const last = Math.max(1, ...fans.map(({ epochs }) => epochs[epochs.length - 1] ?? 1));
  return { low, high, last };
}

function fanScale({ low, high, last }) {
  const across = FAN.width - FAN.left - FAN.right;
  const down = FAN.height - FAN.top - FAN.bottom;
  const x = (epoch) => (FAN.left + (across * epoch) / last).toFixed(1);
  const y = (value) => {
    const power = value > 0 ? Math.log10(value) : value === 0 ? low : high;
    const share = Math.min(Math.max((high - power) / (high - low), 0), 1);
    return (FAN.top + down * (Number.isFinite(share) ? share : 0)).toFixed(1);
  };
  const step = Math.ceil((high - low) / 5);
  function axes() {
    const made = [];
    for (let power = high; power >= low; power -= step) {
      const place = y(10 ** power);
      made.push(
        svgElement("path", {
          d: `M${FAN.left},${place}H${FAN.width - FAN.right}`,
          stroke: "var(--tl-grid)",
        }),
        svgElement("text", { x: FAN.left - 6, y: Number(place) + 4, "text-anchor": "end" }, formatNumber(10 ** power)),
      );
    }
    for (const share of [0, 0.5, 1]) {
      const epoch = Math.round(last * share);
      const anchor = share === 1 ? "end" : share ? "middle" : "start";
      made.push(
        svgElement("text", { x: x(epoch), y: FAN.height - 42, "text-anchor": anchor }, formatCount(epoch)),
      );
    }
    for (const [label, up] of [
      ["Epochs; loss on a log scale:", 22],
      ["median, middle 50 % and 90 % of runs", 4],
    ]) {
      made.push(svgElement("text", { x: FAN.left, y: FAN.height - up, class: "muted" }, label));
    }
    return made;
  }
  return { x, y, axes };
}
