// The column of controls: every part of the experiment, made from what the server says there is.

import { createChoice, createControl } from "./control.js";
import { element, focusSeenFrom, formatCount, setAttributes, setChildren } from "./dom.js";
import {
  fittedToTask,
  hasEdits,
  kindOf,
  partAt,
  widthsOf,
  withEdits,
  withField,
  withKind,
} from "./experiment_form.js";
import { withValue } from "./state.js";

const BUILD_FIRST = [
  ["task", "Data"],
  ["init", "Start (init)"],
  ["loss", "Loss"],
  ["optimizer", "Optimizer"],
  ["schedule", "Schedule"],
  ["sampling", "A step sees"],
];
const BUILD_MORE = [
  ["solved", "Solved if"],
  ["stopping", "Stop early"],
  ["warmup", "Warm-up"],
  ["clip", "Clip gradients"],
  ["penalty", "Penalty"],
  ["noise", "Noise on inputs"],
  ["split", "Hold out"],
  ["scaling", "Scale columns"],
];

/**
 * Make the panel. `onChange(experiment, dragging)` gets every new experiment; `onSeeds(seeds)` how many runs.
 * @param {object} schema what the server offers, as /schema.json has it
 * @param {{onChange: Function, onSeeds: Function}} listeners
 */
export function createBuildPanel(schema, { onChange, onSeeds }) {
  let now = null;
  const change = (experiment, dragging = false) => onChange(experiment, dragging);
  const followed = element("p", { class: "small", role: "status" });
  const parts = [...BUILD_FIRST, ...BUILD_MORE].map(([part, title]) =>
    createPart(part, title, schema, () => now, part === "task" ? changeTask : change),
  );

  function changeTask(experiment, dragging = false) {
    const { experiment: fitted, said } = fittedToTask(experiment, now, schema);
    followed.textContent = said;
    change(fitted, dragging);
  }

  const start = createStart(schema, () => now, change);
  const network = createNetworkPart(schema, () => now, change);
  const epochs = createControl(
    { name: "epochs", type: "whole", default: schema.epochs },
    { onInput: (value, dragging) => change(withValue(now, "epochs", value), dragging) },
  );
  const seeds = createControl(
    { name: "seeds", type: "whole", default: 256, bounds: { at_least: 1, at_most: 1024 } },
    { label: "seeds (runs)", onInput: (value) => onSeeds(value ?? 256) },
  );
  const more = element(
    "details",
    {},
    element("summary", {}, "More: what counts as solved, stopping, warm-up, penalties, held-out examples"),
    ...parts.slice(BUILD_FIRST.length).map((part) => part.node),
  );
  const top = element("div");
  const [task, ...rest] = parts.slice(0, BUILD_FIRST.length);
  const node = element(
    "section",
    { class: "build card", "aria-labelledby": "build-title" },
    element("h2", { id: "build-title" }, "Build"),
    top,
    start.node,
    task.node,
    followed,
    network.node,
    ...rest.map((part) => part.node),
    element("fieldset", {}, element("legend", {}, "How long, how often"), epochs.node, seeds.node),
    more,
  );
  return {
    node,
    /** Show an experiment and how many seeds are asked. */
    show(experiment, count) {
      now = experiment;
      start.show();
      network.show();
      for (const part of parts) part.show();
      epochs.set(experiment.epochs);
      seeds.set(count);
    },
    /** Say beside a field what is wrong with it; whether there is such a field. */
    mark(path, words) {
      for (const part of parts) part.mark(path, words);
      network.mark(path, words);
      epochs.mark(path === "epochs" ? words : null);
    },
    /** Say how many parameters the network has. */
    count: network.count,
    /** The element above all controls where others can put their own. */
    topPlace: top,
    /** The element under the network's controls. */
    place: network.place,
    /** The element under the task's controls. */
    taskPlace: task.place,
  };
}

function createStart(schema, now, change) {
  const { networks, changes } = schema.examples;
  const buttons = networks.map(({ name, experiment }) =>
    element("button", { type: "button", click: () => change(experiment) }, name),
  );
  const toggles = changes.map(({ name, label, edits }) =>
    element("button", { type: "button", title: label, "aria-label": `${name}: ${label}`, click: () => flip(edits) }, name),
  );

  function flip(edits) {
    if (!hasEdits(now(), edits, schema)) return change(withEdits(now(), edits, schema));
    // Undone, a part is again as in the first of the assignment's networks.
    const base = networks[0].experiment;
    const undone = edits.reduce((experiment, [path]) => {
      const part = path.split(".")[0];
      return part === "network"
        ? withValue(experiment, path, undefined)
        : withValue(experiment, part, base[part]);
    }, now());
    change(undone);
  }

  return {
    node: element(
      "fieldset",
      {},
      element("legend", {}, "Start from"),
      element("div", { class: "row" }, ...buttons),
      element("div", { class: "row small" }, element("span", {}, "changes"), ...toggles),
    ),
    show() {
      changes.forEach(({ edits }, place) =>
        setAttributes(toggles[place], { "aria-pressed": String(hasEdits(now(), edits, schema)) }),
      );
    },
  };
}

