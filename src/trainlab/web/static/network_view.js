// The picture of a network: what each neuron computes over the inputs, what each edge carries, in numbers if asked.

import { applyActivation } from "./activations.js";
import { element, setAttributes, setChildren } from "./dom.js";
import { formatCount } from "./format.js";
import { createForwardPass } from "./forward_pass.js";
import { createInputPlane } from "./input_plane.js";
import { networkAt, networkEdges, networkLayout } from "./network_layout.js";
import { createNetworkLegend } from "./network_legend.js";
import { createNetworkPainter, networkEdgeScale } from "./network_paint.js";
import { createNetworkTable } from "./network_table.js";
import {
  biasName,
  parameterPlace,
  parameterWords,
  plainNumber,
  unitName,
  weightName,
} from "./network_words.js";

const NETWORK_CARRIED = { parameters: "weights", gradient: "gradients", update: "updates" };

/**
 * Make the picture. `onInspect("w2[1,3]")` is told of a weight that is to be looked into; `canInspect()` says
 * whether it can be.
 * @param {{onInspect: Function, canInspect: () => boolean}} listeners
 */
export function createNetworkView({ onInspect, canInspect }) {
  const painter = createNetworkPainter();
  const keys = element("div", { class: "neurons" });
  const stage = element("div", { class: "network", pointermove: hover, pointerleave: leave, click }, painter.canvas, keys);
  const caption = element("figcaption", { class: "small" });
  const words = element("p", { class: "small network-words", id: "network-words" });
  const plane = element("div", { class: "row small" });
  const switches = Object.entries(NETWORK_CARRIED).map(([kind, name]) =>
    element("button", { type: "button", "aria-pressed": String(kind === "parameters"), click: () => carry(kind) }, name),
  );
  const legend = createNetworkLegend();
  const table = createNetworkTable({ onInspect, canInspect, onClose: () => choose(null) });
  const node = element(
    "div",
    {},
    element("div", { class: "row small", role: "group", "aria-label": "Edges show" }, element("span", {}, "Edges show"), ...switches),
    element("figure", {}, caption, stage),
    words,
    legend.node,
    plane,
    table.node,
  );
  let run = null; // {layers, inputs, link, examples, targets, …}: what stays the same in a run
  let moment = null;
  let carried = "parameters";
  let axes = [0, 1];
  let layout = null;
  let edges = [];
  let lookedAt = null; // {cell} or {edge}
  let chosen = null; // the cell whose numbers are listed
  let due = false;

  function lay() {
    const width = stage.clientWidth;
    layout = null; // While it is hidden there is none: that of the run before has other cells.
    if (!run || !width) return;
    layout = networkLayout(run.widths, width);
    edges = networkEdges(layout);
    for (const edge of edges) edge.place = parameterPlace(run.layers, edge.to, edge.from.unit);
    for (const cell of layout.cells) cell.place = cell.layer ? parameterPlace(run.layers, cell) : null;
    lookedAt = null;
    chosen = chosen && (layout.cells.find(({ layer, unit }) => layer === chosen.layer && unit === chosen.unit) ?? null);
    layKeys();
    ask();
  }

  /** A button over each cell, for keyboards and screen readers; one of them can be tabbed to. */
  function layKeys() {
    setChildren(
      keys,
      ...layout.cells.map((cell, place) => {
        const half = cell.size / 2;
        const button = element("button", {
          type: "button",
          tabindex: place ? "-1" : "0",
          "aria-label": unitName(cell, run),
          "aria-describedby": "network-words",
          focus: () => look({ cell }),
          keydown: (event) => press(event, place),
        });
        // Set here, for a policy forbids styles that are written into elements.
        Object.assign(button.style, { left: `${cell.x - half}px`, top: `${cell.y - half}px`, width: `${cell.size}px`, height: `${cell.size}px` });
        return button;
      }),
    );
  }

  function press(event, place) {
    const cell = layout.cells[place];
    if (event.key === "Escape") return choose(null);
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    event.stopPropagation();
    const [across, down] = steps;
    const there = across
      ? layout.cells.filter(({ layer }) => layer === cell.layer + across)
      : layout.cells.filter(({ layer, unit }) => layer === cell.layer && unit === cell.unit + down);
    if (!there.length) return;
    const next = there.reduce((best, each) => (Math.abs(each.y - cell.y) < Math.abs(best.y - cell.y) ? each : best));
    setAttributes(keys.children[place], { tabindex: "-1" });
    const button = keys.children[layout.cells.indexOf(next)];
    setAttributes(button, { tabindex: "0" });
    button.focus();
  }

  function pointed(event) {
    const box = stage.getBoundingClientRect();
    return layout && networkAt(layout, edges, event.clientX - box.left, event.clientY - box.top);
  }

  function hover(event) {
    look(pointed(event));
  }

  function leave() {
    const focused = [...keys.children].indexOf(keys.getRootNode().activeElement);
    look(focused < 0 ? null : { cell: layout.cells[focused] });
  }

  function click(event) {
    // Enter and space on a cell's button click in no place at all.
    const place = [...keys.children].indexOf(event.target);
    const at = place < 0 ? pointed(event) : { cell: layout.cells[place] };
    if (at?.cell?.layer) choose(at.cell === chosen ? null : at.cell);
    else if (at?.edge) {
      choose(at.edge.to);
      if (canInspect()) onInspect(weightName(at.edge.to, at.edge.from.unit));
    }
    look(at);
  }

  function look(at) {
    lookedAt = at;
    stage.style.cursor = at ? "pointer" : "";
    ask();
  }

  function choose(cell) {
    chosen = cell;
    ask();
  }

  function carry(kind) {
    carried = kind;
    Object.keys(NETWORK_CARRIED).forEach((each, place) =>
      setAttributes(switches[place], { "aria-pressed": String(each === kind) }),
    );
    ask();
  }

  /** Paint once, at the next picture of the screen, however often it is asked for. */
  function ask() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (run && moment && layout) draw();
    });
  }

  function draw() {
    const { points } = run.plane;
    const values = run.pass(moment.parameters);
    run.predictions.set(values.at(-1));
    applyActivation(run.link, run.predictions, points);
    const scale = networkEdgeScale(carried, moment[carried]);
    const focus = lookedAt?.cell ?? chosen;
    painter.paint({
      layout,
      edges,
      plane: run.plane,
      scale,
      chosen: focus,
      labels: run.labels,
      carried: (edge) => moment[carried][edge.place],
      bias: (cell) => (cell.place === null ? null : moment[carried][cell.place]),
      near: (edge) => {
        if (lookedAt?.edge) return edge === lookedAt.edge;
        return !focus || edge.to === focus || edge.from === focus;
      },
      shares: (cell) => sharesOf(cell, values),
      examples: examplesOn(),
    });
    caption.textContent = `Seed ${formatCount(run.seed)} after ${formatCount(moment.step)} steps; edges: ${NETWORK_CARRIED[carried]}`;
    legend.show({
      carried,
      scale,
      gradients: run.gradients,
      targets: run.scale,
      ended: moment.step === run.of,
      broken: !moment.parameters.every(Number.isFinite),
    });
    words.textContent = wordsOf(values);
    table.show(chosen && chosen.layer ? chosen : null, run, moment);
  }

  /** Return a cell's values over the plane, and what its colours mean: their middle and how far they reach. */
  function sharesOf({ layer, unit }, values) {
    const { points, inputs } = run.plane;
    const first = unit * points;
    if (layer === run.layers.length) return { values: run.predictions, first, points, ...run.scale };
    if (layer) return { values: values[layer - 1], first, points, middle: 0, reach: run.reaches[layer - 1] };
    const own = run.plane.inputs.subarray(first, first + points);
    const [low, high] = [own.reduce((a, b) => Math.min(a, b)), own.reduce((a, b) => Math.max(a, b))];
    return { values: inputs, first, points, middle: (low + high) / 2, reach: (high - low) / 2 || 1 };
  }

  /** Return the examples as they lie on the cells of the outputs. */
  function examplesOn() {
    const outputs = layout.cells.filter(({ layer }) => layer === run.layers.length);
    const { middle, reach } = run.scale;
    const count = run.plane.examples.length;
    return outputs.flatMap(({ unit, x, y, size }) =>
      run.plane.examples.map(({ left, top }, row) => {
        const share = (run.targets[row * run.layers.at(-1).fan_out + unit] - middle) / reach;
        return {
          x: x + size * (left - 0.5),
          y: y + size * ((top ?? (1 - share) / 2) - 0.5),
          share,
          size: top === null ? 2 : Math.min(5, Math.max(1.5, size / 3 / Math.sqrt(count))),
        };
      }),
    );
  }

  function wordsOf(values) {
    const { cell, edge } = lookedAt ?? { cell: chosen };
    if (edge) {
      const name = weightName(edge.to, edge.from.unit);
      const ends = `from ${unitName(edge.from, run)} to ${unitName(edge.to, run)}`;
      return `${name}, ${ends}: ${parameterWords("weight", edge.place, moment)}.`;
    }
    if (!cell) return "Point at a neuron or an edge, or tap it, for its numbers. On the keyboard Tab and arrows go there, Enter lists all.";
    if (!cell.layer) return `Input ${run.inputs[cell.unit]}.`;
    const { points } = run.plane;
    const all = cell.layer === run.layers.length ? run.predictions : values[cell.layer - 1];
    const own = all.subarray(cell.unit * points, (cell.unit + 1) * points);
    const low = plainNumber(own.reduce((a, b) => Math.min(a, b), Infinity));
    const high = plainNumber(own.reduce((a, b) => Math.max(a, b), -Infinity));
    const is = `${unitName(cell, run)} (${run.layers[cell.layer - 1].activation})`;
    const from = `${is[0].toUpperCase()}${is.slice(1)}: from ${low} to ${high} over the picture`;
    if (cell.place === null) return `${from}; no bias.`;
    return `${from}; ${parameterWords(`bias ${biasName(cell)}`, cell.place, moment)}.`;
  }

  /** The choice of the two inputs that lie across and up, where there are more than two. */
  function layPlane() {
    const { inputs } = run;
    const choice = (place, label) => {
      const select = element(
        "select",
        { change: () => { axes[place] = Number(select.value); lie(); } },
        ...inputs.map((name, at) => element("option", { value: at, selected: at === axes[place], disabled: at === axes[1 - place] }, name)),
      );
      return element("label", {}, `${label} `, select);
    };
    const [across, up] = axes.map((at) => inputs[at]);
    setChildren(
      plane,
      ...(inputs.length > 2
        ? [choice(0, "across"), choice(1, "up"), element("span", {}, "The other inputs are at their mean there; the examples' own may differ.")]
        : [element("span", { class: "muted" }, inputs.length === 1 ? `Across: ${across}.` : `Across: ${across}; up: ${up}.`)]),
    );
  }

  /** Lay the plane anew: for another run, or other axes. */
  function lie() {
    const outputs = run.layers.at(-1).fan_out;
    run.plane = createInputPlane(run.examples, run.parameters, axes[0], axes[1]);
    run.pass = createForwardPass(run.layers, run.plane.inputs, run.plane.points);
    run.predictions = new Float64Array(outputs * run.plane.points);
    layPlane();
    ask();
  }

  new ResizeObserver(lay).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    painter.forgetColours();
    ask();
  });

  return {
    node,
    /** Show another run: the header and arrays of its replay. */
    begin(header, arrays) {
      const same = run && JSON.stringify(run.layers) === JSON.stringify(header.layers);
      if (!run || run.inputs.length !== header.inputs.length) axes = [0, Math.min(1, header.inputs.length - 1)];
      run = networkRun(header, arrays);
      lie();
      if (!same || !layout) {
        chosen = same ? chosen : null;
        lay();
      }
    },
    /** Show a moment of the run: rows of `parameters`, `gradient` and `update`. */
    show(next) {
      moment = next;
      ask();
    },
  };
}

/** Return what stays the same in a run. */
function networkRun(header, arrays) {
  const { seed, layers, inputs, link, gradients } = header;
  const targets = arrays.example_targets.values;
  const least = targets.reduce((a, b) => Math.min(a, b), Infinity);
  const most = targets.reduce((a, b) => Math.max(a, b), -Infinity);
  // A curve may rise above the targets.
  const room = inputs.length === 1 ? 1.25 : 1;
  return {
    seed,
    layers,
    inputs,
    link,
    gradients,
    of: header.of_steps,
    targets,
    examples: arrays.example_inputs,
    parameters: arrays.parameters.shape[1],
    widths: [layers[0].fan_in, ...layers.map((layer) => layer.fan_out)],
    scale: { low: least, high: most, middle: (least + most) / 2, reach: (room * (most - least)) / 2 || 1 },
    reaches: layers.map(({ low, high }) => Math.max(Math.abs(low), Math.abs(high)) || 1),
    labels: ["inputs", ...layers.map(({ activation }, at) => (layers.length > 5 ? String(at + 1) : `${at + 1} ${activation}`))],
  };
}
