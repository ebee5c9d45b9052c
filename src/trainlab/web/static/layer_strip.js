// A strip a layer: how its outputs and gradients lie, how much of it is flat or dead, how it moves, and in words.

import { element, setChildren } from "./dom.js";
import { formatNumber, formatShare } from "./format.js";

const STRIP = { width: 96, narrow: 64, height: 30 };
const STRIP_ROOMS = [420, 760]; // px: from the first on histograms are wide, from the second verdicts beside
const STRIP_HEADS = [
  ["layer", ""],
  ["outputs", "how the layer's outputs lie, over the examples"],
  ["|gradient|, log scale", "how the sizes of its weights' gradients lie, by powers of ten"],
  ["flat", "share of its outputs where the activation is nearly flat: saturated"],
  ["dead", "share of its units that are flat for every example"],
  ["update / weight, log₁₀", "how large the next update is beside the weights; about −3 is usual"],
];

/** Make the strips; `begin` lays them for a run, `show` brings them to a moment. */
export function createLayerStrips() {
  const body = element("div");
  const note = element("p", { class: "muted small" });
  const node = element("div", { class: "strips" }, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Layers" }, body), note);
  let strips = [];
  let moment = null;
  let run = null;
  let room = 0;

  function lay() {
    room = stripRoom(node.clientWidth);
    strips = run.layers.map((layer, place) => layStrip(layer, place, run, room));
    const heads = [...STRIP_HEADS, ...(room === 2 ? [["in words", ""]] : [])].map(([head, help], at) =>
      element("th", { scope: "col", title: help || null, class: at > 2 && at < STRIP_HEADS.length && "number" }, head),
    );
    const table = element(
      "table",
      { class: `small room${room}` },
      element("caption", { class: "unseen" }, "What each layer does at this moment"),
      element("thead", {}, element("tr", {}, ...heads)),
      ...strips.map((strip) => strip.node),
    );
    setChildren(body, table);
    const flats = [...new Set(run.layers.map(({ activation, flat }) => flat && `${activation} ${flat}`))].filter(Boolean);
    note.textContent = flats.length ? `Flat: ${flats.join("; ")}.` : "";
  }

  function draw() {
    if (!moment) return;
    const style = getComputedStyle(node);
    const colours = { bars: style.getPropertyValue("--tl-s1"), line: style.getPropertyValue("--tl-muted") };
    strips.forEach((strip, place) => strip.show(moment, place, colours));
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    if (!run || stripRoom(node.clientWidth) === room) return;
    lay();
    draw();
  }).observe(node);
  return {
    node,
    /** Show another run: the header of its replay. */
    begin(header) {
      run = header;
      lay();
    },
    /** Show a moment of the run. */
    show(next) {
      moment = next;
      draw();
    },
  };
}

function layStrip({ activation, low, high }, place, { verdicts, gradient_low: least, gradient_high: most }, room) {
  const wide = room === 2;
  const outputs = stripHistogram(low, high, room);
  const gradients = stripHistogram(10 ** least, 10 ** most, room);
  const [flat, dead, ratio] = [0, 1, 2].map(() => element("td", { class: "number" }));
  const verdict = verdicts.find(({ layer }) => layer === place + 1);
  const node = element(
    "tbody",
    {},
    element(
      "tr",
      {},
      element("th", { scope: "row" }, String(place + 1), element("br"), element("span", { class: "muted" }, activation)),
      element("td", {}, outputs.node),
      element("td", {}, gradients.node),
      flat,
      dead,
      ratio,
      wide ? element("td", { class: "verdict" }, verdict.sentence) : null,
    ),
    wide ? null : element("tr", { class: "verdict" }, element("td", { colspan: STRIP_HEADS.length }, verdict.sentence)),
  );
  return {
    node,
    show(moment, layer, colours) {
      const own = (name) => moment.row(name)[layer];
      const bins = (name) => {
        const counts = moment.row(name);
        const size = counts.length / moment.header.layers.length;
        return counts.subarray(layer * size, (layer + 1) * size);
      };
      outputs.draw(bins("activation_histogram"), colours);
      gradients.draw(bins("gradient_histogram"), colours);
      for (const [cell, text] of [
        [flat, stripShare(own("saturated"))],
        [dead, stripShare(own("dead"))],
        [ratio, moment.step === moment.header.of_steps ? "–" : stripRatio(own("update_ratio"))],
      ]) {
        if (cell.textContent !== text) cell.textContent = text;
      }
    },
  };
}

/** How much room there is: 0 on a phone, 1 beside the network, 2 below it. */
function stripRoom(width) {
  return STRIP_ROOMS.filter((from) => width >= from).length;
}

function stripShare(share) {
  return Number.isNaN(share) ? "–" : formatShare(share);
}

/** The logarithm of nothing is said in words. */
function stripRatio(power) {
  if (Number.isNaN(power)) return "–";
  return power === -Infinity ? "no update" : power.toFixed(1).replace("-", "−");
}

function stripHistogram(low, high, room) {
  const width = room ? STRIP.width : STRIP.narrow;
  const canvas = element("canvas", { "aria-hidden": "true" });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${STRIP.height}px`;
  const ends = [low, high].map((end) => element("span", {}, formatNumber(end)));
  return {
    node: element("div", { class: "histogram" }, canvas, element("div", { class: "ends muted" }, ...ends)),
    draw(counts, { bars, line }) {
      const ratio = devicePixelRatio;
      if (canvas.width !== Math.round(width * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(STRIP.height * ratio);
      }
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, canvas.width, canvas.height);
      const most = counts.reduce((a, b) => Math.max(a, b), 1);
      const wide = canvas.width / counts.length;
      pen.fillStyle = bars;
      counts.forEach((count, bin) => {
        // What there is can be seen, however little.
        const tall = count ? Math.max((canvas.height - 2 * ratio) * (count / most), 2 * ratio) : 0;
        pen.fillRect(bin * wide, canvas.height - ratio - tall, wide - 1, tall);
      });
      pen.fillStyle = line;
      pen.fillRect(0, canvas.height - ratio, canvas.width, ratio);
    },
  };
}
