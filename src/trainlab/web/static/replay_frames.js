// The moments of one run that have come so far: all of it in even steps, and some stretches step by step.

const REPLAY_STRETCHES = 6; // kept beside the whole run
const REPLAY_BYTES = 4e6;
const REPLAY_FRAMES = 480;

/** Return how many moments of a network with so many parameters are asked for at once. */
export function replayCount(parameters) {
  return Math.min(Math.max(Math.floor(REPLAY_BYTES / (12 * parameters + 400)), 8), REPLAY_FRAMES);
}

/** Make the store of a run's moments. */
export function createReplayFrames() {
  let parts = []; // the whole run first, then stretches, the newest last

  function momentOf({ header, arrays }, place) {
    const row = (name) => {
      const { values, shape } = arrays[name];
      const size = shape.slice(1).reduce((product, each) => product * each, 1);
      return values.subarray(place * size, (place + 1) * size);
    };
    return {
      step: arrays.steps.values[place],
      loss: arrays.loss.values[place],
      rate: arrays.rate.values[place],
      header,
      row,
      parameters: row("parameters"),
      gradient: row("gradient"),
      update: row("update"),
    };
  }

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
      let found = null;
      for (const part of parts) {
        const { values } = part.arrays.steps;
        const place = replayPlace(values, step);
        if (place >= 0 && (!found || values[place] > found.step)) found = { part, place, step: values[place] };
      }
      return found && { exact: found.step === step, moment: momentOf(found.part, found.place) };
    },
    /** Return the step of the first moment after one; the last if there is none. */
    after(step) {
      const { values } = parts[0].arrays.steps;
      return values[Math.min(replayPlace(values, step) + 1, values.length - 1)];
    },
    /** Return the first step from one on, of so many, that hasn't come; null if all have. */
    missing(step, count) {
      for (let each = step; each < step + count; each += 1) if (!this.find(each)?.exact) return each;
      return null;
    },
  };
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
