// The microscope: both passes of one example at one step of one run, operation by operation, and every
// path from a weight to the loss.

import {
  announce,
  buttonElement,
  element,
  focusSeenFrom,
  setAttributes,
  setChildren,
} from "./dom.js";
import { widthsOf } from "./experiment_form.js";
import { formatCount } from "./format.js";
import { guessVeil } from "./guesses.js";
import { createScopeDrawing } from "./microscope_drawing.js";
import { createScopePaths } from "./microscope_paths.js";
import { knownValues, operationLines, weightNames, weightOrFirst } from "./microscope_steps.js";
import { openViewLane } from "./view_lane.js";

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
