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
