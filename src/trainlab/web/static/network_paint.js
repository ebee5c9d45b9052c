// A network's drawing: where everything lies, what its colours mean, and how they are painted.

import { element, formatCount, formatNumber } from "./dom.js";

// Colours of a network's pictures: blue is positive, orange negative, paler the nearer to the middle.

const NETWORK_SHADES = 255;

/**
 * Read the theme's colours where an element stands, and make the scale of heat maps: `shade(share)` is the
 * pixel of a share from −1 to 1, grey of what isn't a number.
 */
function networkColours(place) {
  const style = getComputedStyle(place);
  const colour = (name) => style.getPropertyValue(`--tl-${name}`).trim();
  const [below, middle, above, none] = ["s2", "bg", "s1", "muted"].map((name) => networkRgb(colour(name)));
  const shades = Uint32Array.from({ length: NETWORK_SHADES }, (_, place) => {
    const share = (2 * place) / (NETWORK_SHADES - 1) - 1;
    const end = share < 0 ? below : above;
    return networkPixel(middle.map((from, part) => from + (end[part] - from) * Math.abs(share)));
  });
  const grey = networkPixel(none);
  return {
    positive: colour("s1"),
    negative: colour("s2"),
    text: colour("text"),
    muted: colour("muted"),
    line: colour("grid"),
    back: colour("bg"),
    shade(share) {
      if (Number.isNaN(share)) return grey;
      return shades[Math.round((Math.min(Math.max(share, -1), 1) * 0.5 + 0.5) * (NETWORK_SHADES - 1))];
    },
  };
}

/** Return the least of 1, 2, 5 × 10ⁿ that isn't below a size. */
function networkRoundUp(size) {
  if (!(size > 0) || !Number.isFinite(size)) return 1;
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= size * (1 - 1e-9));
}

function networkRgb(hex) {
  return [1, 3, 5].map((place) => Number.parseInt(hex.slice(place, place + 2), 16));
}

/** A pixel as ImageData has it in memory, which is little-endian wherever browsers run. */
function networkPixel([red, green, blue]) {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

// Where the neurons of a network lie in its picture: a column a layer, cells that shrink, the outputs larger.

const NETWORK_HEAD = 20; // room above the columns, for the layers' names
const NETWORK_UNITS = 16; // of a layer, before "+48 more"
const NETWORK_PITCH = 26; // the least room of a unit, upwards
const NETWORK_PAD = 4;

/**
 * Lay out a network in so many pixels of width.
 * @param {number[]} widths from inputs to outputs
 * @param {number} width
 * @returns {{width: number, height: number, spacing: number, columns: object[], cells: object[]}} cells have
 *   `layer` (0: the inputs), `unit`, their middle `x`, `y` and their `size`
 */
export function networkLayout(widths, width) {
  const last = widths.length - 1;
  const shown = widths.map((units) => Math.min(units, NETWORK_UNITS));
  const tall = Math.max(Math.min(Math.max(width * 0.5, 240), 460), NETWORK_PITCH * Math.max(...shown));
  const largest = Math.min(Math.max(width * 0.22, 64), 200);
  const output = Math.min(largest, tall / shown[last] - 10);
  // Half a cell before the first column, and somewhat less than a whole one before the outputs.
  const spacing = (width - 2 * NETWORK_PAD - output) / (last + 0.1);
  const sizes = shown.map((units, layer) =>
    layer === last ? output : Math.max(8, Math.min(width > 900 ? 64 : 48, spacing * 0.6, tall / units - 9)),
  );
  const pitches = sizes.map((size, layer) => Math.min(size * 1.5, Math.max(tall / shown[layer], size + 9)));
  const height = Math.max(...shown.map((units, layer) => units * pitches[layer]));
  const columns = widths.map((total, layer) => {
    const x = layer === last ? width - NETWORK_PAD - output / 2 : NETWORK_PAD + sizes[0] / 2 + layer * spacing;
    const top = NETWORK_HEAD + (height - shown[layer] * pitches[layer]) / 2;
    return { layer, x, total, more: total - shown[layer], bottom: top + shown[layer] * pitches[layer] };
  });
  const cells = columns.flatMap(({ layer, x }) =>
    Array.from({ length: shown[layer] }, (_, unit) => ({
      layer,
      unit,
      x,
      y: NETWORK_HEAD + (height - shown[layer] * pitches[layer]) / 2 + (unit + 0.5) * pitches[layer],
      size: sizes[layer],
    })),
  );
  const more = columns.some((column) => column.more > 0) ? 18 : 0;
  return { width, height: NETWORK_HEAD + height + more, spacing, columns, cells };
}

/** Return the edges between cells that are shown: each from a cell to one of the next layer. */
export function networkEdges({ cells }) {
  return cells.flatMap((to) =>
    cells.filter((from) => from.layer === to.layer - 1).map((from) => ({ from, to })),
  );
}

/** Return the ends of an edge: x, y where it leaves the one cell, and where it comes to the other. */
function networkEdgeEnds({ from, to }) {
  return [from.x + from.size / 2, from.y, to.x - to.size / 2, to.y];
}

/** Return what lies under a point: `{cell}`, `{edge}`, or null. */
export function networkAt(layout, edges, x, y) {
  const cell = layout.cells.find(
    (each) => Math.abs(x - each.x) <= each.size / 2 && Math.abs(y - each.y) <= each.size / 2,
  );
  if (cell) return { cell };
  let nearest = null;
  let least = 6;
  for (const edge of edges) {
    const [fromX, fromY, toX, toY] = networkEdgeEnds(edge);
    if (x < fromX || x > toX) continue;
    const along = (x - fromX) / (toX - fromX);
    // The distance straight from the line, not upwards.
    const slope = Math.hypot(1, (toY - fromY) / (toX - fromX));
    const distance = Math.abs(y - (fromY + along * (toY - fromY))) / slope;
    if (distance < least) [nearest, least] = [edge, distance];
  }
  return nearest && { edge: nearest };
}

// What a network's colours, widths and dashes mean.

/** Make the legend; `show` brings it up to date. */
export function createNetworkLegend() {
  const line = (kind) => element("i", { class: `line ${kind}` });
  const shades = () => element("i", { class: "shades" });
  const texts = Array.from({ length: 5 }, () => element("span"));
  const [means, small, large, low, high] = texts;
  const row = (...parts) => element("span", { class: "row" }, ...parts);
  const node = element(
    "div",
    { class: "legend small" },
    row(line("plus"), "positive", line("minus"), "negative", line("none"), "0, or not a number"),
    row(means, line("plus thin"), small, line("plus thick"), large),
    row("neurons: below 0", shades(), "above 0; answer:", low, shades(), high),
  );
  return {
    node,
    /** Tell what edges carry, by its scale, and from where to where the answer's colours go. */
    show(carried, scale, { gradients, low: least, high: most, ended, broken }) {
      const says = {
        parameters: "weights; biases are the bars below neurons:",
        gradient: `∂L/∂w over ${gradients === "step" ? "the next step's examples" : "all examples"}, on a log scale:`,
        update: ended ? "no update, for the run has ended" : "what the next step adds, on a log scale:",
      };
      const ends = [scale.middle, scale.top, least, most].map((each) => formatNumber(each));
      if (broken) ends[3] += "; grey: not a number";
      [says[carried], ...ends].forEach((text, place) => {
        if (texts[place].textContent !== text) texts[place].textContent = text;
      });
    },
  };
}

// A network painted on a canvas: neurons as heat maps of what they compute, edges by what they carry.

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
