// The microscope: both passes of one example at one step of one run, operation by operation, and every
// path from a weight to the loss.

import { openViewLane } from "./asking.js";
import {
  announce,
  buttonElement,
  element,
  focusSeenFrom,
  formatCount,
  formatNumber,
  setAttributes,
  setChildren,
  svgElement,
  tableElement,
  tableRow,
} from "./dom.js";
import { widthsOf } from "./experiment_form.js";
import { guessVeil } from "./guesses.js";

// The operations of both passes, one after the other: each with its formula and its numbers.

const SCOPE_DIGITS = 5; // Enough to follow by hand.

/** Return a number of the microscope. */
function scopeNumber(value) {
  return formatNumber(value, SCOPE_DIGITS);
}

/** Return a number as a factor: in brackets if it is negative. */
function bracketed(value) {
  return value < 0 ? `(${scopeNumber(value)})` : scopeNumber(value);
}

/**
 * Return a formula with numbers in the place of its names; null if it hasn't all of them.
 * @param {string} formula as "w1[1,1]·x[1] + b1[1]"
 * @param {[string, number][]} operands
 */
function withNumbers(formula, operands) {
  const named = new Map(operands);
  // The longest first: "∂L/∂z1[1]" before "z1[1]".
  const names = [...named.keys()].sort((one, other) => other.length - one.length);
  if (!names.length || !names.every((name) => formula.includes(name))) return null;
  const any = new RegExp(
    names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"),
    "g",
  );
  const filled = formula.replace(any, (name) => bracketed(named.get(name)));
  return filled.replaceAll("·", " · ").replaceAll("  ", " ");
}

/** Return the lines that say an operation: formula, then numbers, then the value. */
function operationLines({ result, formula, operands, value }) {
  const numbers = withNumbers(formula, operands);
  const found = scopeNumber(value);
  const lines = [`${result} = ${formula}`];
  if (numbers === null)
    lines.push(operands.map(([name, number]) => `${name} = ${scopeNumber(number)}`).join(", "));
  else if (formula !== operands[0][0]) lines.push(`= ${numbers}`);
  lines.push(`= ${found}`);
  return lines;
}

