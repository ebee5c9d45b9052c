// Own points: drawn on a plane or pasted as text, they become the experiment's task.

import { announce, buttonElement, element, focusSeenFrom } from "./dom.js";
import { kindOf } from "./experiment_form.js";
import { formatCount } from "./format.js";
import { PointsError, pointsText, readPointsText, roundPoints, wholeClasses, withPoints } from "./points_data.js";
import { createPointsPlane } from "./points_plane.js";
import { addressOf } from "./state.js";

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
