// Own points: drawn on a plane or pasted as text, they become the experiment's task.

import { announce, element } from "./dom.js";
import { kindOf } from "./experiment_form.js";
import { formatCount } from "./format.js";
import { PointsError, pointsText, readPointsText, roundPoints, withPoints } from "./points_data.js";
import { createPointsPlane } from "./points_plane.js";
import { addressOf } from "./state.js";

const POINTS_LINK = 8_000; // Longer links are cut by some programs.
const POINTS_MESSAGE = 60_000; // Longer experiments aren't taken by the server.

/**
 * Put the editor under the task's controls.
 * @param {{state: object, schema: object, listen: Function}} lab
 * @param {{taskPlace: HTMLElement}} panel
 * @returns {{show: (now: object, before: object | null) => void}}
 */
export function createPointsEditor(lab, panel) {
  const plane = createPointsPlane({ onChange: (points) => take(pointsOfPlane(points)) });
  const text = element("textarea", { id: "points-text", rows: 6, spellcheck: "false", placeholder: "x1, x2, target" });
  const wrong = element("p", { id: "points-wrong", class: "says small", role: "alert", hidden: true });
  const said = element("p", { class: "small muted", role: "status" });
  const link = element("p", { class: "small bad" });
  const present = element("button", { type: "button", disabled: true, click: startFromPresent }, "Start from the present points");
  const clear = element("button", { type: "button", click: clearPoints }, "Clear");
  const flat = element("div", {}, plane.node, element("p", { class: "muted small" }, POINTS_HELP));
  const node = element(
    "details",
    { class: "own-points" },
    element("summary", {}, "Draw or paste your own"),
    flat,
    element("div", { class: "row small" }, present, clear),
    element("label", { for: "points-text", class: "small" }, "Or as text: a line each, the last column is the target"),
    text,
    element("button", { type: "button", click: readText }, "Use these lines"),
    wrong,
    said,
    link,
  );
  let known = null; // The present task's points, once a replay has told them.
  let drafted = false; // Whether the text is the visitor's, not yet used.

  text.addEventListener("input", () => (drafted = true));
  lab.listen("replay", (header, { example_inputs: inputs, example_targets: targets }) => {
    if (!inputs || !targets) return;
    known = { inputs: pointsRows(inputs), targets: pointsRows(targets).map((row) => (row.length === 1 ? row[0] : row)) };
    present.disabled = false;
  });

  function take(points, words = "") {
    if (!points.inputs.length) {
      said.textContent = "No points: the answer is still that of the points before.";
      return;
    }
    const { experiment, words: followed } = withPoints(lab.state.now.a, points);
    if (JSON.stringify(experiment).length > POINTS_MESSAGE) {
      return refuse(`${formatCount(points.inputs.length)} points are too many for the page; trainlab run takes them from a file.`);
    }
    refuse(null);
    drafted = false;
    lab.state.change({ a: experiment, step: null });
    said.textContent = [`${formatCount(points.inputs.length)} points.`, words, followed].filter(Boolean).join(" ");
  }

  function readText() {
    try {
      const read = readPointsText(text.value);
      const inputs = roundPoints(read.inputs);
      const targets = roundPoints(read.targets.map((target) => [target])).flat();
      const rounded = JSON.stringify([inputs, targets]) !== JSON.stringify([read.inputs, read.targets]);
      const names = read.classes.map((name, place) => `${place} is “${name}”`).join(", ");
      const words = [names && `Targets: ${names}.`, rounded && "Rounded to three decimals."];
      take({ inputs, targets, classes: read.classes }, words.filter(Boolean).join(" "));
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
    take({ inputs: roundPoints(known.inputs), targets: known.targets });
  }

  function clearPoints() {
    plane.show([]);
    text.value = "";
    drafted = true;
    refuse(null);
    announce("Cleared");
    said.textContent = "Cleared: the answer is still that of the points before.";
  }

  panel.taskPlace.append(node);
  return {
    /** Show the points of the present experiment, if they are a visitor's own. */
    show(now, before) {
      if (before && JSON.stringify([before.a.task, before.a.split]) !== JSON.stringify([now.a.task, now.a.split])) {
        known = null;
        present.disabled = true;
      }
      const own = kindOf(now.a, "task", lab.schema) === "points" && now.a.task.inputs?.length ? now.a.task : null;
      if (!own) {
        link.textContent = "";
        return;
      }
      if (!node.contains(document.activeElement)) node.open = true;
      const drawable = arePointsDrawable(own);
      flat.hidden = !drawable;
      if (drawable) plane.show(own.inputs.map(([x, y], place) => ({ x, y, target: own.targets[place] })));
      if (!drafted) text.value = pointsText(own);
      const length = location.origin.length + location.pathname.length + addressOf(now, null).length;
      link.textContent =
        length > POINTS_LINK
          ? `A link to this experiment has ${formatCount(length)} characters; some programs cut links after ${formatCount(POINTS_LINK)}. Fewer points make it shorter.`
          : "";
    },
  };
}

const POINTS_HELP =
  "Click to add a point, Shift-click to remove one. With the keyboard: arrows move a cursor, 0 and 1 place a " +
  "point, Delete removes the nearest.";

/** Whether points can be drawn on the plane: two inputs, and a target of 0 or 1. */
function arePointsDrawable({ inputs, targets }) {
  return inputs[0].length === 2 && targets.every((target) => target === 0 || target === 1);
}

function pointsOfPlane(points) {
  return { inputs: points.map(({ x, y }) => [x, y]), targets: points.map(({ target }) => target) };
}

function pointsRows({ values, shape: [rows, columns = 1] }) {
  return Array.from({ length: rows }, (_, row) => Array.from(values.slice(row * columns, (row + 1) * columns)));
}
