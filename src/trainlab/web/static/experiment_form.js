// The experiment as the page holds it: plain data as in a study file, without what is as by default.

import { valueAt, withValue } from "./state.js";

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
