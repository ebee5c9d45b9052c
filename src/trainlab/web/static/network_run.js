// What a network computes in one run: over the plane of its inputs, at any moment, and what its colours mean there.

import { formatNumber } from "./dom.js";

// The activations and links of trainlab/maths in JavaScript, float64: what pictures of neurons are computed with.

const ACTIVATION_SELU_ALPHA = 1.6732632423543772;
const ACTIVATION_SELU_SCALE = 1.0507009873554805;

/** Functions of one number, by name: the elementwise activations, then the links that aren't among them. */
const ACTIVATION_OF_ONE = {
  linear: (x) => x,
  tanh: Math.tanh,
  sigmoid: activationSigmoid,
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => ACTIVATION_SELU_SCALE * (x > 0 ? x : ACTIVATION_SELU_ALPHA * Math.expm1(x)),
  gelu: (x) => x * activationNormal(x),
  silu: (x) => x * activationSigmoid(x),
  softplus: (x) => (x > 20 ? x : Math.log1p(Math.exp(x))),
  hardtanh: (x) => Math.min(Math.max(x, -1), 1),
  sin: Math.sin,
  identity: (x) => x,
  exp: Math.exp,
  margin: (x) => Math.min(Math.max(0.5 * x + 0.5, 0), 1),
};

/** Those over all units of a layer, by name, with whether the logarithm is meant. */
const ACTIVATION_OVER_UNITS = { softmax: false, log_softmax: true };

/**
 * Put activations in the place of a layer's sums, which lie unit after unit, each with its `points`.
 * @param {string} name an activation, or a link
 * @param {Float64Array} values sums [units, points]
 * @param {number} points
 */
export function applyActivation(name, values, points) {
  if (name in ACTIVATION_OVER_UNITS) return activationSoftmax(values, points, ACTIVATION_OVER_UNITS[name]);
  values.forEach((sum, place) => (values[place] = ACTIVATION_OF_ONE[name](sum)));
}

function activationSoftmax(values, points, logarithm) {
  for (let point = 0; point < points; point += 1) {
    let largest = -Infinity;
    for (let at = point; at < values.length; at += points) largest = Math.max(largest, values[at]);
    let total = 0;
    for (let at = point; at < values.length; at += points) total += Math.exp(values[at] - largest);
    for (let at = point; at < values.length; at += points) {
      const below = values[at] - largest;
      values[at] = logarithm ? below - Math.log(total) : Math.exp(below) / total;
    }
  }
}

/** σ(x), with the digits of both tails. */
function activationSigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

/**
 * Φ(x), to twelve digits in both tails: near 0 its series, farther out the continued fraction of the tail
 * (Marsaglia, "Evaluating the Normal Distribution", Journal of Statistical Software 11, 2004).
 */
function activationNormal(x) {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  const size = Math.abs(x);
  if (size < 2.5) {
    let term = x;
    let sum = x;
    for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = size;
  for (let term = 40; term > 0; term -= 1) fraction = size + term / fraction;
  return x > 0 ? 1 - density / fraction : density / fraction;
}

// The forward pass: what each unit of a network answers at many points, computed from a row of parameters.

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

// The plane of inputs that neurons are pictured over: two of them, or the only one, the others at their mean.

const PLANE_MARGIN = 0.2;
const PLANE_SIDE = { least: 12, most: 40, work: 3e6 };

/**
 * Lay the points at which a network is asked.
 * @param {{values: ArrayLike<number>, shape: number[]}} examples inputs of the examples, [examples, features]
 * @param {number} parameters of the network: large ones are asked at fewer points
 * @param {number} across which input lies across
 * @param {number} up which one upwards
 */
function createInputPlane({ values, shape: [count, features] }, parameters, across, up) {
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
function networkEnds(values) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return { low, high, middle: (low + high) / 2, reach: (high - low) / 2 || 1 };
}

// What a network's picture shows, in words: names of its parts, and the numbers of a parameter and of a neuron.

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
function parameterWords(kind, place, moment) {
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
