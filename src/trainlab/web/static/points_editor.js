// Own points: drawn on a plane or pasted as text, they become the experiment's task.

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
} from "./dom.js";
import { kindOf } from "./experiment_form.js";
import {
  PointsError,
  pointsText,
  readPointsText,
  roundPoints,
  wholeClasses,
  withPoints,
} from "./points_data.js";
import { addressOf } from "./state.js";

// A plane on which points of two classes are placed and removed, by mouse, touch or keyboard.

const POINTS_HALF = 140; // From the middle of the picture to its edges.
const POINTS_NEAR = 9; // So close, in the picture's units, a point is meant.
const POINTS_REACH = 1.5; // Shown at least, to either side of 0.
const POINTS_FINE = 150; // Steps from 0 to the edge.
const POINTS_TOOLS = { "Class 0": 0, "Class 1": 1, Remove: null };
const POINTS_LABEL =
  "Plane of points. Arrows move a cursor, 0 and 1 place a point, Delete removes the nearest.";

/**
 * Return the plane; `onChange(points)` gets the points, `{x, y, target}` each, when one came or went.
 * @param {{onChange: (points: {x: number, y: number, target: number}[]) => void}} listeners
 */
function createPointsPlane({ onChange }) {
  const side = 2 * POINTS_HALF;
  const cross = { d: `M0,140H${side}M140,0V${side}`, stroke: "var(--tl-grid)" };
  const ends = [
    { x: 3, y: 137 },
    { x: side - 3, y: 137, "text-anchor": "end" },
    { x: 143, y: 11 },
  ].map((at) => svgElement("text", { ...at, class: "muted" }));
  const marks = svgElement("g");
  const cursor = svgElement("path", { class: "cursor", stroke: "var(--tl-text)", fill: "none" });
  const svg = svgElement(
    "svg",
    {
      viewBox: `0 0 ${side} ${side}`,
      class: "points-plane",
      role: "application",
      tabindex: "0",
      "aria-label": POINTS_LABEL,
      click,
      keydown: press,
    },
    svgElement("path", cross),
    ...ends,
    marks,
    cursor,
  );
  const tools = Object.entries(POINTS_TOOLS).map(([words, target]) => [
    target,
    buttonElement(words, () => take(target)),
  ]);
  let points = [];
  let reach = POINTS_REACH;
  let tool = 1;
  let at = { x: 0, y: 0 };

  const across = (x) => (1 + x / reach) * POINTS_HALF;
  const down = (y) => across(-y);

  /** A coordinate on the plane, on its fine grid; adding 0 makes 0 of -0. */
  function tidy(value) {
    const held = Math.min(Math.max(value, -reach), reach);
    return (
      Number(((Math.round((held / reach) * POINTS_FINE) * reach) / POINTS_FINE).toFixed(3)) + 0
    );
  }

  function draw() {
    ends.forEach((end, place) => (end.textContent = formatNumber(place ? reach : -reach)));
    setChildren(marks, ...points.map(({ x, y, target }) => pointMark(across(x), down(y), target)));
    cursor.setAttribute("d", `M${across(at.x) - 9},${down(at.y)}h18m-9,-9v18`);
    for (const [target, button] of tools) {
      setAttributes(button, { "aria-pressed": String(target === tool) });
    }
  }

  function take(target) {
    tool = target;
    draw();
  }

  function change(next, words) {
    points = next;
    draw();
    announce(`${words}, ${points.length} in all`);
    onChange(points);
  }

  function place(target) {
    const kept = points.filter(({ x, y }) => x !== at.x || y !== at.y);
    change([...kept, { ...at, target }], pointWords({ ...at, target }));
  }

  function remove(within) {
    const far = ({ x, y }) => Math.hypot(across(x) - across(at.x), down(y) - down(at.y));
    const [nearest] = [...points].sort((one, other) => far(one) - far(other));
    if (!nearest || far(nearest) > within) return;
    const left = points.filter((point) => point !== nearest);
    change(left, `${pointWords(nearest)} removed`);
  }

  function click(event) {
    const box = svg.getBoundingClientRect();
    const share = (from, size) => ((2 * from) / size - 1) * reach;
    const x = tidy(share(event.clientX - box.left, box.width));
    at = { x, y: tidy(-share(event.clientY - box.top, box.height)) };
    if (event.shiftKey || tool === null) remove(POINTS_NEAR);
    else place(tool);
  }

  function press(event) {
    const { key } = event;
    const by = ((event.shiftKey ? 1 : 10) * reach) / POINTS_FINE;
    const right = { ArrowRight: by, ArrowLeft: -by }[key] ?? 0;
    const up = { ArrowUp: by, ArrowDown: -by }[key] ?? 0;
    if (right || up) {
      at = { x: tidy(at.x + right), y: tidy(at.y + up) };
      draw();
      announce(`${formatNumber(at.x)}, ${formatNumber(at.y)}`);
    } else if (key === "0" || key === "1") place(Number(key));
    else if (key === "Delete" || key === "Backspace") remove(Infinity);
    else return;
    event.preventDefault();
  }

  draw();
  return {
    node: element(
      "div",
      {},
      element("div", { class: "row small" }, ...tools.map(([, button]) => button)),
      svg,
    ),
    /** Show points as `{x, y, target}`; the plane grows until it holds them all. */
    show(held) {
      points = held;
      const most = held.reduce(
        (far, { x, y }) => Math.max(far, Math.abs(x), Math.abs(y)),
        POINTS_REACH,
      );
      if (most === POINTS_REACH) reach = most;
      else if (most > reach || reach > 2 * most) reach = Number((most * 1.1).toPrecision(2));
      draw();
    },
  };
}