function createPart(part, title, schema, now, change) {
  const { kinds } = schema.parts[part];
  const names = Object.keys(kinds);
  const place = element("div");
  const help = element("p", { class: "muted small" });
  const fields = element("div");
  const choice =
    names.length > 1
      ? createChoice(names, {
          label: title.toLowerCase(),
          onInput: (kind) => change(withKind(now(), part, kind, schema)),
        })
      : null;
  let shown = null;
  let controls = [];

  return {
    place,
    node: element("fieldset", {}, element("legend", {}, title), choice?.node ?? null, help, fields, place),
    show() {
      const kind = kindOf(now(), part, schema);
      const known = kinds[kind];
      if (kind !== shown) {
        shown = kind;
        help.textContent = known ? known.help : "";
        // Tables, as a visitor's own points, have an editor of their own.
        controls = (known?.fields ?? []).filter(({ type }) => type !== "table").map((field) => ({
          path: `${part === "init" ? "init.weight" : part}.${field.name}`,
          ...createControl(field, {
            onInput: (value, dragging) => change(withField(now(), part, field.name, value, schema), dragging),
          }),
          field,
        }));
        setChildren(fields, ...controls.map((control) => control.node));
        choice?.set(kind);
      }
      const held = partAt(now(), part);
      for (const { field, set } of controls) set(typeof held === "object" ? held?.[field.name] : undefined);
    },
    mark(path, words) {
      let told = false;
      for (const control of controls) {
        const own = path !== null && (control.path === path || control.path.endsWith(`.${path}`));
        control.mark(own ? words : null);
        told ||= own;
      }
      choice?.mark(!told && path === part ? words : null);
    },
  };
}

function createNetworkPart(schema, now, change) {
  const set = (name, value, dragging) => change(withValue(now(), `network.${name}`, value), dragging);
  const names = schema.activations;
  const widths = createControl(
    { name: "widths", type: "text", default: "" },
    { help: "From inputs to outputs, as 2-5-4-1", onInput: (words) => set("widths", parseWidths(words ?? "")) },
  );
  const hidden = createControl(
    { name: "activation", type: "choice", default: "tanh", choices: names },
    { onInput: (value) => set("activation", value) },
  );
  const output = createControl(
    { name: "output_activation", type: "choice", default: null, choices: names, optional: true },
    { label: "last activation", onInput: (value) => set("output_activation", value) },
  );
  const bias = createControl({ name: "bias", type: "flag", default: true }, { onInput: (value) => set("bias", value) });
  const outputBias = createControl(
    { name: "output_bias", type: "choice", default: null, choices: ["yes", "no"], optional: true },
    {
      label: "last bias",
      onInput: (value) => set("output_bias", value === undefined ? undefined : value === "yes"),
    },
  );
  const counted = element("p", { class: "small", role: "status" });
  const place = element("div");
  const layers = element("div", { class: "row small" });

  function resize(index, by) {
    const sizes = [...widthsOf(now())];
    sizes[index] = Math.max(1, sizes[index] + by);
    set("widths", sizes);
  }

  function layerButtons() {
    const sizes = widthsOf(now());
    const made = sizes.slice(1, -1).map((size, place) =>
      element(
        "span",
        { class: "row", role: "group", "aria-label": `Layer ${place + 1}: ${size} units` },
        element("button", { type: "button", "aria-label": `One unit less in layer ${place + 1}`, disabled: size < 2, click: () => resize(place + 1, -1) }, "−"),
        element("span", {}, String(size)),
        element("button", { type: "button", "aria-label": `One unit more in layer ${place + 1}`, click: () => resize(place + 1, 1) }, "+"),
      ),
    );
    const deeper = () => set("widths", [...sizes.slice(0, -1), sizes.at(-2), sizes.at(-1)]);
    const shallower = () => set("widths", [...sizes.slice(0, -2), sizes.at(-1)]);
    return [
      ...made,
      element("button", { type: "button", click: deeper }, "one layer more"),
      element("button", { type: "button", disabled: sizes.length < 3, click: shallower }, "one less"),
    ];
  }

  return {
    place,
    node: element(
      "fieldset",
      {},
      element("legend", {}, "Network"),
      widths.node,
      layers,
      hidden.node,
      output.node,
      bias.node,
      outputBias.node,
      counted,
      place,
    ),
    show() {
      const { network } = now();
      const sizes = widthsOf(now());
      widths.set(sizes.join("-"));
      hidden.set(Array.isArray(network.activation) ? network.activation[0] : network.activation);
      output.set(network.output_activation);
      bias.set(Array.isArray(network.bias) ? network.bias[0] : network.bias);
      const last = network.output_bias;
      outputBias.set(last === undefined || last === null ? null : last ? "yes" : "no");
      // Kept while one of its buttons has the focus: pressed again, it is still there.
      const focus = [...layers.querySelectorAll("button")].indexOf(focusSeenFrom(layers));
      setChildren(layers, ...layerButtons());
      if (focus >= 0) layers.querySelectorAll("button")[Math.min(focus, layers.querySelectorAll("button").length - 1)].focus();
    },
    mark(path, words) {
      const leaf = path?.split(".").at(-1);
      widths.mark(leaf === "widths" ? words : null);
      hidden.mark(leaf === "activation" ? words : null);
      output.mark(leaf === "output_activation" ? words : null);
    },
    count(parameters, words = "") {
      counted.textContent = `${formatCount(parameters)} parameters${words}`;
    },
  };
}

function parseWidths(words) {
  const numbers = words.trim().split(/[\s,;-]+/).map(Number);
  return numbers.every(Number.isInteger) && words.trim() ? numbers : words;
}
