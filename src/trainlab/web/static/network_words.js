// What a network's picture shows, in words: names of its parts, and the numbers of a parameter and of a neuron.

import { formatNumber } from "./format.js";
import { networkEnds } from "./network_run.js";

/** Return the name of a weight as everywhere in trainlab: w2[1,3] goes to unit 1 of layer 2, from unit 3. */
export function weightName({ layer, unit }, source) {
  return `w${layer}[${unit + 1},${source + 1}]`;
}

/** Return the name of a bias: b2[1]. */
export function biasName({ layer, unit }) {
  return `b${layer}[${unit + 1}]`;
}

/** Return where a parameter stands in a row: the weight from unit `source`, or a bias; null if there is none. */
export function parameterPlace({ layers }, { layer, unit }, source = null) {
  if (!layer) return null;
  const { fan_in: sources, first_weight: weight, first_bias: bias } = layers[layer - 1];
  if (source !== null) return weight + unit * sources + source;
  return bias === null ? null : bias + unit;
}

/** Return the name of a unit: "unit 2 of layer 1", "input x1", "output 1". */
export function unitName({ layer, unit }, { layers, inputs }) {
  if (!layer) return `input ${inputs[unit]}`;
  if (layer < layers.length) return `unit ${unit + 1} of layer ${layer}`;
  return layers.at(-1).fan_out === 1 ? "the output" : `output ${unit + 1}`;
}

/** Return the numbers of a parameter: "weight 0.51, gradient −0.002, next update 4×10⁻⁵". */
export function parameterWords(kind, place, moment) {
  const [value, gradient, update] = parameterNumbers(place, moment);
  return `${kind} ${value}, gradient ${gradient}, ${update === "–" ? "no step follows" : `next update ${update}`}`;
}

/** Return the value of a parameter, its gradient, and its next update, "–" at the end of the run. */
export function parameterNumbers(place, { parameters, gradient, update, step, header }) {
  const numbers = [parameters, gradient, update].map((row) => plainNumber(row[place]));
  return step === header.of_steps ? [...numbers.slice(0, 2), "–"] : numbers;
}

/** Return the words of an edge: its name, its ends, its numbers. */
export function edgeWords({ from, to, place }, run, moment) {
  const ends = `from ${unitName(from, run)} to ${unitName(to, run)}`;
  return `${weightName(to, from.unit)}, ${ends}: ${parameterWords("weight", place, moment)}.`;
}

/** Return the words of a neuron: what it answers over the picture, and its bias. */
export function neuronWords(cell, run, moment) {
  const name = unitName(cell, run);
  const begin = name[0].toUpperCase() + name.slice(1);
  if (!cell.layer) return `${begin}.`;
  const { low, high } = networkEnds(run.picture(cell).values);
  const own = cell.place === null ? "no bias" : parameterWords(`bias ${biasName(cell)}`, cell.place, moment);
  const { activation } = run.layers[cell.layer - 1];
  // What outputs show are predictions: where these are something else, it is said what was made of them.
  const link = cell.layer === run.layers.length && run.link !== "identity" ? `, then ${run.link}` : "";
  return `${begin} (${activation}${link}): from ${plainNumber(low)} to ${plainNumber(high)} over the picture; ${own}.`;
}

/** Return a number; what isn't one is said to be none. */
export function plainNumber(value) {
  return Number.isNaN(value) ? "NaN" : formatNumber(value);
}
