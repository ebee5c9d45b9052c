// The plane of inputs that neurons are pictured over: two of them, or the only one, the others at their mean.

import { formatNumber } from "./format.js";

const PLANE_MARGIN = 0.2;
const PLANE_SIDE = { least: 12, most: 40, work: 3e6 };

/**
 * Lay the points at which a network is asked.
 * @param {{values: ArrayLike<number>, shape: number[]}} examples inputs of the examples, [examples, features]
 * @param {number} parameters of the network: large ones are asked at fewer points
 * @param {number} across which input lies across
 * @param {number} up which one upwards
 */
export function createInputPlane({ values, shape: [count, features] }, parameters, across, up) {
  const column = (feature) => Array.from({ length: count }, (_, row) => values[row * features + feature]);
  const flat = features === 1;
  const room = Math.round(Math.sqrt(PLANE_SIDE.work / parameters));
  const side = Math.min(Math.max(room, PLANE_SIDE.least), PLANE_SIDE.most);
  const columns = flat ? 4 * side : side;
  const rows = flat ? 1 : side;
  const points = columns * rows;
  const x = planeRange(column(across));
  const y = flat ? null : planeRange(column(up));
  const inputs = new Float64Array(features * points);
  for (let feature = 0; feature < features; feature += 1) {
    const own = inputs.subarray(feature * points, (feature + 1) * points);
    if (feature === across) own.forEach((_, at) => (own[at] = x.at(((at % columns) + 0.5) / columns)));
    else if (feature === up) own.forEach((_, at) => (own[at] = y.at(1 - (Math.floor(at / columns) + 0.5) / rows)));
    else own.fill(planeMean(column(feature)));
  }
  return {
    inputs,
    points,
    columns,
    rows,
    flat,
    /** From where to where the two go. */
    words: [x, y].filter(Boolean).map(({ at }) => `from ${formatNumber(at(0))} to ${formatNumber(at(1))}`),
    /** Where the examples lie, from 0 to 1 from the left and from the top. */
    examples: Array.from({ length: count }, (_, row) => ({
      left: x.share(values[row * features + across]),
      top: flat ? null : 1 - y.share(values[row * features + up]),
    })),
  };
}

/** From where to where a picture goes, so that all examples lie within it. */
function planeRange(values) {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const margin = (most - least) * PLANE_MARGIN || 1;
  const low = least - margin;
  const span = most - least + 2 * margin;
  return { at: (share) => low + share * span, share: (value) => (value - low) / span };
}

function planeMean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
