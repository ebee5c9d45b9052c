// What a network's picture shows, in words: a neuron, an edge, and the numbers of all edges to one neuron.

import { formatNumber } from "./format.js";

/** Return the name of a weight as everywhere in trainlab: w2[1,3] goes to unit 1 of layer 2, from unit 3. */
export function weightName({ layer, unit }, source) {
  return `w${layer}[${unit + 1},${source + 1}]`;
}

/** Return the name of a bias: b2[1]. */
export function biasName({ layer, unit }) {
  return `b${layer}[${unit + 1}]`;
}

/** Return where the parameter stands in a row: of an edge from unit `source`; without one, the bias. */
export function parameterPlace(layers, { layer, unit }, source = null) {
  const { fan_in: sources, first_weight: weight, first_bias: bias } = layers[layer - 1];
  if (source !== null) return weight + unit * sources + source;
  return bias === null ? null : bias + unit;
}

/** Return the name of a unit: "unit 2 of layer 1", "input x1", "output 1". */
export function unitName({ layer, unit }, { layers, inputs }) {
  if (layer === 0) return `input ${inputs[unit]}`;
  if (layer < layers.length) return `unit ${unit + 1} of layer ${layer}`;
  return layers.at(-1).fan_out === 1 ? "the output" : `output ${unit + 1}`;
}

/** Return a parameter's numbers at a moment: "weight 0.51, gradient −0.002, next update 4×10⁻⁵". */
export function parameterWords(kind, place, moment) {
  const [value, slope, update] = [moment.parameters, moment.gradient, moment.update].map((row) =>
    plainNumber(row[place]),
  );
  const next = moment.step === moment.header.of_steps ? "no step follows" : `next update ${update}`;
  return `${kind} ${value}, gradient ${slope}, ${next}`;
}

/** Return a number; what isn't one is said to be none. */
export function plainNumber(value) {
  return Number.isNaN(value) ? "NaN" : formatNumber(value);
}
