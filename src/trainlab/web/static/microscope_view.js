// The microscope: both passes of one example at one step of one run, operation by operation, and every path
// from a weight to the loss.

import { createControl } from "./control.js";
import { announce, element, setAttributes, setChildren } from "./dom.js";
import { widthsOf } from "./experiment_form.js";
import { formatCount } from "./format.js";
import { createScopeDrawing } from "./microscope_drawing.js";
import { createScopePaths } from "./microscope_paths.js";
import { knownValues, operationLines, weightNames } from "./microscope_steps.js";

const SCOPE_LISTED = 2_000; // Of larger networks a weight is typed: their answers don't list them.

/**
 * Make the view.
 * @param {{state: object, ask: Function, listen: Function}} lab
 */
export function createMicroscopeView(lab) {
  const change = (part, how) => lab.state.change(part, how);
  const where = element("p", { class: "small muted" });
  const sentence = element("p", { role: "status" });
  const step = scopeField("scope-step", "steps made before", 0, (value) => change({ step: value }));
  const far = element("input", { type: "range", min: 0, "aria-label": "steps made before, slider" });
  far.addEventListener("input", () => change({ step: Number(far.value) }, { dragging: true }));
  step.node.append(far);
  const point = scopeField("scope-point", "example", 1, (value) => change({ point: value }));
  const weights = element("select", { id: "scope-weight", change: () => change({ weight: weights.value }) });
  const typed = createControl({ name: "weight", type: "text", default: "" }, { onInput: (weight) => change({ weight }) });
  const listed = element("div", { class: "field" }, element("label", { for: "scope-weight" }, "weight"), weights);
  const drawing = createScopeDrawing({ onPick: (weight) => change({ weight }) });
  const figure = element(
    "figure",
    { class: "scroll scope" },
    element("figcaption", { class: "small" }, "In a box: the output a (or z, before the activation); below it δ = ∂L/∂z (at first ∂L/∂a). Click a line to choose its weight."),
    drawing.node,
  );
  const at = element("p", { class: "small muted" });
  const lines = element("pre", { class: "operation" });
  const slider = element("input", { type: "range", min: 0, step: 1, "aria-label": "Operation", input: () => go(Number(slider.value)) });
  const buttons = [
    ["|◀", "First operation", () => 0],
    ["◀ Back", null, () => shown.at - 1],
    ["Next ▶", null, () => shown.at + 1],
    ["Next layer", null, nextLayer],
    ["The weight’s", "Operation that gives the weight's derivative", () => shown.steps.findIndex(({ result }) => result === `∂L/∂${shown.header.weight}`)],
    ["▶|", "Last operation", () => shown.steps.length - 1],
  ].map(([words, label, where]) =>
    element("button", { type: "button", "aria-label": label, click: () => go(where()) }, words),
  );
  const stepper = element(
    "div",
    { role: "group", "aria-label": "Operations, one after the other; the arrow keys step", keydown: press },
    element("div", { class: "row" }, ...buttons, slider),
    at,
    lines,
  );
  const paths = createScopePaths({ onPath: follow });
  const rest = element("div", {}, figure, stepper, paths.node);
  const node = element(
    "div",
    {},
    element("div", { class: "pair scope-fields" }, step.node, point.node, listed, typed.node),
    where,
    sentence,
    rest,
  );
  let asked = "";
  let known = ""; // The names in the list of weights.
  let shown = null; // {header, steps, at}
  let followed = new Set(); // The path that is pointed at.

  lab.listen("microscope", (header) => {
    node.classList.remove("stale");
    sentence.classList.toggle("bad", header.kind === "error");
    sentence.textContent = header.kind === "error" ? header.message : header.sentence;
    rest.hidden = header.kind === "error";
    if (rest.hidden) return announce(header.message);
    shown = { header, steps: header.steps, at: 0 };
    followed = new Set();
    where.textContent =
      `Seed ${formatCount(header.seed)} after ${formatCount(header.step)} of ${formatCount(header.of_steps)} steps ` +
      `(epoch ${formatCount(header.epoch)}); ${header.point}`;
    setAttributes(far, { max: header.of_steps });
    far.value = String(header.step);
    showWeights(header);
    paths.show(header);
    stepper.hidden = figure.hidden = !header.steps.length;
    if (header.steps.length) go(lab.state.now.operation, false);
  });

  function showWeights(header) {
    const many = header.network.parameters > SCOPE_LISTED;
    listed.hidden = many;
    typed.node.hidden = !many;
    typed.set(header.weight);
    const names = many ? [] : weightNames(header);
    if (names.join() !== known) setChildren(weights, ...names.map((name) => element("option", { value: name }, name)));
    known = names.join();
    weights.value = header.weight;
  }

  function go(place, tell = true) {
    if (!shown) return;
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
    at.textContent = `Operation ${formatCount(shown.at + 1)} of ${formatCount(steps.length)}: ${scopePhase(now)}`;
    lines.textContent = operationLines(now).join("\n");
    figure.hidden = !drawing.show({
      widths: header.network.widths,
      values: knownValues(steps, shown.at + 1),
      active: new Set([now.result, ...now.operands.map(([name]) => name)]),
      weight: header.weight,
      path: followed,
    });
    buttons.forEach((button, place) => {
      button.disabled = place < 2 ? shown.at === 0 : place !== 4 && shown.at === steps.length - 1;
    });
  }

  function follow(names) {
    followed = new Set(names);
    if (shown.steps.length) draw();
  }

  function nextLayer() {
    const { phase, layer } = shown.steps[shown.at];
    const next = shown.steps.findIndex((each, place) => place > shown.at && (each.phase !== phase || each.layer !== layer));
    return next < 0 ? shown.steps.length - 1 : next;
  }

  function press(event) {
    if (!shown || event.target === slider) return;
    const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!by) return;
    event.preventDefault();
    go(shown.at + by);
  }

  return {
    name: "microscope",
    title: "Microscope",
    node,
    show(now) {
      step.set(now.step ?? 0);
      far.value = String(now.step ?? 0);
      point.set(now.point);
      const question = {
        ask: "microscope",
        experiment: now.a,
        seed: now.seed,
        step: now.step ?? 0, // The end has no next step to look at.
        point: now.point,
        weight: now.weight ?? `w1[1,${Math.min(widthsOf(now.a)[0], 2)}]`,
      };
      if (JSON.stringify(question) !== asked) {
        asked = JSON.stringify(question);
        node.classList.add("stale");
        lab.ask("microscope", question);
      }
    },
  };
}

/** A labelled whole number from `least` on. */
function scopeField(id, label, least, onValue) {
  const input = element("input", { id, type: "number", min: least, step: 1 });
  input.addEventListener("change", () => {
    const value = Number(input.value);
    if (Number.isSafeInteger(value) && value >= least) onValue(value);
  });
  return {
    node: element("div", { class: "field" }, element("label", { for: id }, label), input),
    set(value) {
      if (document.activeElement !== input) input.value = String(value);
    },
  };
}

function scopePhase({ phase, layer, operation }) {
  if (phase === "loss") return operation;
  return `${phase === "by layer" ? "" : `${phase}, `}layer ${layer}, ${operation}`;
}
