// What a network computes in one run: over the plane of its inputs, at any moment, and what its colours mean there.

import { applyActivation } from "./activations.js";
import { createForwardPass } from "./forward_pass.js";
import { createInputPlane } from "./input_plane.js";

/**
 * Make a run's network of the header and arrays of its replay.
 * @param {object} header
 * @param {object} arrays
 * @param {number[]} axes which inputs lie across and up
 */
export function createNetworkRun(header, arrays, axes) {
  const { layers } = header;
  const outputs = layers.at(-1).fan_out;
  const targets = arrays.example_targets.values;
  const plane = createInputPlane(arrays.example_inputs, arrays.parameters.shape[1], ...axes);
  const { points } = plane;
  const pass = createForwardPass(layers, plane.inputs, points);
  const predictions = new Float64Array(outputs * points);
  const answers = networkEnds(targets);
  if (plane.flat) answers.reach *= 1.25; // A curve may rise above the targets.
  let values = [];

  return {
    ...header,
    axes,
    plane,
    answers,
    widths: [layers[0].fan_in, ...layers.map((layer) => layer.fan_out)],
    /** Compute what all neurons answer with a row of parameters. */
    compute(parameters) {
      values = pass(parameters);
      predictions.set(values.at(-1));
      applyActivation(header.link, predictions, points);
    },
    /**
     * Return a cell's values over the plane, and what its colours mean: their middle and how far they reach.
     * Those of outputs are predictions, between the least target and the largest; of hidden units outputs
     * about 0; and of inputs themselves.
     */
    picture({ layer, unit }) {
      const own = (all) => all.subarray(unit * points, (unit + 1) * points);
      if (layer === layers.length) return { values: own(predictions), ...answers };
      if (!layer) return { values: own(plane.inputs), ...networkEnds(own(plane.inputs)) };
      const { low, high } = layers[layer - 1];
      return { values: own(values[layer - 1]), middle: 0, reach: Math.max(-low, high) || 1 };
    },
    /** Return the examples as they lie on cells, the outputs'; `share` is the colour of their target. */
    examplesOn(cells) {
      return cells.flatMap(({ unit, x, y, size }) =>
        plane.examples.map(({ left, top }, row) => {
          const share = (targets[row * outputs + unit] - answers.middle) / answers.reach;
          const mark = plane.flat ? 2 : Math.min(5, Math.max(1.5, size / 3 / Math.sqrt(plane.examples.length)));
          // Where inputs are left out, examples of both kinds may lie in one place: side by side they are seen.
          const aside = header.inputs.length > 2 ? Math.sign(share) * mark : 0;
          return {
            x: x + size * (left - 0.5) + aside,
            y: y + size * ((top ?? (1 - share) / 2) - 0.5),
            share,
            size: mark,
          };
        }),
      );
    },
  };
}

/** Return the least and the largest of some numbers, if any are, what lies between, and how far they reach from it. */
export function networkEnds(values) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return { low, high, middle: (low + high) / 2, reach: (high - low) / 2 || 1 };
}
