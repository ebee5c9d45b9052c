// The moments of one run that have come so far: all of it in even steps, and some stretches step by step.

const REPLAY_STRETCHES = 6; // kept beside the whole run

/** Make the store of a run's moments. */
export function createReplayFrames() {
  let parts = []; // the whole run first, then stretches, the newest last

  return {
    /** Begin with the frame of a whole run. */
    begin(header, arrays) {
      parts = [{ header, arrays }];
    },
    /** Add a stretch of the same run. */
    add(header, arrays) {
      parts = [parts[0], ...parts.slice(1).slice(1 - REPLAY_STRETCHES), { header, arrays }];
    },
    /** Return the moment at a step, or the nearest before it; `exact` says which. */
    find(step) {
      const found = parts.map((part) => ({ ...part, place: replayPlace(part.arrays.steps.values, step) }));
      const stepOf = ({ arrays, place }) => arrays.steps.values[place] ?? -1;
      const best = found.reduce((a, b) => (stepOf(b) > stepOf(a) ? b : a));
      return { exact: stepOf(best) === step, moment: replayMoment(best) };
    },
    /** Return the step of the first moment after one; the last if there is none. */
    after(step) {
      const { values } = parts[0].arrays.steps;
      return values[Math.min(replayPlace(values, step) + 1, values.length - 1)];
    },
  };
}

/** Return the moment at a place of a frame; `row(name)` is what one of its arrays holds of it. */
function replayMoment({ header, arrays, place }) {
  const row = (name) => {
    const { values, shape } = arrays[name];
    const size = values.length / shape[0];
    return values.subarray(place * size, (place + 1) * size);
  };
  const [[step], [loss], [rate]] = ["steps", "loss", "rate"].map(row);
  const [parameters, gradient, update] = ["parameters", "gradient", "update"].map(row);
  return { header, row, step, loss, rate, parameters, gradient, update };
}

/** Return the place of the last of ascending steps that isn't after one; −1 if all are. */
function replayPlace(steps, step) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
