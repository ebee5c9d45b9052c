// Where the neurons of a network lie in its picture: a column a layer, cells that shrink, the outputs larger.

export const NETWORK_HEAD = 20; // room above the columns, for the layers' names
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
export function networkEdgeEnds({ from, to }) {
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
