// A user's own points: read from pasted text, rounded, and made the experiment's task.

import { formatCount } from "./dom.js";
import { widthsOf } from "./experiment_form.js";
import { withValue } from "./state.js";

const POINTS_MOST = 2_000; // examples written in an experiment, as the server allows
const POINTS_DECIMALS = 3;
const POINTS_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const POINTS_INDEX = "The first column has no name and counts the lines: it is left out.";

/** What is wrong with pasted text; the message names line and column. */
export class PointsError extends Error {}

/**
 * Read columns of numbers, the last of which is the target; it may have names of classes instead.
 * A first line without numbers is a header. Commas, semicolons, tabs or blanks part the cells, but not
 * inside quotes; where it isn't the comma, numbers may have a decimal comma. An empty last column is no
 * column, and one without a name that counts the lines is left out, which `left` says.
 * @param {string} text
 * @returns {{inputs: number[][], targets: number[], classes: string[], left: string}} of numbers no `classes`
 */
export function readPointsText(text) {
  const lines = text.split(/\r\n|\r|\n/).map((words, place) => ({ words, line: place + 1 }));
  const filled = lines.filter(({ words }) => words.trim());
  if (!filled.length) throw new PointsError("There is nothing to read: paste two columns or more.");
  const mark = pointsSeparator(filled[0].words);
  const titled = pointsTitled(pointsCells(filled[0].words, mark), mark);
  const count = filled.length - (titled ? 1 : 0);
  if (count > POINTS_MOST) {
    throw new PointsError(
      `There are ${formatCount(count)} examples; at most ${formatCount(POINTS_MOST)} are allowed. ` +
        "What is larger belongs in a file, as a task of the kind 'file'.",
    );
  }
  let rows = filled.map(({ words, line }) => ({ line, cells: pointsCells(words, mark) }));
  if (rows.every(({ cells }) => cells.length > 1 && !cells.at(-1))) {
    rows = rows.map(({ line, cells }) => ({ line, cells: cells.slice(0, -1) }));
  }
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
  const body = titled ? rows.slice(1) : rows;
  if (!body.length)
    throw new PointsError("There are column names, but no lines of numbers under them.");
  const index = titled && width > 2 && !rows[0].cells[0] && pointsCount(body);
  const inputs = body.map(({ cells, line }) =>
    cells.slice(0, -1).map((cell, column) => pointsNumber(cell, mark, line, column + 1)),
  );
  return {
    inputs: index ? inputs.map((row) => row.slice(1)) : inputs,
    ...pointsTargets(body, mark, width),
    left: index ? POINTS_INDEX : "",
  };
}

/**
 * Return what classes whole numbers would be, from the least to the greatest; null if these are none, or two:
 * one output tells those apart.
 * @param {number[]} targets
 * @returns {string[] | null}
 */
export function wholeClasses(targets) {
  const values = [...new Set(targets)].sort((one, other) => one - other);
  const each = values.every((value, place) => value === values[0] + place);
  return each && Number.isInteger(values[0]) && values.length > 2 ? values.map(String) : null;
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
  const bare = line.replace(/"[^"]*"/g, "");
  for (const mark of ["\t", ";", ","]) if (bare.includes(mark)) return mark;
  return "\\s+";
}

/** Part a line into its cells: a mark in quotes parts nothing, and two quotes within quotes are one. */
function pointsCells(line, mark) {
  const words = mark === "\t" ? line : line.trim();
  const quoted = words.includes('"');
  // A mark outside of quotes has an even number of them after it.
  const outside = quoted ? '(?=(?:[^"]*"[^"]*")*[^"]*$)' : "";
  return words.split(new RegExp(`${mark}${outside}`)).map((cell) => {
    const bare = cell.trim();
    return /^"([^"]|"")*"$/.test(bare) ? bare.slice(1, -1).replaceAll('""', '"').trim() : bare;
  });
}

/** Whether a line names the columns: no input of it is a number; one that has no name may be an index. */
function pointsTitled(cells, mark) {
  const inputs = cells.slice(0, -1);
  if (inputs.some((cell) => isPointsNumber(cell, mark))) return false;
  return inputs.some(Boolean) || (cells.at(-1) !== "" && !isPointsNumber(cells.at(-1), mark));
}

/** Whether the first column counts the lines, from 0 or from 1. */
function pointsCount(body) {
  const first = Number(body[0].cells[0]);
  return (
    (first === 0 || first === 1) &&
    body.every(({ cells }, place) => cells[0] === String(first + place))
  );
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
