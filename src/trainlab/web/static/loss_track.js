// The loss of one run along its slider, on a log scale, with marks where it was solved and where it broke.

import { chartScale } from "./chart_scale.js";
import { element, setChildren, svgElement } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";

const TRACK = { width: 1000, height: 60, margin: 4 };

/**
 * Make the track: `show` draws a run, `at` moves the line that says where one is; `onGo(step)` is told of a
 * mark that is to be gone to.
 * @param {{onGo: (step: number) => void}} listeners
 */
export function createLossTrack({ onGo }) {
  const curve = svgElement("path", { fill: "none", stroke: "var(--tl-s2)", "stroke-width": 2 });
  const here = svgElement("path", { stroke: "var(--tl-text)" });
  const lines = svgElement("g", { "stroke-width": 3 });
  const view = { viewBox: `0 0 ${TRACK.width} ${TRACK.height}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const words = element("p", { class: "small row" });
  let last = 1;
  const across = (step) => ((TRACK.width * step) / last).toFixed(1);
  const line = (step) => `M${across(step)},0V${TRACK.height}`;

  return {
    node: element("div", { class: "track" }, svgElement("svg", view, curve, lines, here)),
    words,
    /** Draw a run: its `steps` and `loss`, with the marks that its header tells. */
    show(steps, loss, header) {
      last = Math.max(header.of_steps, 1);
      const finite = Array.from(loss).filter((value) => value > 0 && Number.isFinite(value));
      const most = finite.reduce((a, b) => Math.max(a, b), 0) || 1;
      const least = finite.reduce((a, b) => Math.min(a, b), most);
      // Losses of 0, and far below what is interesting, lie on the floor.
      const [from, to, low] = [TRACK.height - TRACK.margin, TRACK.margin, Math.max(least, most * 1e-16)];
      const { place: height } = chartScale({ low, high: most, from, to, log: true });
      let path = "";
      let pen = "M";
      loss.forEach((value, place) => {
        // One that is no number leaves a gap.
        if (!Number.isFinite(value)) return (pen = "M");
        path += `${pen}${across(steps[place])},${height(value).toFixed(1)}`;
        pen = "L";
      });
      curve.setAttribute("d", path);
      const marks = trackMarks(header);
      const dashes = (colour) => (colour === "bad" ? "4 3" : null);
      setChildren(
        lines,
        ...marks.map(([step, colour]) =>
          svgElement("path", { d: line(step), stroke: `var(--tl-${colour})`, "stroke-dasharray": dashes(colour) }),
        ),
      );
      setChildren(
        words,
        element(
          "span",
          { class: "muted" },
          `Loss on a log scale: ${formatNumber(least)} at the bottom, ${formatNumber(most)} at the top.`,
        ),
        ...marks.map(([step, colour, told]) => {
          const label = `${told}, after ${formatCount(step)} steps`;
          return element("button", { type: "button", class: colour, click: () => onGo(step) }, label);
        }),
      );
    },
    /** Move the line to a step. */
    at(step) {
      here.setAttribute("d", line(step));
    },
  };
}

/** Return the marks of a run: [step, colour, words]. */
function trackMarks({ solved_step: solved, solved_at_end: end, diverged_step: diverged, first_bad: bad }) {
  return [
    [solved, "good", end ? "first solved" : "once solved"],
    bad ? [bad.step, "bad", "the next step breaks it"] : [diverged, "bad", "diverged"],
  ].filter(([step]) => step !== null);
}
