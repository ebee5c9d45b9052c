// An experiment in the page's form: what its parts are, read strictly, edited, and fitted to its task.

import { valueAt, withValue } from "./state.js";

// The experiment as the page holds it: plain data as in a study file, without what is as by default.

/** Return the name of the kind that a part has: "adam". Written short, "mse", it means its defaults. */
export function kindOf(experiment, part, schema) {
  const held = partAt(experiment, part);
  if (typeof held === "string") return held;
  return held?.name ?? schema.parts[part].default;
}

/** Return the fields of a part as plain data. */
export function partAt(experiment, part) {
  const held = valueAt(experiment, part === "init" ? "init.weight" : part);
  if (part !== "init" || held !== undefined) return held;
  // A scheme alone is that of the weights.
  return typeof experiment.init === "string" || experiment.init?.name ? experiment.init : undefined;
}

/** Return the experiment with another kind of a part; fields that both have are kept, those without a default begin. */
export function withKind(experiment, part, kind, schema) {
  const before = partAt(experiment, part);
  const kept = { name: kind };
  for (const field of schema.parts[part].kinds[kind].fields) {
    const value = typeof before === "object" ? before[field.name] : undefined;
    if (value !== undefined) kept[field.name] = value;
    else if (field.start !== undefined) kept[field.name] = field.start;
  }
  return withPart(experiment, part, kept);
}

/** Return the experiment with another value of a field of a part. */
export function withField(experiment, part, name, value, schema) {
  const held = partAt(experiment, part);
  const kind = kindOf(experiment, part, schema);
  const named = kind === "" ? {} : { name: kind };
  const fields = typeof held === "object" && !Array.isArray(held) ? { ...named, ...held } : named;
  return withPart(experiment, part, withValue(fields, name, value));
}

/** Return the experiment with a change's edits made, as [path, value]. */
export function withEdits(experiment, edits, schema) {
  const named = edits.filter(([path]) => path.endsWith(".name"));
  let edited = experiment;
  for (const [path, value] of named) edited = withKind(edited, path.slice(0, -".name".length), value, schema);
  for (const [path, value] of edits) {
    if (path.endsWith(".name")) continue;
    const kinds = schema.parts[path]?.kinds;
    if (kinds && value in kinds) edited = withKind(edited, path, value, schema);
    else edited = withValue(edited, path, value);
  }
  return edited;
}

/** Whether an experiment has what a change's edits would make of it. */
export function hasEdits(experiment, edits, schema) {
  return edits.every(([path, value]) => {
    const part = path.split(".")[0];
    if (path in schema.parts) return kindOf(experiment, path, schema) === value;
    if (path.endsWith(".name")) return kindOf(experiment, part, schema) === value;
    if (path === "network.activation") return activationsOf(experiment).hidden === value;
    const held = valueAt(experiment, path);
    return JSON.stringify(held === undefined ? defaultAt(path, schema) : held) === JSON.stringify(value);
  });
}

/** Return the activation of the hidden layers and of the last one (null: as the others). */
function activationsOf(experiment) {
  const { activation = "tanh", output_activation: output = null } = experiment.network;
  if (!Array.isArray(activation)) return { hidden: activation, output };
  return { hidden: activation[0], output: activation.at(-1) };
}

/** Return the widths from inputs to outputs, whichever way they are written. */
export function widthsOf(experiment) {
  const widths = typeof experiment.network === "string" ? experiment.network : experiment.network.widths;
  return typeof widths === "string" ? widths.split("-").map(Number) : widths;
}

function withPart(experiment, part, held) {
  if (part !== "init") return withValue(experiment, part, Object.keys(held).length ? held : undefined);
  const before = typeof experiment.init === "object" && !experiment.init.name ? experiment.init : {};
  return withValue(experiment, "init", { ...before, weight: held });
}

function defaultAt(path, schema) {
  if (path === "epochs") return schema.epochs;
  if (path === "network.output_activation") return null;
  return undefined;
}

// An experiment that comes from outside, as in a link: brought into the form that the page holds.

/**
 * Return plain data in the page's form: the network a table with its `widths`, parts tables with their `name`.
 * Whatever `Experiment.from_dict` reads has that form; null means that this can be no experiment. Values aren't
 * judged: what is wrong with them the server says at their controls.
 * @param {unknown} data
 * @param {object} schema
 * @returns {object | null}
 */
