// A small drawing of a network for the microscope: a box a unit, with what is known so far, a line a weight.

import { setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

const SCOPE_BOX = { width: 82, height: 34, across: 108, down: 44, margin: 6 };
const SCOPE_REM = 16; // So many units are as wide as a letter is high.
const SCOPE_MOST = { units: 14, layers: 10 }; // More can't be read.

/**
 * Return the drawing; `onPick(weight)` is told which line was clicked, as "w2[1,3]".
 * @param {{onPick: (weight: string) => void}} listeners
 */
export function createScopeDrawing({ onPick }) {
  const lines = svgElement("g");
  const boxes = svgElement("g");
  const svg = svgElement(
    "svg",
    { role: "img", "aria-label": "The network, with the numbers computed so far" },
    lines,
    boxes,
  );
  let drawn = "";
  let parts = new Map(); // name, as "w2[1,3]" or "a1[2]" -> its elements

  function build(widths) {
    parts = new Map();
    const most = Math.max(...widths);
    const { across, down, margin, width, height } = SCOPE_BOX;
    const place = (layer, unit) => ({
      x: margin + layer * across,
      y: margin + (unit + (most - widths[layer]) / 2) * down,
    });
    const whole = [(widths.length - 1) * across + width, (most - 1) * down + height];
    setAttributes(svg, { viewBox: `0 0 ${whole[0] + 2 * margin} ${whole[1] + 2 * margin}` });
    // As large as its text needs; what has no room is scrolled to.
    svg.style.width = `${(whole[0] + 2 * margin) / SCOPE_REM}rem`;
    setChildren(lines, ...widths.slice(1).flatMap((units, before) => edges(before, units)));
    setChildren(
      boxes,
      ...widths.flatMap((units, layer) =>
        Array.from({ length: units }, (_, unit) => box(layer, unit)),
      ),
    );

    function edges(before, units) {
      const made = [];
      for (let unit = 0; unit < units; unit += 1) {
        for (let source = 0; source < widths[before]; source += 1) {
          const [from, to] = [place(before, source), place(before + 1, unit)];
          const d = `M${from.x + width},${from.y + height / 2}L${to.x},${to.y + height / 2}`;
          const name = `w${before + 1}[${unit + 1},${source + 1}]`;
          const seen = svgElement("path", { d, class: "edge" });
          parts.set(name, { seen });
          made.push(
            svgElement(
              "g",
              { click: () => onPick(name) },
              svgElement("title", {}, name),
              seen,
              svgElement("path", { d, class: "hit" }),
            ),
          );
        }
      }
      return made;
    }

    function box(layer, unit) {
      const { x, y } = place(layer, unit);
      const frame = svgElement("rect", { x, y, width, height, rx: 5, class: "unit" });
      const value = svgElement("text", { x: x + width / 2, y: y + 14, "text-anchor": "middle" });
      const slope = svgElement("text", {
        x: x + width / 2,
        y: y + 28,
        "text-anchor": "middle",
        class: "slope",
      });
      parts.set(layer ? `a${layer}[${unit + 1}]` : `x[${unit + 1}]`, { seen: frame, value, slope });
      return svgElement("g", {}, frame, value, slope);
    }
  }

  return {
    node: svg,
    /**
     * Show the network; whether it can be drawn. `values` are the numbers known so far by their names,
     * `active` the names that the present operation is about, `path` those of a path.
     */
    show({ widths, values, active, weight, path }) {
      const fits =
        widths.length - 1 <= SCOPE_MOST.layers && Math.max(...widths) <= SCOPE_MOST.units;
      if (!fits) return false;
      if (drawn !== widths.join("-")) build(widths);
      drawn = widths.join("-");
      for (const [name, { seen, value, slope }] of parts) {
        const sum = name.replace("a", "z");
        const names = value ? [name, sum, `∂L/∂${name}`, `∂L/∂${sum}`] : [name, `∂L/∂${name}`];
        seen.classList.toggle(
          "active",
          names.some((each) => active.has(each)),
        );
        seen.classList.toggle(
          "on-path",
          names.some((each) => path.has(each)),
        );
        seen.classList.toggle("chosen", name === weight);
        if (!value) continue;
        value.textContent = scopeValue(values, [
          [name, ""],
          [sum, "z "],
        ]);
        slope.textContent = scopeValue(values, [
          [`∂L/∂${sum}`, "δ "],
          [`∂L/∂${name}`, "∂ "],
        ]);
      }
      return true;
    },
  };
}

/** The first of some names that has a value, after its mark. */
function scopeValue(values, wanted) {
  const found = wanted.find(([name]) => values.has(name));
  return found ? `${found[1]}${formatNumber(values.get(found[0]))}` : "";
}
