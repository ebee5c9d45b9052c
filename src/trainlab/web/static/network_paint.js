// A network painted on a canvas: neurons as heat maps of what they compute, edges by what they carry.

import { formatCount } from "./format.js";
import { networkColours, networkRoundUp } from "./network_colours.js";
import { NETWORK_HEAD, networkEdgeEnds } from "./network_layout.js";

const PAINT_DECADES = 6; // what edges on a log scale tell apart, below the largest

/**
 * Return how wide an edge is, from 0 to 1, for a number that it carries: weights in proportion to the
 * largest, gradients and updates by powers of ten below it.
 * @param {"parameters" | "gradient" | "update"} kind
 * @param {ArrayLike<number>} values all of the network's
 */
export function networkEdgeScale(kind, values) {
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  if (kind === "parameters") {
    const top = networkRoundUp(largest);
    return { top, middle: top / 2, width: (value) => Math.min(Math.abs(value) / top, 1) };
  }
  const power = largest ? Math.ceil(Math.log10(largest)) : 0;
  return {
    top: 10 ** power,
    middle: 10 ** (power - PAINT_DECADES / 2),
    width: (value) => Math.max(0, 1 + (Math.log10(Math.abs(value)) - power) / PAINT_DECADES),
  };
}

/** Make the painter of a canvas. */
export function createNetworkPainter() {
  const canvas = document.createElement("canvas");
  const maps = document.createElement("canvas"); // All heat maps, one below the other.
  canvas.setAttribute("aria-hidden", "true");
  let colours = null;

  /**
   * Paint a moment: `row` is what edges and biases carry, `near(edge)` says which are looked at, and `chosen`
   * is the cell that is.
   */
  function paint({ layout, edges, run, row, scale, chosen, near }) {
    const ratio = devicePixelRatio || 1;
    const [wide, tall] = [Math.round(layout.width * ratio), Math.round(layout.height * ratio)];
    if (canvas.width !== wide || canvas.height !== tall) {
      canvas.width = wide;
      canvas.height = tall;
      canvas.style.width = `${layout.width}px`;
      canvas.style.height = `${layout.height}px`;
    }
    colours ??= networkColours(canvas);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, layout.width, layout.height);
    paintEdges(pen, { edges, row, scale, near, layout });
    if (run.plane.flat) for (const cell of layout.cells) paintCurve(pen, cell, run.picture(cell));
    else paintMaps(pen, layout.cells, run);
    for (const cell of layout.cells) {
      pen.lineWidth = cell === chosen ? 3 : 1;
      pen.strokeStyle = cell === chosen ? colours.text : colours.muted;
      pen.strokeRect(cell.x - cell.size / 2, cell.y - cell.size / 2, cell.size, cell.size);
      if (cell.place !== null) paintBias(pen, cell, row[cell.place], scale);
    }
    paintExamples(pen, run.examplesOn(layout.cells.filter(({ layer }) => layer === run.layers.length)));
    paintLabels(pen, layout, run.layers);
  }

  /** Edges that look the same are one path: drawn one by one, hundreds of dashed lines take their time. */
  function paintEdges(pen, { edges, row, scale, near, layout }) {
    const most = Math.max(Math.min(8, layout.spacing / 10, 600 / edges.length), 2);
    const paths = new Map();
    for (const edge of edges) {
      const value = row[edge.place];
      const sign = Number.isFinite(value) ? Math.sign(value) : 0;
      const width = sign ? Math.round(2 * (0.5 + most * scale.width(value))) / 2 : 1;
      const look = `${sign},${width},${near(edge)}`;
      if (!paths.has(look)) paths.set(look, { sign, width, near: near(edge), path: new Path2D() });
      const [fromX, fromY, toX, toY] = networkEdgeEnds(edge);
      const { path } = paths.get(look);
      path.moveTo(fromX, fromY);
      path.lineTo(toX, toY);
    }
    for (const look of paths.values()) {
      pen.globalAlpha = look.near ? 0.95 : 0.2;
      pen.lineWidth = look.width;
      pen.strokeStyle = [colours.negative, colours.muted, colours.positive][look.sign + 1];
      pen.setLineDash([[4 + look.width, 2 + look.width / 2], [1, 3], []][look.sign + 1]);
      pen.stroke(look.path);
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  function paintMaps(pen, cells, run) {
    const { columns, rows, points } = run.plane;
    maps.width = columns;
    maps.height = rows * cells.length;
    const page = maps.getContext("2d");
    const pixels = page.createImageData(maps.width, maps.height);
    const into = new Uint32Array(pixels.data.buffer);
    cells.forEach((cell, place) => {
      const { values, middle, reach } = run.picture(cell);
      values.forEach((value, point) => (into[place * points + point] = colours.shade((value - middle) / reach)));
    });
    page.putImageData(pixels, 0, 0);
    cells.forEach(({ x, y, size }, place) => {
      pen.drawImage(maps, 0, place * rows, columns, rows, x - size / 2, y - size / 2, size, size);
    });
  }

  function paintCurve(pen, cell, { values, middle, reach }) {
    const [left, top] = [cell.x - cell.size / 2, cell.y - cell.size / 2];
    const height = (value) => top + (cell.size * (1 - Math.min(Math.max((value - middle) / reach, -1), 1))) / 2;
    pen.fillStyle = colours.back;
    pen.fillRect(left, top, cell.size, cell.size);
    pen.fillStyle = colours.line;
    pen.fillRect(left, height(0), cell.size, 1);
    pen.strokeStyle = colours.positive;
    pen.lineWidth = 1.5;
    pen.beginPath();
    values.forEach((value, point) => {
      if (!Number.isNaN(value)) pen.lineTo(left + (cell.size * (point + 0.5)) / values.length, height(value));
    });
    pen.stroke();
  }

  /** A bar below the cell: from its middle to the right if positive, to the left if negative. */
  function paintBias(pen, cell, value, scale) {
    const half = cell.size / 2;
    const y = cell.y + half + 2;
    const bar = (colour, from, long) => {
      pen.fillStyle = colour;
      pen.fillRect(cell.x + from, y, long, 4);
    };
    bar(colours.line, -half, cell.size);
    if (Number.isFinite(value) && value !== 0) {
      bar(value > 0 ? colours.positive : colours.negative, 0, Math.sign(value) * half * scale.width(value));
    }
    bar(colours.text, -0.5, 1);
  }

  /** Discs or, of the upper half of the targets, squares; filled as their target would be. */
  function paintExamples(pen, examples) {
    const paths = new Map();
    for (const { x, y, share, size } of examples) {
      const pixel = colours.shade(share);
      const look = `${pixel},${share > 0}`;
      if (!paths.has(look)) paths.set(look, { pixel, size, path: new Path2D() });
      const { path } = paths.get(look);
      if (share > 0) path.rect(x - size, y - size, 2 * size, 2 * size);
      else {
        path.moveTo(x + size * 1.15, y);
        path.arc(x, y, size * 1.15, 0, 2 * Math.PI);
      }
    }
    for (const { pixel, size, path } of paths.values()) {
      pen.fillStyle = `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
      pen.fill(path);
      // Large ones are told apart from what lies beneath, whichever colour that has.
      const lines = size > 3 ? [[colours.back, 3], [colours.text, 1.25]] : [[colours.text, 0.75]];
      for (const [line, width] of lines) {
        pen.strokeStyle = line;
        pen.lineWidth = width;
        pen.stroke(path);
      }
    }
  }

  function paintLabels(pen, { columns, cells }, layers) {
    const { fontFamily, fontSize } = getComputedStyle(canvas);
    pen.font = `${Math.max(11, 0.7 * parseFloat(fontSize))}px ${fontFamily}`;
    pen.fillStyle = colours.muted;
    columns.forEach(({ layer, x, more, bottom }) => {
      const side = layer === 0 ? -0.5 : layer === layers.length ? 0.5 : 0;
      pen.textAlign = ["left", "center", "right"][2 * side + 1];
      const at = x + side * cells.find((cell) => cell.layer === layer).size;
      const name = layer && layers.length <= 5 ? `${layer} ${layers[layer - 1].activation}` : layer || "inputs";
      pen.fillText(name, at, NETWORK_HEAD - 8);
      if (more) pen.fillText(`+${formatCount(more)} more`, at, bottom + 12);
    });
  }

  return {
    canvas,
    paint,
    /** Read the colours again: the theme has changed. */
    forgetColours() {
      colours = null;
    },
  };
}