export function experimentInForm(data, schema) {
  if (!isTable(data)) return null;
  const experiment = { ...data };
  const { network } = data;
  experiment.network = networkInForm(isTable(network) ? network : { widths: network });
  const { init } = data;
  if (typeof init === "string" || init?.name) experiment.init = { weight: init };
  if (experiment.init !== undefined && !isTable(experiment.init)) return null;
  for (const [part, { kinds }] of Object.entries(schema.parts)) {
    const [holder, name] = part === "init" ? [experiment.init, "weight"] : [experiment, part];
    if (holder?.[name] === undefined) continue;
    const formed = partInForm(holder[name], kinds);
    if (formed === null) return null;
    if (part === "init") experiment.init = { ...experiment.init, weight: formed };
    else experiment[part] = formed;
  }
  const { task } = experiment;
  if (!experiment.network || (task?.name === "points" && !arePoints(task))) return null;
  return experiment;
}

function isTable(data) {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function networkInForm(network) {
  const { widths } = network;
  if (typeof widths === "string") {
    // Other words stay, as they do in the control: the server says what is wrong with them.
    const whole = /^\s*\d{1,9}(-\d{1,9})+\s*$/.test(widths);
    return whole ? { ...network, widths: widths.split("-").map(Number) } : network;
  }
  return Array.isArray(widths) && widths.length > 0 && widths.every(isWidth) ? network : null;
}

function isWidth(width) {
  return typeof width === "number" || typeof width === "string";
}

/** A part by its name alone, or by a field that only one kind has, as {within: 0.1}, gets its name. */
function partInForm(part, kinds) {
  if (typeof part === "string") return { name: part };
  if (Array.isArray(part)) {
    const layers = part.map((layer) => partInForm(layer, kinds)); // an init's
    return layers.includes(null) ? null : layers;
  }
  if (!isTable(part)) return null;
  if ("" in kinds || typeof part.name === "string") return part;
  if (part.name !== undefined) return null;
  const meant = Object.keys(kinds).find(
    (kind) => kind in part && kinds[kind].fields.some(({ name }) => name === kind),
  );
  return meant ? { name: meant, ...part } : part;
}

/** Whether points can be shown: rows of as many numbers, and as many targets. */
function arePoints({ inputs, targets }) {
  if (!Array.isArray(inputs) || !Array.isArray(targets)) return false;
  const width = inputs[0]?.length;
  const isRow = (row) => Array.isArray(row) && row.every((value) => typeof value === "number");
  return (
    inputs.length === targets.length &&
    width > 0 &&
    inputs.every((row) => isRow(row) && row.length === width) &&
    targets.every((target) => typeof target === "number" || isRow(target))
  );
}

// A chosen task has the network and the goal follow: inputs, outputs, and what counts as solved.

const TASK_RIGHT = 0.95;

/**
 * Return the experiment as its task needs it, and in words what was changed for that; "" if nothing was.
 * Of another kind of task than `before` the goal follows, too: every answer near its target for a table
 * and a regression, nearly all classes right for points that are drawn at random.
 */
export function fittedToTask(experiment, before, schema) {
  const kind = kindOf(experiment, "task", schema);
  const shape = schema.tasks[kind];
  if (!shape) return { experiment, said: "" };
  const task = partAt(experiment, "task");
  const size = (value) => (typeof value === "string" ? taskField(task, value, kind, schema) : value);
  const classes = size(shape.classes);
  const outputs = classes === null ? 1 : classes > 2 || taskField(task, "one_hot", kind, schema) ? classes : 1;
  const widths = [size(shape.inputs), ...widthsOf(experiment).slice(1, -1), outputs];
  const said = [];
  let fitted = experiment;
  if (widths.join() !== widthsOf(experiment).join() && widths.every(Number.isInteger)) {
    fitted = withValue(fitted, "network.widths", widths);
    said.push(`The network follows the data: ${widths.join("-")}.`);
  }
  if (kind !== kindOf(before, "task", schema)) {
    const wanted = classes === null || shape.table ? undefined : { name: "accuracy", accuracy: TASK_RIGHT };
    if (JSON.stringify(wanted) !== JSON.stringify(fitted.solved)) {
      fitted = withValue(fitted, "solved", wanted);
      const goal = wanted ? `${100 * TASK_RIGHT} % of the classes right` : "every answer near its target";
      said.push(`Solved now means ${goal}; it stands under More.`);
    }
  }
  return { experiment: fitted, said: said.join(" ") };
}

function taskField(task, name, kind, schema) {
  if (typeof task === "object" && task[name] !== undefined) return task[name];
  return schema.parts.task.kinds[kind].fields.find((field) => field.name === name)?.default;
}
