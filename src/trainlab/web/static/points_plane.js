// A plane on which points of two classes are placed and removed, by mouse, touch or keyboard.

import { announce, element, setAttributes, setChildren, svgElement } from "./dom.js";
import { formatNumber } from "./format.js";

const POINTS_SIDE = 280;
const POINTS_NEAR = 9; // So close, in the picture's units, a point is meant.
const POINTS_REACH = 1.5; // Shown at least, to either side of 0.

/**
 * Return the plane; `onChange(points)` gets the points, `{x, y, target}` each, when one came or went.
 * @param {{onChange: (points: {x: number, y: number, target: number}[]) => void}} listeners
 */
export function createPointsPlane({ onChange }) {
  const grid = svgElement("g");
  const marks = svgElement("g");
  const cursor = svgElement("path", { class: "cursor", stroke: "var(--tl-text)", fill: "none" });
  const svg = svgElement(
    "svg",
    {
      viewBox: `0 0 ${POINTS_SIDE} ${POINTS_SIDE}`,
      class: "points-plane",
      role: "application",
      tabindex: "0",
      "aria-label":
        "Plane of points. Arrows move a cursor, 0 and 1 place a point, Delete removes the nearest.",
      click,
      keydown: press,
    },
    svgElement("rect", { width: POINTS_SIDE, height: POINTS_SIDE, fill: "var(--tl-bg)" }),
    grid,
    marks,
    cursor,
  );
  const tools = [0, 1, null].map((target) =>
    element(
      "button",
      { type: "button", click: () => take(target) },
      target === null ? "Remove" : `Class ${target}`,
    ),
  );
  let points = [];
  let reach = POINTS_REACH;
  let tool = 1;
  let at = { x: 0, y: 0 };

  const across = (x) => ((x + reach) / (2 * reach)) * POINTS_SIDE;
  const down = (y) => ((reach - y) / (2 * reach)) * POINTS_SIDE;
  const tidy = (value) =>
    Number((Math.round((value / reach) * 150) * (reach / 150)).toFixed(3)) + 0;

  function draw() {
    const edge = formatNumber(reach);
    setChildren(
      grid,
      svgElement("path", {
        d: `M0,${down(0)}H${POINTS_SIDE}M${across(0)},0V${POINTS_SIDE}`,
        stroke: "var(--tl-grid)",
      }),
      svgElement("text", { x: 3, y: down(0) - 3, class: "muted" }, `−${edge}`),
      svgElement(
        "text",
        { x: POINTS_SIDE - 3, y: down(0) - 3, "text-anchor": "end", class: "muted" },
        edge,
      ),
      svgElement("text", { x: across(0) + 3, y: 11, class: "muted" }, edge),
    );
    setChildren(marks, ...points.map(({ x, y, target }) => pointMark(across(x), down(y), target)));
    const [x, y] = [across(at.x), down(at.y)];
    cursor.setAttribute("d", `M${x - 9},${y}h18M${x},${y - 9}v18`);
    tools.forEach((button, place) =>
      setAttributes(button, { "aria-pressed": String([0, 1, null][place] === tool) }),
    );
  }

  function take(target) {
    tool = target;
    draw();
  }

  function change(next, words) {
    points = next;
    draw();
    announce(words);
    onChange(points);
  }

  function place(target) {
    const kept = points.filter(({ x, y }) => x !== at.x || y !== at.y);
    change(
      [...kept, { ...at, target }],
      `${pointWords({ ...at, target })}, ${kept.length + 1} in all`,
    );
  }

  function remove(within) {
    const far = ({ x, y }) => Math.hypot(across(x) - across(at.x), down(y) - down(at.y));
    const nearest = [...points].sort((one, other) => far(one) - far(other))[0];
    if (!nearest || far(nearest) > within) return;
    change(
      points.filter((point) => point !== nearest),
      `${pointWords(nearest)} removed, ${points.length - 1} left`,
    );
  }

  function click(event) {
    const box = svg.getBoundingClientRect();
    const share = {
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.height,
    };
    at = { x: tidy((2 * share.x - 1) * reach), y: tidy((1 - 2 * share.y) * reach) };
    if (event.shiftKey || tool === null) remove(POINTS_NEAR);
    else place(tool);
  }

  function press(event) {
    const by = (event.shiftKey ? 1 : 10) * (reach / 150);
    const moves = {
      ArrowRight: [by, 0],
      ArrowLeft: [-by, 0],
      ArrowUp: [0, by],
      ArrowDown: [0, -by],
    };
    if (event.key in moves) {
      const held = (value) => tidy(Math.min(Math.max(value, -reach), reach));
      at = { x: held(at.x + moves[event.key][0]), y: held(at.y + moves[event.key][1]) };
      draw();
      announce(`${formatNumber(at.x)}, ${formatNumber(at.y)}`);
    } else if (event.key === "0" || event.key === "1") place(Number(event.key));
    else if (event.key === "Delete" || event.key === "Backspace") remove(Infinity);
    else return;
    event.preventDefault();
  }

  draw();
  return {
    node: element("div", {}, element("div", { class: "row small" }, ...tools), svg),
    /** Show points as `{x, y, target}`; the plane grows until it holds them all. */
    show(held) {
      points = held;
      const most = Math.max(
        POINTS_REACH,
        ...held.map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y))),
      );
      if (most > reach || reach > 2 * most)
        reach = most > POINTS_REACH ? Number((most * 1.1).toPrecision(2)) : most;
      draw();
    },
  };
}

/** Full if the target is 1, hollow if it is 0. */
function pointMark(x, y, target) {
  const look = target
    ? { fill: "var(--tl-s1)" }
    : { fill: "none", stroke: "var(--tl-s2)", "stroke-width": 2 };
  return svgElement("circle", { cx: x, cy: y, r: target ? 5 : 4, ...look });
}

function pointWords({ x, y, target }) {
  return `Class ${target} at ${formatNumber(x)}, ${formatNumber(y)}`;
}