/** Full if the target is 1, hollow if it is 0. */
function pointMark(cx, cy, target) {
  if (target) return svgElement("circle", { cx, cy, r: 5, fill: "var(--tl-s1)" });
  return svgElement("circle", {
    cx,
    cy,
    r: 4,
    fill: "none",
    stroke: "var(--tl-s2)",
    "stroke-width": 2,
  });
}

function pointWords({ x, y, target }) {
  return `Class ${target} at ${formatNumber(x)}, ${formatNumber(y)}`;
}

const POINTS_LINK = 8_000; // Longer links are cut by some programs.
const POINTS_TOLD = 512; // A replay tells so many examples at most.
const POINTS_MESSAGE = 30_000; // Two such experiments, compared, are as much as the server takes.
const POINTS_HELP =
  "Click to add a point, Shift-click to remove one. With the keyboard: arrows move a cursor, " +
  "0 and 1 place a point, Delete removes the nearest.";
const POINTS_CLEARED = "No points: the answer is still that of the points before.";

/**
 * Put the editor under the task's controls.
 * @param {{state: object, schema: object, listen: Function}} lab
 * @param {{taskPlace: HTMLElement}} panel
 * @returns {{show: (now: object) => void}}
 */
export function createPointsEditor(lab, panel) {
  const plane = createPointsPlane({ onChange: (points) => take(pointsOfPlane(points)) });
  const text = element("textarea", { id: "points-text", rows: 6, spellcheck: "false" });
  const words = "Or as text: a line each, the last column is the target";
  const label = element("label", { for: "points-text", class: "small" }, words);
  const wrong = element("p", { class: "says small", role: "alert", hidden: true });
  const said = element("p", { class: "small muted", role: "status" });
  const link = element("p", { class: "small bad" });
  const present = buttonElement("Start from the present points", startFromPresent, {
    disabled: true,
    title: "Known once the network's view has shown a run",
  });
  const flat = element("div", {}, plane.node, element("p", { class: "muted small" }, POINTS_HELP));
  const node = element(
    "details",
    { class: "own-points" },
    element("summary", {}, "Draw or paste your own"),
    flat,
    element("div", { class: "row small" }, present, buttonElement("Clear", clearPoints)),
    label,
    text,
    buttonElement("Use these lines", readText),
    wrong,
    said,
    link,
  );
  let shown = null; // Which data the editor shows.
  let known = null; // The present task's points, once a replay has told them.
  let drafted = false; // Whether the text is the visitor's, not yet used.

  text.addEventListener("input", () => (drafted = true));
  lab.listen("replay", (header, { example_inputs: inputs, example_targets: targets }) => {
    // Scaled columns would be scaled once more.
    if (!inputs || !targets || lab.state.now.a.scaling) return;
    known = {
      inputs: pointsRows(inputs),
      targets: pointsRows(targets).map((row) => (row.length === 1 ? row[0] : row)),
    };
    present.disabled = false;
  });

  /** Take points as the task; `more` is said of them, and where whole numbers may be classes, how to make them so. */
  function take(points, more = "") {
    const count = formatCount(points.inputs.length);
    if (!points.inputs.length) return (said.textContent = POINTS_CLEARED);
    const { experiment, words: followed } = withPoints(lab.state.now.a, points);
    if (JSON.stringify(experiment).length > POINTS_MESSAGE) {
      return refuse(`${count} points are too many here; trainlab run takes them from a file.`);
    }
    refuse(null);
    drafted = false;
    lab.state.change({ a: experiment, step: null });
    said.textContent = [`${count} points.`, more, followed].filter(Boolean).join(" ");
    const classes = points.classes?.length ? null : wholeClasses(points.targets);
    if (classes) offerClasses(points, classes);
  }

  function offerClasses(points, classes) {
    const [least, most] = [classes[0], classes.at(-1)];
    const targets = points.targets.map((target) => target - Number(least));
    const make = () => {
      take({ ...points, targets, classes }, classWords(classes));
      text.focus(); // The button that had the focus is gone.
    };
    said.append(
      ` Targets ${least} to ${most} are learnt as numbers, by one output. `,
      buttonElement(`They are ${classes.length} classes`, make),
    );
  }

  function readText() {
    try {
      const read = readPointsText(text.value);
      const inputs = roundPoints(read.inputs);
      const targets = roundPoints(read.targets.map((target) => [target])).flat();
      const same =
        JSON.stringify([inputs, targets]) === JSON.stringify([read.inputs, read.targets]);
      const rounded = same ? "" : "Rounded, which keeps links short.";
      const more = [read.left, classWords(read.classes), rounded].filter(Boolean).join(" ");
      take({ inputs, targets, classes: read.classes }, more);
    } catch (error) {
      if (!(error instanceof PointsError)) throw error;
      refuse(error.message);
    }
  }

  function refuse(words) {
    wrong.hidden = words === null;
    wrong.textContent = words ?? "";
    if (words === null) text.removeAttribute("aria-invalid");
    else text.setAttribute("aria-invalid", "true");
  }

  function startFromPresent() {
    const some = `At most ${POINTS_TOLD} of them, evenly spaced.`;
    const points = { inputs: roundPoints(known.inputs), targets: known.targets };
    take(points, known.inputs.length === POINTS_TOLD ? some : "");
  }

  function clearPoints() {
    flat.hidden = false;
    plane.show([]);
    text.value = "";
    drafted = true;
    refuse(null);
    announce("Cleared");
    said.textContent = POINTS_CLEARED;
  }

  function fill(own) {
    if (own && !node.contains(focusSeenFrom(node))) node.open = true;
    flat.hidden = own !== null && !arePointsDrawable(own);
    if (!flat.hidden) plane.show(own ? planeOfPoints(own) : []);
    if (!drafted) text.value = own && !Array.isArray(own.targets[0]) ? pointsText(own) : "";
  }

  panel.taskPlace.append(node);
  return {
    /** Show the points of the present experiment, if they are a visitor's own. */
    show(now) {
      const { task, split, scaling } = now.a;
      const data = JSON.stringify([task, split, scaling]);
      const own =
        kindOf(now.a, "task", lab.schema) === "points" && task.inputs?.length ? task : null;
      if (data !== shown) {
        shown = data;
        known = null;
        present.disabled = true;
        fill(own);
      }
      const length = own ? location.origin.length + addressOf(now, null).length : 0;
      link.hidden = length <= POINTS_LINK;
      link.textContent =
        `A link to this has ${formatCount(length)} characters; ` +
        `some programs cut links after ${formatCount(POINTS_LINK)}.`;
    },
  };
}

/** What number stands for each class. */
function classWords(classes) {
  const names = classes.map((name, place) => `${place} is “${name}”`).join(", ");
  return names && `Targets: ${names}.`;
}

/** Whether points can be drawn on the plane: two inputs, and a target of 0 or 1. */
function arePointsDrawable({ inputs, targets }) {
  return inputs[0].length === 2 && targets.every((target) => target === 0 || target === 1);
}

function planeOfPoints({ inputs, targets }) {
  return inputs.map(([x, y], place) => ({ x, y, target: targets[place] }));
}

function pointsOfPlane(points) {
  return { inputs: points.map(({ x, y }) => [x, y]), targets: points.map(({ target }) => target) };
}

function pointsRows({ values, shape: [rows, columns = 1] }) {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(values.slice(row * columns, (row + 1) * columns)),
  );
}
