// The forward pass: what each unit of a network answers at many points, computed from a row of parameters.

import { applyActivation } from "./activations.js";

/**
 * Make the pass of a network over points that stay the same; its arrays are used again by every call.
 *
 * `layers` are as a replay's header has them. Values lie unit after unit, each with its points: that of unit
 * i at point p stands at `i * points + p`. The pass returns one array a layer, [fan_out, points] each.
 * @param {{fan_in: number, fan_out: number, bias: boolean, activation: string}[]} layers
 * @param {Float64Array} inputs [features, points]
 * @param {number} points
 * @returns {(parameters: ArrayLike<number>) => Float64Array[]}
 */
export function createForwardPass(layers, inputs, points) {
  const values = layers.map(({ fan_out: units }) => new Float64Array(units * points));
  return (parameters) => {
    let column = 0;
    let before = inputs;
    layers.forEach(({ fan_in: sources, fan_out: units, bias, activation }, index) => {
      const sums = values[index];
      for (let unit = 0; unit < units; unit += 1) {
        const row = sums.subarray(unit * points, (unit + 1) * points);
        row.fill(bias ? parameters[column + sources * units + unit] : 0);
        for (let source = 0; source < sources; source += 1) {
          const weight = parameters[column + unit * sources + source];
          const first = source * points;
          for (let point = 0; point < points; point += 1) row[point] += weight * before[first + point];
        }
      }
      applyActivation(activation, sums, points);
      column += units * (sources + (bias ? 1 : 0));
      before = sums;
    });
    return values;
  };
}
