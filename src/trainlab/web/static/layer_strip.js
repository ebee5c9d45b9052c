// A strip a layer: how its outputs and gradients lie, how much of it is flat or dead, how it moves, and in words.

import { element, setChildren, svgElement } from "./dom.js";
import { formatNumber, formatShare } from "./format.js";

const STRIP_TALL = 30;
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
  const heads = STRIP_HEADS.map(([head, help], at) =>
    element("th", { scope: "col", title: help || null, class: at > 2 && "number" }, head),
  );
  const table = element("table", { class: "small" });
  const note = element("p", { class: "muted small" });
  let strips = [];
  return {
    node: element(
      "div",
      { class: "strips" },
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Layers" }, table),
      note,
    ),
    /** Show another run: the header of its replay. */
    begin(header) {
      const { layers, verdicts, gradient_low: least, gradient_high: most } = header;
      strips = layers.map((layer, place) => createStrip(layer, place, [10 ** least, 10 ** most], verdicts[place]));
      const head = element("thead", {}, element("tr", {}, ...heads));
      setChildren(table, head, ...strips.map((strip) => strip.node));
      const flats = layers.filter(({ flat }) => flat).map(({ activation, flat }) => `${activation} ${flat}`);
      note.textContent = flats.length ? `Flat: ${[...new Set(flats)].join("; ")}.` : "";
    },
    /** Show a moment of the run. */
    show(moment) {
      for (const strip of strips) strip.show(moment);
    },
  };
}

function createStrip({ activation, low, high }, place, range, verdict) {
  const outputs = createHistogram([low, high]);
  const gradients = createHistogram(range);
  const numbers = [0, 1, 2].map(() => element("td", { class: "number" }));
  const name = element("th", { scope: "row" }, `${place + 1} `, element("span", { class: "muted" }, activation));
  return {
    node: element(
      "tbody",
      {},
      element("tr", {}, name, outputs.node, gradients.node, ...numbers),
      element("tr", {}, element("td", { colspan: STRIP_HEADS.length, class: "verdict" }, verdict.sentence)),
    ),
    show({ row, step, header }) {
      const own = (all) => {
        const size = all.length / header.layers.length;
        return all.subarray(place * size, (place + 1) * size);
      };
      outputs.show(own(row("activation_histogram")));
      gradients.show(own(row("gradient_histogram")));
      const ratio = step === header.of_steps ? NaN : row("update_ratio")[place];
      const texts = [stripShare(row("saturated")[place]), stripShare(row("dead")[place]), stripPower(ratio)];
      texts.forEach((text, at) => {
        if (numbers[at].textContent !== text) numbers[at].textContent = text;
      });
    },
  };
}

function stripShare(share) {
  return Number.isNaN(share) ? "–" : formatShare(share);
}

function stripPower(power) {
  return Number.isFinite(power) ? power.toFixed(1).replace("-", "−") : formatNumber(power);
}

function createHistogram(range) {
  const bars = svgElement("path", { fill: "var(--tl-s1)" });
  const ends = range.map((end) => element("span", {}, formatNumber(end)));
  const picture = svgElement("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, bars);
  return {
    node: element("td", { class: "histogram" }, picture, element("div", { class: "ends muted" }, ...ends)),
    show(counts) {
      const most = counts.reduce((a, b) => Math.max(a, b), 1);
      picture.setAttribute("viewBox", `0 0 ${counts.length} ${STRIP_TALL}`);
      // What there is can be seen, however little.
      const tall = (count) => (count ? Math.max((STRIP_TALL * count) / most, 2) : 0);
      const bar = (count, bin) => `M${bin},${STRIP_TALL}v${-tall(count)}h.8V${STRIP_TALL}`;
      bars.setAttribute("d", Array.from(counts, bar).join(""));
    },
  };
}
