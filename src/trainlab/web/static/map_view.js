// Map: how often it is solved around here, in the plane of two settings; filled in while nothing else is asked.

import { sliderEnds } from "./control.js";
import {
  element,
  focusSeenFrom,
  formatCount,
  formatNumber,
  formatShare,
  setAttributes,
  setChildren,
} from "./dom.js";
import { kindOf, partAt, withField } from "./experiment_form.js";
import { guessVeil } from "./guesses.js";
import { withValue } from "./state.js";

// The plane of two settings: which there are, the values along an axis, and in which order cells are filled.

const PLANE_DECADES = { number: 1.5, whole: 1 }; // so far an axis reaches to each side, where sizes matter

/**
 * Return the numbers of an experiment that an axis can be: `{path, field, value}` each.
 * @param {object} experiment
 * @param {object} schema
 */
function planeSettings(experiment, schema) {
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
function withSetting(experiment, path, value, schema) {
  const [part, ...names] = path.split(".");
  return names.length ? withField(experiment, part, names.at(-1), value, schema) : withValue(experiment, path, value);
}

/**
 * Return about `count` values around the present one, in order, the present one among them.
 * @param {{field: object, value: number}} setting
 * @param {number} count
 */
function planeValues({ field, value }, count) {
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
function nearestPlace(values, value) {
  const away = values.map((each) => Math.abs(each - value));
  return away.indexOf(Math.min(...away));
}

/**
 * Return all cells [x, y] in the order in which they are filled: every other one first, nearest first.
 * @param {number} columns
 * @param {number} rows
 * @param {[number, number]} here
 */
function planeOrder(columns, rows, here) {
  const cells = [];
  for (let x = 0; x < columns; x += 1) for (let y = 0; y < rows; y += 1) cells.push([x, y]);
  const away = ([x, y]) => [Math.abs(x - here[0]), Math.abs(y - here[1])];
  const rank = (cell) => {
    const [across, up] = away(cell);
    return (across % 2 || up % 2 ? columns + rows : 0) + Math.hypot(across, up);
  };
  return cells.sort((one, other) => rank(one) - rank(other));
}

const MAP_SEEDS = 32;
const MAP_PIECE = 6; // cells of one question: a short one, so that a knob needn't wait for it
const MAP_QUIET = 1000; // milliseconds since the last answer
const MAP_SIZES = [5, 9, 13];
const MAP_FIRST = ["optimizer.lr", "init.weight.std", "init.weight.val", "epochs", "optimizer.momentum"];

/**
 * Make the view.
 * @param {object} lab
 */
export function createMapView(lab) {
  const { state, schema } = lab;
  const along = createMapMenu("across", (path) => choose("x", path));
  const up = createMapMenu("up", (path) => choose("y", path));
  const size = createMapMenu("cells", (count) => choose("cells", Number(count)));
  const centre = element("button", { type: "button", click: anew }, "Centre here");
  const words = element("p", { class: "small", role: "status" });
  const table = element("table", { class: "plane", role: "grid", keydown: press });
  const node = element(
    "div",
    {},
    guessVeil(),
    element(
      "div",
      { class: "spoils" },
      element("div", { class: "row small" }, along.node, up.node, size.node, centre),
      words,
      element("figure", { class: "scroll" }, table),
    ),
  );
  const known = new Map(); // "x|y" -> {k, n, words}: what is known of the values x and y
  let base = ""; // what the cells are about: all but the two settings
  let grid = null; // {x, y, order}: the axes with their values, and the cells in the order of filling
  let cells = []; // the table's cells, by x and y
  let here = [0, 0]; // the cell of the present place
  let onCell = true; // whether the present values are just the cell's
  let cursor = [0, 0];
  let timer = null;
  let piece = MAP_PIECE;
  let asking = false;
  let answering = true; // whether the page's answer is on its way

  function axesOf(now) {
    const settings = planeSettings(now.a, schema);
    const find = (path) => settings.find((each) => each.path === path);
    const usual = [...MAP_FIRST.map(find).filter(Boolean), ...settings];
    const x = find(now.plane?.x) ?? usual[0];
    const y = find(now.plane?.y === x.path ? null : now.plane?.y) ?? usual.find((each) => each.path !== x.path);
    const count = MAP_SIZES.includes(now.plane?.cells) ? now.plane.cells : 9;
    return { settings, x, y, count };
  }

  function choose(name, value) {
    const { x, y, count } = axesOf(state.now);
    const plane = { x: x.path, y: y.path, cells: count, [name]: value };
    if (plane.x === plane.y) [plane.x, plane.y] = [y.path, x.path];
    state.change({ plane });
  }

  function layOut(now) {
    const { settings, x, y, count } = axesOf(now);
    const paths = settings.map(({ path }) => path);
    along.show(paths, x.path);
    up.show(paths, y.path);
    size.show(MAP_SIZES.map(String), String(count), (each) => `${each} × ${each}`);
    const plain = withSetting(withSetting(now.a, x.path, undefined, schema), y.path, undefined, schema);
    const about = JSON.stringify([plain, now.first, x.path, y.path, count]);
    if (about !== base) {
      known.clear();
      piece = MAP_PIECE;
    }
    const outside = ({ value }, { values }) => value < values[0] || value > values.at(-1);
    if (about !== base || !grid || outside(x, grid.x) || outside(y, grid.y)) {
      grid = { x: { path: x.path, values: planeValues(x, count) }, y: { path: y.path, values: planeValues(y, count) } };
      cursor = null;
      makeTable();
    }
    base = about;
    here = [nearestPlace(grid.x.values, x.value), nearestPlace(grid.y.values, y.value)];
    onCell = grid.x.values[here[0]] === x.value && grid.y.values[here[1]] === y.value;
    cursor ??= here;
    grid.order = planeOrder(grid.x.values.length, grid.y.values.length, here);
    paint();
  }

  /** Lay the axes out anew around the present place. */
  function anew() {
    grid = null;
    layOut(state.now);
    hush();
  }

  function makeTable() {
    const { x, y } = grid;
    cells = x.values.map(() => []);
    const rows = y.values.map((value, row) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, formatNumber(value)),
        ...x.values.map((_, column) => {
          const place = [column, row];
          cells[column][row] = element("td", { role: "gridcell", click: () => go(place), mouseenter: () => tell(place) });
          return cells[column][row];
        }),
      ),
    );
    table.style.minWidth = `${1.75 * x.values.length + 3.6}rem`; // Below it scrolls.
    setChildren(
      table,
      element(
        "caption",
        {},
        `Percent of ${MAP_SEEDS} seeds solved. Up: ${mapLabel(y.path)}. Across: ${mapLabel(x.path)}. `,
        "Choose a cell to go there.",
      ),
      ...rows.reverse(),
      element("tr", {}, element("td"), ...x.values.map((value) => element("th", { scope: "col" }, formatNumber(value)))),
    );
  }

  function found([column, row]) {
    return known.get(`${grid.x.values[column]}|${grid.y.values[row]}`);
  }

  function paint() {
    cells.forEach((line, column) =>
      line.forEach((cell, row) => {
        const told = found([column, row]);
        const solved = told && told.k >= 0;
        const step = solved ? Math.round((10 * told.k) / told.n) : null;
        cell.style.background = solved ? `var(--tl-h${step})` : "";
        cell.style.color = solved ? `var(--tl-t${step})` : "";
        cell.textContent = solved ? formatShare(told.k / told.n).replace(" %", "") : told ? "×" : "";
        setAttributes(cell, {
          "aria-label": cellWords([column, row]),
          "aria-current": column === here[0] && row === here[1] ? "location" : null,
          tabindex: column === cursor[0] && row === cursor[1] ? "0" : "-1",
        });
      }),
    );
    if (!table.contains(focusSeenFrom(table))) tell(here);
  }

  function cellWords([column, row]) {
    const { x, y } = grid;
    const near = column !== here[0] || row !== here[1] ? "" : onCell ? ", where you are" : ", nearest to where you are";
    const across = `${mapLabel(x.path)} ${formatNumber(x.values[column])}`;
    const place = `${across}, ${mapLabel(y.path)} ${formatNumber(y.values[row])}${near}`;
    const told = found([column, row]);
    if (!told) return `${place}: not known yet`;
    if (told.k < 0) return `${place}: ${told.words}`;
    return `${place}: ${formatCount(told.k)} of ${formatCount(told.n)} seeds solve it`;
  }

  function tell(cell) {
    words.textContent = `${cellWords(cell)}.${progressWords()}`;
  }

  function progressWords() {
    const left = grid.order.filter((cell) => !found(cell)).length;
    return left ? ` Computing: ${formatCount(grid.order.length - left)} of ${formatCount(grid.order.length)} cells.` : "";
  }

  function go([column, row]) {
    cursor = [column, row];
    const moved = withSetting(state.now.a, grid.x.path, grid.x.values[column], schema);
    state.change({ a: withSetting(moved, grid.y.path, grid.y.values[row], schema), step: null });
  }

  function press(event) {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === "Enter" || event.key === " ") go(cursor);
    else if (!step) return;
    event.preventDefault();
    if (!step) return;
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    const { x, y } = grid;
    cursor = [within(cursor[0] + step[0], x.values.length), within(cursor[1] + step[1], y.values.length)];
    paint();
    cells[cursor[0]][cursor[1]].focus();
    tell(cursor);
  }

  /** Ask for the next few cells, if the view is seen and nothing else is going on. */
  function fill() {
    if (answering || !grid || !table.offsetParent) return;
    const missing = grid.order.filter((cell) => !found(cell)).slice(0, piece);
    if (!missing.length) return;
    const { x, y } = grid;
    asking = true;
    const { a: experiment, first: first_seed } = state.now;
    lab.ask("plane", { ask: "plane", experiment, x, y, cells: missing, first_seed, seeds: MAP_SEEDS });
  }

  /** Give up what is asked, and wait until nothing else is going on. */
  function hush() {
    if (asking) lab.cancel("plane");
    asking = false;
    waitForQuiet();
  }

  function waitForQuiet() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      fill();
    }, MAP_QUIET);
  }

  lab.listen("answer", (header) => {
    answering = !header.last;
    if (header.last) waitForQuiet();
  });

  state.subscribe((now, before) => {
    const asked = ({ a, first, seeds }) => JSON.stringify([a, first, seeds]);
    if (asked(now) !== asked(before)) answering = true;
  });

  lab.listen("plane", (header, arrays) => {
    asking = !header.last;
    if (header.kind === "error") {
      words.textContent = header.message;
      // Several cells may be too much for one question.
      if (piece > 1) {
        piece = 1;
        fill();
      }
      return;
    }
    const places = arrays.cells.values;
    const why = new Map(header.refused.map(({ cell, words: said }) => [cell.join(), said]));
    arrays.k.values.forEach((k, place) => {
      const [column, row] = places.slice(2 * place, 2 * place + 2);
      const values = `${header.x.values[column]}|${header.y.values[row]}`;
      known.set(values, { k, n: header.n, words: why.get(`${column},${row}`) });
    });
    paint();
    if (header.last && timer === null) fill();
  });

  return {
    name: "map",
    title: "Map",
    node,
    show(now, before) {
      const about = (at) => JSON.stringify([at.a, at.first, at.seeds, at.plane, at.view]);
      if (before && before !== now && about(before) === about(now)) return;
      layOut(now);
      hush();
    },
  };
}

function mapLabel(path) {
  return path.replaceAll(/[._]/g, " ");
}

/** A menu of an axis: `show(names, chosen)` fills it. */
function createMapMenu(label, onInput) {
  const input = element("select", { change: () => onInput(input.value) });
  let filled = "";
  return {
    node: element("label", {}, `${label} `, input),
    show(names, chosen, words = mapLabel) {
      const options = names.map((name) => element("option", { value: name }, words(name)));
      if (names.join() !== filled) setChildren(input, ...options);
      filled = names.join();
      input.value = chosen;
    },
  };
}
