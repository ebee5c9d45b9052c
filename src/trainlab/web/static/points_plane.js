// A plane on which points of two classes are placed and removed, by mouse, touch or keyboard.

import { announce, buttonElement, element, setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

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
export function createPointsPlane({ onChange }) {
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
