// The plane of two settings: which there are, the values along an axis, and in which order cells are filled.

import { sliderEnds } from "./control.js";
import { kindOf, partAt, withField } from "./experiment_form.js";
import { withValue } from "./state.js";

const PLANE_DECADES = { number: 1.5, whole: 1 }; // so far an axis reaches to each side, where sizes matter

/**
 * Return the numbers of an experiment that an axis can be: `{path, field, value}` each.
 * @param {object} experiment
 * @param {object} schema
 */
export function planeSettings(experiment, schema) {
  const settings = [];
  for (const [part, { kinds }] of Object.entries(schema.parts)) {
    const held = partAt(experiment, part);
    const kind = kinds[kindOf(experiment, part, schema)];
    if (!kind?.fields || ("" in kinds && held === undefined)) continue;
    for (const field of kind.fields) {
      const value = held?.[field.name] ?? field.default;
      if (!["number", "whole"].includes(field.type) || typeof value !== "number" || field.name === "seed") continue;
      settings.push({ path: `${part === "init" ? "init.weight" : part}.${field.name}`, field, value });
    }
  }
  const field = { name: "epochs", type: "whole", default: schema.epochs };
  settings.push({ path: "epochs", field, value: experiment.epochs ?? schema.epochs });
  return settings;
}

/** Return the experiment with another value of a setting; undefined is the default. */
export function withSetting(experiment, path, value, schema) {
  const [part, ...names] = path.split(".");
  return names.length ? withField(experiment, part, names.at(-1), value, schema) : withValue(experiment, path, value);
}

/**
 * Return about `count` values around the present one, in order, the present one among them.
 * @param {{field: object, value: number}} setting
 * @param {number} count
 */
export function planeValues({ field, value }, count) {
  const [low, high, log] = sliderEnds(field);
  const whole = field.type === "whole";
  const tidy = (number) => (whole ? Math.round(Number(number.toPrecision(2))) : Number(number.toPrecision(2)));
  const middle = (count - 1) / 2;
  const { at_least: least = -Infinity, at_most: most = Infinity } = field.bounds ?? {};
  const ways = Array.from({ length: count }, (_, place) => {
    if (log && value > 0) return value * 10 ** (((place - middle) / middle) * PLANE_DECADES[field.type]);
    return low + ((high - low) * (place + 0.5)) / count; // never its ends: momentum 1 is none
  });
  const values = ways.map(tidy).filter((each) => each >= Math.max(least, whole ? 1 : -Infinity) && each <= most);
  // The present value takes the place of the nearest one.
  if (values.length) values[nearestPlace(values, value)] = value;
  else values.push(value);
  return [...new Set(values)].sort((one, other) => one - other);
}

/** Return the place of the value that is nearest to another one. */
export function nearestPlace(values, value) {
  const away = values.map((each) => Math.abs(each - value));
  return away.indexOf(Math.min(...away));
}

/**
 * Return all cells [x, y] in the order in which they are filled: every other one first, nearest first.
 * @param {number} columns
 * @param {number} rows
 * @param {[number, number]} here
 */
export function planeOrder(columns, rows, here) {
  const cells = [];
  for (let x = 0; x < columns; x += 1) for (let y = 0; y < rows; y += 1) cells.push([x, y]);
  const away = ([x, y]) => [Math.abs(x - here[0]), Math.abs(y - here[1])];
  const rank = (cell) => {
    const [across, up] = away(cell);
    return (across % 2 || up % 2 ? columns + rows : 0) + Math.hypot(across, up);
  };
  return cells.sort((one, other) => rank(one) - rank(other));
}
