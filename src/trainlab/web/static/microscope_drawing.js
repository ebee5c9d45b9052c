// A small drawing of a network for the microscope: a box a unit, with what is known so far.

import { setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

const SCOPE_BOX = { width: 82, height: 34, down: 44, margin: 6 };
const SCOPE_ACROSS = { least: 108, most: 140, all: 870 }; // From layer to layer: deep ones are close.
const SCOPE_REM = 16; // So many units are as wide as a letter is high.
const SCOPE_MOST = { units: 14, layers: 10 }; // More can't be read.

/**
 * Return the drawing; `onPick(weight)` is told which line was clicked, as "w2[1,3]".
 * @param {{onPick: (weight: string) => void}} listeners
 */
export function createScopeDrawing({ onPick }) {
  const label = "The network, with the numbers computed so far";
  const svg = svgElement("svg", { role: "img", "aria-label": label });
  let drawn = "";
  let parts = new Map(); // name, as "w2[1,3]" or "a1[2]" -> its elements

  function build(widths) {
    const { down, margin, width, height } = SCOPE_BOX;
    const { least, most: wide, all } = SCOPE_ACROSS;
    const across = Math.min(Math.max(all / (widths.length - 1), least), wide);
    const most = Math.max(...widths);
    const whole = (widths.length - 1) * across + width + 2 * margin;
    parts = new Map();
    setAttributes(svg, { viewBox: `0 0 ${whole} ${(most - 1) * down + height + 2 * margin}` });
    // As large as its text needs; what has no room is scrolled to.
    svg.style.width = `${whole / SCOPE_REM}rem`;

    const top = (layer, unit) => margin + (unit - 1 + (most - widths[layer]) / 2) * down;
    function line(layer, unit, source) {
      const name = `w${layer}[${unit},${source}]`;
      const x = margin + layer * across;
      const [from, to] = [top(layer - 1, source), top(layer, unit)].map((y) => y + height / 2);
      const d = `M${x - across + width},${from}L${x},${to}`;
      const seen = svgElement("path", { d, class: "edge" });
      const hit = svgElement("path", { d, class: "hit" });
      parts.set(name, { seen });
      return svgElement(
        "g",
        { click: () => onPick(name) },
        svgElement("title", {}, name),
        seen,
        hit,
      );
    }

    function box(layer, unit) {
      const [x, y] = [margin + layer * across, top(layer, unit)];
      const middle = { x: x + width / 2, "text-anchor": "middle" };
      const seen = svgElement("rect", { x, y, width, height, rx: 5, class: "unit" });
      const value = svgElement("text", { ...middle, y: y + 14 });
      const slope = svgElement("text", { ...middle, y: y + 28, class: "slope" });
      parts.set(layer ? `a${layer}[${unit}]` : `x[${unit}]`, { seen, value, slope });
      return svgElement("g", {}, seen, value, slope);
    }

    const units = widths.map((count) => Array.from({ length: count }, (_, place) => place + 1));
    const lines = units.flatMap((own, layer) =>
      layer
        ? own.flatMap((unit) => units[layer - 1].map((source) => line(layer, unit, source)))
        : [],
    );
    setChildren(
      svg,
      ...lines,
      ...units.flatMap((own, layer) => own.map((unit) => box(layer, unit))),
    );
  }

  return {
    node: svg,
    /**
     * Show the network; whether it can be drawn. `values` are the numbers known so far by their
     * names, `active` the names that the present operation is about, `path` those of a path.
     */
    show({ widths, values, active, weight, path }) {
      const layers = widths.length - 1;
      if (layers > SCOPE_MOST.layers || Math.max(...widths) > SCOPE_MOST.units) return false;
      if (drawn !== widths.join()) build(widths);
      drawn = widths.join();
      for (const [name, { seen, value, slope }] of parts) {
        const sum = name.replace("a", "z"); // Of an input or a weight, itself.
        const names = [name, sum, `∂L/∂${name}`, `∂L/∂${sum}`];
        const some = (set) => names.some((each) => set.has(each));
        seen.classList.toggle("active", some(active));
        seen.classList.toggle("on-path", some(path));
        seen.classList.toggle("chosen", name === weight);
        if (!value) continue;
        const told = (each, mark) => values.has(each) && mark + formatNumber(values.get(each));
        value.textContent = told(name, "") || told(sum, "z ") || "";
        slope.textContent = told(names[3], "δ ") || told(names[2], "∂ ") || "";
      }
      return true;
    },
  };
}
