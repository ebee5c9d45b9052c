// The loss of one run along its slider, on a log scale, with marks where it was solved and where it broke.

import { element, setChildren, svgElement } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";

const TRACK = { width: 1000, height: 60, top: 4, bottom: 4 };

/** Make the track: `show` draws a run, `at` moves the line that says where one is. */
export function createLossTrack() {
  const curve = svgElement("path", { fill: "none", stroke: "var(--tl-s2)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" });
  const here = svgElement("path", { stroke: "var(--tl-text)", "stroke-width": 1, "vector-effect": "non-scaling-stroke" });
  const marks = svgElement("g");
  const picture = svgElement(
    "svg",
    { viewBox: `0 0 ${TRACK.width} ${TRACK.height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    curve,
    marks,
    here,
  );
  const words = element("p", { class: "small row" });
  let last = 1;

  return {
    node: element("div", { class: "track" }, picture),
    words,
    /** Draw the run: its `steps` and `loss`, and `marks`, [{step, colour, words}]. */
    show(steps, loss, of, told) {
      last = Math.max(of, 1);
      const powers = Array.from(loss, (value) => (value > 0 && Number.isFinite(value) ? Math.log10(value) : NaN));
      const finite = powers.filter((power) => !Number.isNaN(power));
      const high = finite.length ? Math.max(...finite) : 0;
      const low = finite.length ? Math.max(Math.min(...finite), high - 16) : -1;
      const down = TRACK.height - TRACK.top - TRACK.bottom;
      let drawn = "";
      let pen = "M";
      powers.forEach((power, place) => {
        // A loss of 0 lies on the floor; one that is no number leaves a gap.
        const at = loss[place] === 0 ? low : Math.max(power, low);
        if (Number.isNaN(at)) return (pen = "M");
        const y = TRACK.top + (down * (high - at)) / (high - low || 1);
        drawn += `${pen}${((TRACK.width * steps[place]) / last).toFixed(1)},${y.toFixed(1)}`;
        pen = "L";
      });
      curve.setAttribute("d", drawn);
      setChildren(
        marks,
        ...told.map(({ step, colour }) =>
          svgElement("path", { d: trackLine(step, last), stroke: `var(--tl-${colour})`, "stroke-width": 3, "stroke-dasharray": colour === "bad" ? "4 3" : null, "vector-effect": "non-scaling-stroke" }),
        ),
      );
      const range = finite.length ? `Loss from ${formatNumber(10 ** high)} down to ${formatNumber(10 ** low)}, on a log scale.` : "";
      setChildren(words, element("span", { class: "muted" }, range), ...told.map((mark) => mark.node));
    },
    /** Move the line to a step. */
    at(step) {
      here.setAttribute("d", trackLine(step, last));
    },
  };
}

/** Return a mark as the track takes it, with a button that goes there. */
export function trackMark(step, colour, words, go) {
  const label = `${words}, after ${formatCount(step)} steps`;
  return { step, colour, node: element("button", { type: "button", class: colour, click: () => go(step) }, label) };
}

function trackLine(step, last) {
  return `M${((TRACK.width * step) / last).toFixed(1)},0V${TRACK.height}`;
}
