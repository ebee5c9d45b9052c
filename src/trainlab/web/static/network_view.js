// The picture of a network: what each neuron computes over the inputs, what each edge carries, in numbers if asked.

import { element, formatCount, setAttributes, setChildren } from "./dom.js";
import {
  createNetworkLegend,
  createNetworkPainter,
  networkAt,
  networkEdges,
  networkEdgeScale,
  networkLayout,
} from "./network_paint.js";
import {
  biasName,
  createNetworkRun,
  edgeWords,
  neuronWords,
  parameterNumbers,
  parameterPlace,
  unitName,
  weightName,
} from "./network_run.js";

// All numbers of one neuron: its bias and the weights that come to it, with gradients and updates.

const TABLE_ROWS = 64;

/**
 * Make the table; it is hidden until a neuron is chosen.
 * @param {{onInspect: Function, canInspect: () => boolean, onClose: () => void}} listeners
 */
function createNetworkTable({ onInspect, canInspect, onClose }) {
  const title = element("h3");
  const body = element("tbody");
  const more = element("p", { class: "muted small" });
  const heads = ["parameter", "from", "value", "gradient", "next update"].map((head, at) =>
    element("th", { scope: "col", class: at > 1 && "number" }, head),
  );
  const node = element(
    "div",
    { hidden: true, keydown: (event) => event.key === "Escape" && onClose() },
    element("div", { class: "row small" }, title, element("button", { type: "button", click: onClose }, "Close")),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of the chosen neuron" },
      element(
        "table",
        { class: "small" },
        element("thead", {}, element("tr", {}, ...heads)),
        body,
      ),
    ),
    more,
  );
  let shown = null; // which rows are there
  let rows = []; // [place in a row of parameters, its three cells]

  function lay(cell, run) {
    const sources = run.layers[cell.layer - 1].fan_in;
    const bias = parameterPlace(run, cell);
    const entries = Array.from({ length: Math.min(sources, TABLE_ROWS) }, (_, source) => ({
      name: weightName(cell, source),
      from: unitName({ layer: cell.layer - 1, unit: source }, run),
      place: parameterPlace(run, cell, source),
    }));
    if (bias !== null) entries.push({ name: biasName(cell), from: "bias", place: bias });
    rows = entries.map(({ place }) => [place, [0, 1, 2].map(() => element("td", { class: "number" }))]);
    title.textContent = `Into ${unitName(cell, run)}`;
    more.textContent = sources > TABLE_ROWS ? `The first ${TABLE_ROWS} of ${formatCount(sources)} weights.` : "";
    setChildren(
      body,
      ...entries.map(({ name, from }, at) =>
        element("tr", {}, element("th", { scope: "row" }, inspectable(name)), element("td", {}, from), ...rows[at][1]),
      ),
    );
  }

  function inspectable(name) {
    if (!canInspect()) return name;
    const title = "Its paths to the loss";
    return element("button", { type: "button", title, click: () => onInspect(name) }, name);
  }

  return {
    node,
    /** Show the numbers of a cell at a moment; hide them without a cell. */
    show(cell, run, moment) {
      node.hidden = !cell;
      if (!cell) {
        shown = null;
        return;
      }
      const key = `${cell.layer}:${cell.unit}:${run.widths}`;
      if (key !== shown) lay(cell, run);
      shown = key;
      for (const [place, cells] of rows) {
        parameterNumbers(place, moment).forEach((text, at) => {
          if (cells[at].textContent !== text) cells[at].textContent = text;
        });
      }
    },
  };
}

const NETWORK_CARRIED = { parameters: "weights", gradient: "gradients", update: "updates" };
const NETWORK_HINT =
  "Point at a neuron or an edge, or tap it, for its numbers. On the keyboard Tab and arrows go there, Enter lists all.";

/**
 * Make the picture. `onInspect("w2[1,3]")` is told of a weight that is to be looked into; `canInspect()` says
 * whether it can be.
 * @param {{onInspect: Function, canInspect: () => boolean}} listeners
 */
