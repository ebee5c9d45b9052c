// Charts: scales, the share solved, losses of all runs, and lines over a grid.

import { formatCount, formatNumber, formatShare, setAttributes, setChildren, svgElement } from "./dom.js";

// Axes: where a value lies in a picture, and which values are written beside it.

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

function powersBetween(least, most) {
  const powers = [];
  const step = Math.max(1, Math.ceil((most - least) / 6));
  for (let power = Math.ceil(least - 1e-9); power <= most + 1e-9; power += step) {
    powers.push(10 ** power);
  }
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

// A bar of the share solved, with its 95 % interval as a line across.

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

// The fan of losses: the median of all runs, and the bands of the middle 50 % and 90 %, on a log scale.

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

// A curve with a band around it, on axes; as wide as there is room, in units of pixels, so that text
// is as large as elsewhere.

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
