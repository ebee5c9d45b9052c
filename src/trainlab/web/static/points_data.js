// A user's own points: read from pasted text, rounded, and made the experiment's task.

import { widthsOf } from "./experiment_form.js";
import { formatCount } from "./format.js";
import { withValue } from "./state.js";

const POINTS_DECIMALS = 3;
const POINTS_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What is wrong with pasted text; the message names line and column. */
export class PointsError extends Error {}

/**
 * Read columns of numbers, the last of which is the target; it may have names of classes instead.
 * A first line without numbers is a header. Commas, semicolons, tabs or blanks part the cells;
 * where it isn't the comma, numbers may have a decimal comma.
 * @param {string} text
 * @returns {{inputs: number[][], targets: number[], classes: string[]}} of numbers no `classes`
 */
export function readPointsText(text) {
  const lines = text.split(/\r\n|\r|\n/).map((words, place) => ({ words, line: place + 1 }));
  const filled = lines.filter(({ words }) => words.trim());
  if (!filled.length) throw new PointsError("There is nothing to read: paste two columns or more.");
  const mark = pointsSeparator(filled[0].words);
  const rows = filled.map(({ words, line }) => ({ line, cells: pointsCells(words, mark) }));
  const width = rows[0].cells.length;
  if (width < 2) {
    throw new PointsError(
      `Line ${rows[0].line} has one column: two or more are needed, the last is the target.`,
    );
  }
  const uneven = rows.find(({ cells }) => cells.length !== width);
  if (uneven) {
    const first = `line ${rows[0].line} has ${width}`;
    throw new PointsError(
      `Line ${uneven.line} has ${pointsColumns(uneven.cells.length)}, but ${first}.`,
    );
  }
  const titled = rows[0].cells.slice(0, -1).every((cell) => cell && !isPointsNumber(cell, mark));
  const body = titled ? rows.slice(1) : rows;
  if (!body.length)
    throw new PointsError("There are column names, but no lines of numbers under them.");
  const inputs = body.map(({ cells, line }) =>
    cells.slice(0, -1).map((cell, column) => pointsNumber(cell, mark, line, column + 1)),
  );
  return { inputs, ...pointsTargets(body, mark, width) };
}

/** Return rows rounded, so that links stay short: to 3 decimals, columns of small numbers to 3 digits. */
export function roundPoints(rows) {
  const columns = rows[0]?.length ?? 0;
  const decimals = Array.from({ length: columns }, (_, column) => {
    const size = Math.max(...rows.map((row) => Math.abs(row[column])));
    return size > 0
      ? Math.max(POINTS_DECIMALS, POINTS_DECIMALS - 1 - Math.floor(Math.log10(size)))
      : 0;
  });
  // Adding 0 makes 0 of -0.
  return rows.map((row) =>
    row.map((value, column) => Number(value.toFixed(Math.min(decimals[column], 100))) + 0),
  );
}

/**
 * Return the experiment with these points as its task, and in words how the network follows them.
 * @param {object} experiment
 * @param {{inputs: number[][], targets: number[], classes?: string[]}} points
 */
export function withPoints(experiment, { inputs, targets, classes = [] }) {
  const task = { name: "points", inputs, targets };
  const many = classes.length > 2;
  if (many) task.kind = "classes";
  const before = widthsOf(experiment);
  const widths = [...before];
  widths[0] = inputs[0].length;
  widths[widths.length - 1] = many
    ? classes.length
    : Array.isArray(targets[0])
      ? targets[0].length
      : 1;
  const said = [];
  if (widths[0] !== before[0]) said.push(`begins with ${pointsCounted(widths[0], "input")}`);
  if (widths.at(-1) !== before.at(-1))
    said.push(`ends with ${pointsCounted(widths.at(-1), "output")}`);
  const made = withValue(experiment, "task", task);
  return {
    experiment: said.length ? withValue(made, "network.widths", widths) : made,
    words: said.length ? `The network now ${said.join(" and ")}, as the data do.` : "",
  };
}

/** Return points as lines of text that can be read again. */
export function pointsText({ inputs, targets }) {
  return inputs.map((row, place) => [...row, ...[targets[place]].flat()].join(", ")).join("\n");
}

function pointsSeparator(line) {
  for (const mark of ["\t", ";", ","]) if (line.includes(mark)) return mark;
  return /\s+/;
}

function pointsCells(line, mark) {
  const words = mark === "\t" ? line : line.trim();
  return words.split(mark).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

function isPointsNumber(cell, mark) {
  return POINTS_NUMBER.test(mark === "," ? cell : cell.replace(",", "."));
}

function pointsNumber(cell, mark, line, column) {
  const value = Number(mark === "," ? cell : cell.replace(",", "."));
  if (isPointsNumber(cell, mark) && Number.isFinite(value)) return value;
  const what = cell ? `“${cell.slice(0, 40)}” isn't a number` : "there is nothing";
  throw new PointsError(`Line ${line}, column ${column}: ${what}.`);
}

function pointsTargets(body, mark, width) {
  const numeric = body.filter(({ cells }) => isPointsNumber(cells.at(-1), mark)).length;
  const empty = body.find(({ cells }) => !cells.at(-1));
  if (numeric || empty) {
    return {
      targets: body.map(({ cells, line }) => pointsNumber(cells.at(-1), mark, line, width)),
      classes: [],
    };
  }
  const classes = [...new Set(body.map(({ cells }) => cells.at(-1)))].sort();
  if (classes.length < 2) {
    throw new PointsError(
      `Column ${width}: “${classes[0].slice(0, 40)}” is the only target; there must be two.`,
    );
  }
  return { targets: body.map(({ cells }) => classes.indexOf(cells.at(-1))), classes };
}

function pointsCounted(count, what) {
  return `${formatCount(count)} ${what}${count === 1 ? "" : "s"}`;
}

function pointsColumns(count) {
  return pointsCounted(count, "column");
}