export function createNetworkView({ onInspect, canInspect }) {
  const painter = createNetworkPainter();
  const keys = element("div", { class: "neurons" });
  const stage = element(
    "div",
    { class: "network", pointermove: (event) => look(pointed(event)), pointerleave: leave, click },
    painter.canvas,
    keys,
  );
  const caption = element("figcaption", { class: "small" });
  const words = element("p", { class: "small network-words", id: "network-words" });
  const plane = element("div", { class: "row small muted" });
  const switches = Object.entries(NETWORK_CARRIED).map(([kind, name]) =>
    element("button", { type: "button", click: () => carry(kind) }, name),
  );
  const legend = createNetworkLegend();
  const table = createNetworkTable({ onInspect, canInspect, onClose: () => choose(null) });
  const node = element(
    "div",
    {},
    element("div", { class: "row small", role: "group", "aria-label": "Edges show" }, "Edges show", ...switches),
    element("figure", {}, caption, stage),
    words,
    legend.node,
    plane,
    table.node,
  );
  let replay = null; // [header, arrays]
  let run = null; // the run's network
  let moment = null;
  let carried = "parameters";
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
    for (const edge of edges) edge.place = parameterPlace(run, edge.to, edge.from.unit);
    for (const cell of layout.cells) cell.place = parameterPlace(run, cell);
    lookedAt = null;
    chosen = layout.cells.find(({ layer, unit }) => layer === chosen?.layer && unit === chosen.unit) ?? null;
    setChildren(keys, ...layout.cells.map(layKey));
    ask();
  }

  /** A button over a cell, for keyboards and screen readers; the first can be tabbed to. */
  function layKey(cell, place) {
    const button = element("button", {
      type: "button",
      tabindex: place ? "-1" : "0",
      "aria-label": unitName(cell, run),
      "aria-describedby": "network-words",
      focus: () => look({ cell }),
      keydown: (event) => press(event, place),
    });
    const [left, top, size] = [cell.x - cell.size / 2, cell.y - cell.size / 2, cell.size].map((px) => `${px}px`);
    Object.assign(button.style, { left, top, width: size, height: size });
    return button;
  }

  function press(event, place) {
    if (event.key === "Escape") return choose(null);
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const { layer, unit, y } = layout.cells[place];
    const there = layout.cells.filter(
      (cell) => cell.layer === layer + step[0] && (step[0] || cell.unit === unit + step[1]),
    );
    if (!there.length) return;
    const next = there.reduce((best, cell) => (Math.abs(cell.y - y) < Math.abs(best.y - y) ? cell : best));
    const button = keys.children[layout.cells.indexOf(next)];
    setAttributes(keys.children[place], { tabindex: "-1" });
    setAttributes(button, { tabindex: "0" });
    button.focus();
  }

  function pointed({ clientX, clientY }) {
    const { left, top } = stage.getBoundingClientRect();
    return layout && networkAt(layout, edges, clientX - left, clientY - top);
  }

  function leave() {
    const cell = layout?.cells[[...keys.children].indexOf(keys.getRootNode().activeElement)];
    look(cell ? { cell } : null);
  }

  function click(event) {
    // Enter and space on a cell's button click in no place at all.
    const cell = layout?.cells[[...keys.children].indexOf(event.target)];
    const at = cell ? { cell } : pointed(event);
    if (at?.edge && canInspect()) onInspect(weightName(at.edge.to, at.edge.from.unit));
    if (at?.edge) choose(at.edge.to);
    else if (at?.cell.layer) choose(at.cell === chosen ? null : at.cell);
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
    ask();
  }

  /** Draw once, at the next picture of the screen, however often it is asked for. */
  function ask() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (run && moment && layout) draw();
    });
  }

  function draw() {
    run.compute(moment.parameters);
    const row = moment[carried];
    const scale = networkEdgeScale(carried, row);
    const { cell = chosen, edge: one } = lookedAt ?? {};
    painter.paint({
      layout,
      edges,
      run,
      row,
      scale,
      chosen: one ? null : cell,
      near: (edge) => (one ? edge === one : !cell || edge.to === cell || edge.from === cell),
    });
    const ended = moment.step === run.of_steps;
    const broken = !moment.parameters.every(Number.isFinite);
    legend.show(carried, scale, { gradients: run.gradients, ...run.answers, ended, broken });
    const at = `Seed ${formatCount(run.seed)} after ${formatCount(moment.step)} steps`;
    caption.textContent = `${at}; edges: ${NETWORK_CARRIED[carried]}`;
    words.textContent = one ? edgeWords(one, run, moment) : cell ? neuronWords(cell, run, moment) : NETWORK_HINT;
    table.show(chosen, run, moment);
    Object.keys(NETWORK_CARRIED).forEach((kind, place) =>
      setAttributes(switches[place], { "aria-pressed": String(kind === carried) }),
    );
  }

  /** Lie the plane along other inputs, of which there may be a choice. */
  function turn(axes) {
    run = createNetworkRun(...replay, axes);
    const { inputs } = run;
    const names = ["across", "up"].slice(0, inputs.length);
    const choice = (name, place) => {
      const select = element(
        "select",
        { change: () => turn(axes.with(place, Number(select.value))) },
        ...inputs.map((input, at) =>
          element("option", { value: at, selected: at === axes[place], disabled: at === axes[1 - place] }, input),
        ),
      );
      return element("label", {}, `${name} `, select);
    };
    const [across, up] = run.plane.words;
    const others = `Across ${across}, up ${up}; the other inputs are at their mean, and the examples' own may differ.`;
    if (inputs.length > 2) setChildren(plane, ...names.map(choice), others);
    else setChildren(plane, names.map((name, place) => `${name}: ${inputs[place]} ${run.plane.words[place]}`).join("; "));
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
      const before = run;
      replay = [header, arrays];
      const same = before?.inputs.length === header.inputs.length;
      turn(same ? before.axes : [0, Math.min(1, header.inputs.length - 1)]);
      // Laid again only if it has to be: the focus stays where it is.
      const shape = ({ layers }) => JSON.stringify(layers.map((layer) => [layer.fan_in, layer.fan_out, layer.bias]));
      if (!layout || shape(before) !== shape(run)) lay();
    },
    /** Show a moment of the run: rows of `parameters`, `gradient` and `update`. */
    show(next) {
      moment = next;
      ask();
    },
  };
}
