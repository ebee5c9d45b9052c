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
