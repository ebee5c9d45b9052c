// Axes: where a value lies in a picture, and which values are written beside it.

/**
 * Return an axis from `low` to `high` between the places `from` and `to`, on a log scale if `log` is
 * set. Values beyond its ends lie at the ends.
 * @param {{low: number, high: number, from: number, to: number, log?: boolean}} axis
 */
export function chartScale({ low, high, from, to, log = false }) {
  const size = log ? Math.log10 : (value) => value;
  const [least, most] = [size(low), size(high)];
  return {
    /** The place of a value. */
    place(value) {
      const share = value > 0 || !log ? (size(value) - least) / (most - least) : 0;
      return from + (to - from) * Math.min(Math.max(Number.isNaN(share) ? 1 : share, 0), 1);
    },
    /** The value at a place. */
    value(place) {
      const share = Math.min(Math.max((place - from) / (to - from), 0), 1);
      const found = least + share * (most - least);
      return log ? 10 ** found : found;
    },
    ticks: log ? powersBetween(least, most) : roundBetween(low, high),
  };
}

function powersBetween(least, most) {
  const powers = [];
  const step = Math.max(1, Math.ceil((most - least) / 6));
  for (let power = Math.ceil(least - 1e-9); power <= most + 1e-9; power += step) {
    powers.push(10 ** power);
  }
  return powers;
}

function roundBetween(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
  const ticks = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high * (1 + 1e-9); count += 1) {
    ticks.push(Number((count * step).toPrecision(12)));
  }
  return ticks;
}
