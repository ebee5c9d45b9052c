// A network painted on a canvas: neurons as heat maps of what they compute, edges by what they carry.

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
  let pixels = null;

  /**
   * Paint a moment. `shares(cell)` are a cell's values at the plane's points, from −1 to 1; `carried(edge)`
   * and `bias(cell)` are numbers, null where there is none; `near(edge)` whether it is looked at.
   */
  function paint({ layout, edges, plane, scale, shares, carried, bias, near, labels, examples, chosen }) {
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
    paintEdges(pen, { edges, scale, carried, near, layout });
    if (plane.flat) for (const cell of layout.cells) paintCurve(pen, cell, shares(cell));
    else paintMaps(pen, layout.cells, plane, shares);
    for (const cell of layout.cells) {
      pen.lineWidth = cell === chosen ? 3 : 1;
      pen.strokeStyle = cell === chosen ? colours.text : colours.muted;
      pen.strokeRect(cell.x - cell.size / 2, cell.y - cell.size / 2, cell.size, cell.size);
      const value = bias(cell);
      if (value !== null) paintBias(pen, cell, value, scale);
    }
    paintExamples(pen, examples);
    paintLabels(pen, layout, labels);
  }

  /** Edges that look the same are one path: drawn one by one, hundreds of dashed lines take their time. */
  function paintEdges(pen, { edges, scale, carried, near, layout }) {
    const most = Math.max(Math.min(8, layout.spacing / 10, 600 / edges.length), 2);
    const paths = new Map();
    for (const edge of edges) {
      const value = carried(edge);
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

  function paintMaps(pen, cells, plane, shares) {
    const { columns, rows, points } = plane;
    if (maps.width !== columns || maps.height !== rows * cells.length) {
      maps.width = columns;
      maps.height = rows * cells.length;
      pixels = null;
    }
    const page = maps.getContext("2d");
    pixels ??= page.createImageData(columns, rows * cells.length);
    const into = new Uint32Array(pixels.data.buffer);
    cells.forEach((cell, place) => {
      const { values, first, middle, reach } = shares(cell);
      for (let point = 0; point < points; point += 1) {
        into[place * points + point] = colours.shade((values[first + point] - middle) / reach);
      }
    });
    page.putImageData(pixels, 0, 0);
    pen.imageSmoothingEnabled = true;
    cells.forEach(({ x, y, size }, place) => {
      pen.drawImage(maps, 0, place * rows, columns, rows, x - size / 2, y - size / 2, size, size);
    });
  }

  function paintCurve(pen, cell, { values, first, middle, reach, points }) {
    const [left, top] = [cell.x - cell.size / 2, cell.y - cell.size / 2];
    const height = (value) => top + (cell.size * (1 - Math.min(Math.max((value - middle) / reach, -1), 1))) / 2;
    pen.fillStyle = colours.back;
    pen.fillRect(left, top, cell.size, cell.size);
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(left, height(0));
    pen.lineTo(left + cell.size, height(0));
    pen.stroke();
    pen.strokeStyle = colours.positive;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let point = 0; point < points; point += 1) {
      const value = values[first + point];
      if (!Number.isNaN(value)) pen.lineTo(left + (cell.size * (point + 0.5)) / points, height(value));
    }
    pen.stroke();
  }

  /** A bar below the cell: from its middle to the right if positive, to the left if negative. */
  function paintBias(pen, cell, value, scale) {
    const half = cell.size / 2;
    const y = cell.y + half + 2;
    pen.fillStyle = colours.line;
    pen.fillRect(cell.x - half, y, cell.size, 4);
    pen.fillStyle = value > 0 ? colours.positive : colours.negative;
    const long = Number.isFinite(value) && value !== 0 ? half * scale.width(value) : 0;
    pen.fillRect(value > 0 ? cell.x : cell.x - long, y, long, 4);
    pen.fillStyle = colours.text;
    pen.fillRect(cell.x - 0.5, y - 1, 1, 6);
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

  function paintLabels(pen, layout, labels) {
    const { fontFamily, fontSize } = getComputedStyle(canvas);
    pen.font = `${Math.max(11, 0.7 * parseFloat(fontSize))}px ${fontFamily}`;
    pen.fillStyle = colours.muted;
    layout.columns.forEach(({ layer, x, more, bottom }) => {
      pen.textAlign = layer === 0 ? "left" : layer === layout.columns.length - 1 ? "right" : "center";
      const half = layout.cells.find((cell) => cell.layer === layer).size / 2;
      const at = layer === 0 ? x - half : pen.textAlign === "right" ? x + half : x;
      pen.fillText(labels[layer], at, NETWORK_HEAD - 8);
      if (more > 0) pen.fillText(`+${more.toLocaleString("en")} more`, at, bottom + 12);
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