/** Return what is known after the first operations: the inputs, and each result by its name. */
function knownValues(steps, count) {
  const known = new Map();
  for (const { operands } of steps)
    for (const [name, value] of operands) if (/^x\[/.test(name)) known.set(name, value);
  for (const { result, value } of steps.slice(0, count)) known.set(result, value);
  return known;
}

/** Return the names of all weights and biases, layer by layer, of an answer. */
function weightNames({ network, backward }) {
  return backward.flatMap(({ bias }, before) => {
    const [sources, units] = network.widths.slice(before, before + 2);
    const named = (inside) => Array.from({ length: units }, (_, unit) => inside(unit + 1));
    const weights = named((unit) =>
      Array.from({ length: sources }, (_, source) => `w${before + 1}[${unit},${source + 1}]`),
    );
    return [...weights.flat(), ...(bias ? named((unit) => `b${before + 1}[${unit}]`) : [])];
  });
}

/** Return the weight if a network of these widths has it, else one of the first layer. */
function weightOrFirst(weight, widths) {
  const [, kind, layer, unit, , source = 1] =
    /^([wb])(\d+)\[(\d+)(,(\d+))?\]$/.exec(weight ?? "") ?? [];
  const known = kind && unit <= widths[layer] && source <= widths[layer - 1];
  return known && Number(layer) ? weight : `w1[1,${Math.min(widths[0], 2)}]`;
}

// A small drawing of a network for the microscope: a box a unit, with what is known so far.

const SCOPE_BOX = { width: 82, height: 34, down: 44, margin: 6 };
const SCOPE_ACROSS = { least: 108, most: 140, all: 870 }; // From layer to layer: deep ones are close.
const SCOPE_REM = 16; // So many units are as wide as a letter is high.
const SCOPE_MOST = { units: 14, layers: 10 }; // More can't be read.

/**
 * Return the drawing; `onPick(weight)` is told which line was clicked, as "w2[1,3]".
 * @param {{onPick: (weight: string) => void}} listeners
 */
function createScopeDrawing({ onPick }) {
  const label = "The network, with the numbers computed so far";
  const svg = svgElement("svg", { role: "img", "aria-label": label });
  let drawn = "";
  let parts = new Map(); // name, as "w2[1,3]" or "a1[2]" -> its elements

  function build(widths) {
    const { down, margin, width, height } = SCOPE_BOX;
    const { least, most: wide, all } = SCOPE_ACROSS;
    const across = Math.min(Math.max(all / (widths.length - 1), least), wide);
    const most = Math.max(...widths);
    const whole = (widths.length - 1) * across + width + 2 * margin;
    parts = new Map();
    setAttributes(svg, { viewBox: `0 0 ${whole} ${(most - 1) * down + height + 2 * margin}` });
    // As large as its text needs; what has no room is scrolled to.
    svg.style.width = `${whole / SCOPE_REM}rem`;

    const top = (layer, unit) => margin + (unit - 1 + (most - widths[layer]) / 2) * down;
    function line(layer, unit, source) {
      const name = `w${layer}[${unit},${source}]`;
      const x = margin + layer * across;
      const [from, to] = [top(layer - 1, source), top(layer, unit)].map((y) => y + height / 2);
      const d = `M${x - across + width},${from}L${x},${to}`;
      const seen = svgElement("path", { d, class: "edge" });
      const hit = svgElement("path", { d, class: "hit" });
      parts.set(name, { seen });
      return svgElement(
        "g",
        { click: () => onPick(name) },
        svgElement("title", {}, name),
        seen,
        hit,
      );
    }

    function box(layer, unit) {
      const [x, y] = [margin + layer * across, top(layer, unit)];
      const middle = { x: x + width / 2, "text-anchor": "middle" };
      const seen = svgElement("rect", { x, y, width, height, rx: 5, class: "unit" });
      const value = svgElement("text", { ...middle, y: y + 14 });
      const slope = svgElement("text", { ...middle, y: y + 28, class: "slope" });
      parts.set(layer ? `a${layer}[${unit}]` : `x[${unit}]`, { seen, value, slope });
      return svgElement("g", {}, seen, value, slope);
    }

    const units = widths.map((count) => Array.from({ length: count }, (_, place) => place + 1));
    const lines = units.flatMap((own, layer) =>
      layer
        ? own.flatMap((unit) => units[layer - 1].map((source) => line(layer, unit, source)))
        : [],
    );
    setChildren(
      svg,
      ...lines,
      ...units.flatMap((own, layer) => own.map((unit) => box(layer, unit))),
    );
  }

  return {
    node: svg,
    /**
     * Show the network; whether it can be drawn. `values` are the numbers known so far by their
     * names, `active` the names that the present operation is about, `path` those of a path.
     */
    show({ widths, values, active, weight, path }) {
      const layers = widths.length - 1;
      if (layers > SCOPE_MOST.layers || Math.max(...widths) > SCOPE_MOST.units) return false;
      if (drawn !== widths.join()) build(widths);
      drawn = widths.join();
      for (const [name, { seen, value, slope }] of parts) {
        const sum = name.replace("a", "z"); // Of an input or a weight, itself.
        const names = [name, sum, `∂L/∂${name}`, `∂L/∂${sum}`];
        const some = (set) => names.some((each) => set.has(each));
        seen.classList.toggle("active", some(active));
        seen.classList.toggle("on-path", some(path));
        seen.classList.toggle("chosen", name === weight);
        if (!value) continue;
        const told = (each, mark) => values.has(each) && mark + formatNumber(values.get(each));
        value.textContent = told(name, "") || told(sum, "z ") || "";
        slope.textContent = told(names[3], "δ ") || told(names[2], "∂ ") || "";
      }
      return true;
    },
  };
}

// Every path from a weight to the loss with its factors multiplied out, their sum beside the derivative
// computed in other ways, and what the optimizer makes of it.

const SCOPE_CHECKS = [
  ["paths", "Sum over all paths"],
  ["backward", "Backward pass"],
  ["autograd", "PyTorch's autograd"],
  ["central_difference", "Finite difference"],
];

/**
 * Make the tables; `onPath(names)` is told what lies on the path that is pointed at, [] if none is.
 * @param {{onPath: (names: string[]) => void}} listeners
 */
function createScopePaths({ onPath }) {
  const title = element("h3");
  const rows = element("tbody");
  const text = element("div", { class: "small" });
  const checks = element("tbody");
  const made = element("p");
  const formula = element("code");
  const scroll = { class: "scroll paths", tabindex: "0", role: "region", "aria-label": "Paths" };

  function pathRow({ through, factors, product }) {
    const begin = () => onPath([...through, ...factors.map((factor) => factor.formula)]);
    const end = () => onPath([]);
    const told = factors.map(
      ({ derivative, formula: from, value }) => `${derivative} = ${from} = ${scopeNumber(value)}`,
    );
    return element(
      "tr",
      { tabindex: "0", focus: begin, blur: end, mouseenter: begin, mouseleave: end },
      element("td", {}, through.join(" → ")),
      element(
        "td",
        { title: told.join("\n") },
        factors.map(({ value }) => bracketed(value)).join(" · "),
      ),
      element("td", { class: "number" }, scopeNumber(product)),
    );
  }

  return {
    node: element(
      "div",
      {},
      title,
      element("div", scroll, tableElement(rows, "Path", "Factors", "Product")),
      text,
      element("h3", {}, "The same derivative by other ways"),
      tableElement(checks),
      element("h3", {}, "What the optimizer makes of it"),
      made,
      formula,
    ),
    /** Show what an answer says of its weight. */
    show(header) {
      const { paths } = header;
      const found = SCOPE_CHECKS.filter(([name]) => typeof header.checks[name] === "number");
      const all = tableRow("Sum over all paths", "", scopeNumber(paths.sum));
      title.textContent = `Every path from ${header.weight} to the loss: ${paths.count_text}`;
      setChildren(rows, ...paths.listed.map(pathRow), all);
      setChildren(text, ...header.text.map((words) => element("p", {}, words)));
      setChildren(
        checks,
        // Every digit: they are to be compared.
        ...found.map(([name, words]) =>
          tableRow(words, String(header.checks[name]).replace("-", "−")),
        ),
      );
      made.textContent = header.made?.sentence ?? "The run has ended: there is no next step.";
      formula.textContent = header.made?.formula ?? "";
    },
  };
}

const SCOPE_HELP =
  "In a box: the output a (or z, before the activation); below it δ = ∂L/∂z (first ∂L/∂a). " +
  "Click a line to choose its weight.";

/**
 * Make the view.
 * @param {{state: object, ask: Function, listen: Function}} lab
 */
export function createMicroscopeView(lab) {
  const change = (part, how) => lab.state.change(part, how);
  const where = element("p", { class: "small muted" });
  const step = scopeField("step", "steps made before", 0, (value) => change({ step: value }));
  const far = element("input", {
    type: "range",
    min: 0,
    "aria-label": "steps made before, slider",
  });
  const point = scopeField("example", "example", 1, (value) => change({ point: value }));
  const weights = element("select", { id: "scope-weight" });
  const weight = scopeLabelled("weight", weights);
  const drawing = createScopeDrawing({ onPick: (weight) => change({ weight }) });
  const help = element("figcaption", { class: "small" }, SCOPE_HELP);
  const figure = element("figure", { class: "scroll scope" }, help, drawing.node);
  const at = element("p", { class: "small muted" });
  const lines = element("pre", { class: "operation" });
  const slider = element("input", { type: "range", min: 0, step: 1, "aria-label": "Operation" });
  const buttons = [
    ["|◀", "First operation", () => 0],
    ["◀ Back", null, () => shown.at - 1],
    ["Next ▶", null, () => shown.at + 1],
    ["Next layer", null, nextLayer],
    ["▶|", "Last operation", () => shown.steps.length - 1],
    ["The weight’s", "The operation that gives the weight's derivative", weightsPlace],
  ].map(([words, label, place]) =>
    buttonElement(words, () => go(place()), { "aria-label": label }),
  );
  const stepper = element(
    "div",
    { role: "group", "aria-label": "Operations; the arrow keys step", keydown: press },
    element("div", { class: "row" }, ...buttons, slider),
    at,
    lines,
  );
  const paths = createScopePaths({ onPath: follow });
  const lane = openViewLane(lab, "microscope", {
    body: element("div", {}, where, figure, stepper, paths.node),
    take: showAnswer,
  });
  const fields = element("div", { class: "pair scope-fields" }, step.node, point.node, weight);
  let known = ""; // The names in the list of weights.
  let shown = null; // {header, steps, at}
  let followed = new Set(); // The path that is pointed at.

  step.node.append(far);
  far.addEventListener("input", () => change({ step: Number(far.value) }, { dragging: true }));
  weights.addEventListener("change", () => change({ weight: weights.value }));
  slider.addEventListener("input", () => go(Number(slider.value)));

  function showAnswer(header) {
    const { steps, of_steps: all } = header;
    shown = { header, steps, at: 0 };
    followed = new Set();
    where.textContent =
      `Seed ${formatCount(header.seed)} after ${formatCount(header.step)} of ${formatCount(all)} ` +
      `steps (epoch ${formatCount(header.epoch)}); ${header.point}`;
    setAttributes(far, { max: all });
    far.value = String(header.step);
    const names = weightNames(header);
    const options = names.map((name) => element("option", { value: name }, name));
    if (names.join() !== known) setChildren(weights, ...options);
    known = names.join();
    weights.value = header.weight;
    paths.show(header);
    stepper.hidden = figure.hidden = !steps.length;
    if (steps.length) go(lab.state.now.operation, false);
  }

  function go(place, tell = true) {
    const last = shown.steps.length - 1;
    shown.at = Math.min(Math.max(place, 0), last);
    setAttributes(slider, { max: last });
    slider.value = String(shown.at);
    draw();
    if (!tell) return;
    announce(lines.textContent);
    // Kept in the address, but no step back is made of it.
    lab.state.change({ operation: shown.at }, { dragging: true });
  }

  function draw() {
    const { steps, header } = shown;
    const now = steps[shown.at];
    const count = `${formatCount(shown.at + 1)} of ${formatCount(steps.length)}`;
    at.textContent = `Operation ${count}: ${scopePhase(now)}`;
    lines.textContent = operationLines(now).join("\n");
    figure.hidden = !drawing.show({
      widths: header.network.widths,
      values: knownValues(steps, shown.at + 1),
      active: new Set([now.result, ...now.operands.map(([name]) => name)]),
      weight: header.weight,
      path: followed,
    });
  }

  function follow(names) {
    followed = new Set(names);
    if (shown.steps.length) draw();
  }

  function nextLayer() {
    const { phase, layer } = shown.steps[shown.at];
    const next = shown.steps.findIndex(
      (each, place) => place > shown.at && (each.phase !== phase || each.layer !== layer),
    );
    return next < 0 ? shown.steps.length - 1 : next;
  }

  function weightsPlace() {
    return shown.steps.findIndex(({ result }) => result === `∂L/∂${shown.header.weight}`);
  }

  function press(event) {
    if (event.target === slider) return;
    const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!by) return;
    event.preventDefault();
    go(shown.at + by);
  }

  return {
    name: "microscope",
    title: "Microscope",
    node: element(
      "div",
      {},
      guessVeil(),
      element("div", { class: "spoils" }, fields, lane.node),
    ),
    show(now) {
      step.set(now.step ?? 0);
      far.value = String(now.step ?? 0);
      point.set(now.point);
      lane.ask({
        ask: "microscope",
        experiment: now.a,
        seed: now.seed,
        step: now.step ?? 0, // The end has no next step to look at.
        point: now.point,
        weight: weightOrFirst(now.weight, widthsOf(now.a)),
      });
    },
  };
}

/** A labelled whole number from `least` on. */
function scopeField(name, label, least, onValue) {
  const input = element("input", { id: `scope-${name}`, type: "number", min: least, step: 1 });
  input.addEventListener("change", () => {
    const value = Number(input.value);
    if (Number.isSafeInteger(value) && value >= least) onValue(value);
  });
  return {
    node: scopeLabelled(label, input),
    set(value) {
      if (focusSeenFrom(input) !== input) input.value = String(value);
    },
  };
}

function scopeLabelled(label, input) {
  return element("div", { class: "field" }, element("label", { for: input.id }, label), input);
}

function scopePhase({ phase, layer, operation }) {
  if (phase === "loss") return operation;
  return `${phase === "by layer" ? "" : `${phase}, `}layer ${layer}, ${operation}`;
}
