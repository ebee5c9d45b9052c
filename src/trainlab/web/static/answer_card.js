// The answer: how often the experiment is solved, with its interval, how losses went, and why the others failed.

import { announce, element, setChildren, svgElement } from "./dom.js";
import { createFanChart } from "./fan_chart.js";
import { formatCount, formatShare } from "./format.js";
import { createSeedPicker } from "./seed_picker.js";

/**
 * Make the card. `onPick(seed)` is told which run is to be looked at.
 * @param {{onPick: (seed: number) => void}} listeners
 */
export function createAnswerCard({ onPick }) {
  const headline = element("p", { class: "headline" }, "…");
  const bar = createShareBar();
  const why = element("div");
  const advice = element("div");
  const fan = createFanChart();
  const picker = createSeedPicker({ onPick });
  const chosen = element("p", { class: "small" });
  const rule = element("p", { class: "muted small" });
  const cost = element("p", { class: "muted small" });
  const node = element(
    "section",
    { id: "answer", class: "card", "aria-labelledby": "answer-title", tabindex: "-1" },
    element("h2", { id: "answer-title" }, "Answer"),
    headline,
    bar.node,
    rule,
    advice,
    element(
      "div",
      { class: "pair" },
      element("figure", {}, element("figcaption", { class: "small" }, "Loss of all runs"), fan.node),
      element(
        "div",
        {},
        element("p", { class: "small", id: "seeds-words" }, "Every run: full if solved, hollow if not, struck through if it diverged. Choose one to look into."),
        picker.node,
        chosen,
        why,
      ),
    ),
    cost,
  );

  return {
    node,
    /** Say that an answer is on its way; what is shown is of the question before. */
    wait() {
      node.classList.add("stale");
    },
    /** Show a frame of kind "population". */
    show(header, arrays) {
      node.classList.remove("stale");
      headline.textContent = header.sentence;
      bar.show(header);
      fan.show(arrays.curve_epochs.values, arrays.curve.values);
      picker.show({
        first: header.first_seed,
        solved: arrays.solved.values,
        diverged: arrays.diverged.values,
        loss: arrays.loss.values,
      });
      chosen.textContent = picker.words();
      setChildren(advice, ...header.advice.map(({ words }) => element("p", { class: "says small" }, words)));
      setChildren(why, ...whyRows(header));
      rule.textContent = header.solved_is;
      cost.textContent = header.last ? costWords(header) : "";
      if (header.last) announce(header.sentence);
    },
    /** Say what is wrong with the experiment, in the place of an answer. */
    refuse(words) {
      node.classList.remove("stale");
      headline.textContent = words;
      bar.hide();
      announce(words);
    },
    /** Mark the run that is looked at, and draw its curve: `epochs` and `loss`. */
    choose(seed) {
      picker.choose(seed);
      chosen.textContent = picker.words();
    },
    showRun: fan.showRun,
  };
}

function whyRows({ why, why_rule: rule }) {
  if (!why.length) return [];
  return [
    element("h3", {}, "Why the others failed"),
    element("ul", { class: "small" }, ...why.map(({ words }) => element("li", {}, words))),
    element("details", { class: "small muted" }, element("summary", {}, "By which rule"), rule),
  ];
}

function costWords({ n, steps, seconds, engine }) {
  if (seconds === null) return ""; // Computed beforehand.
  const time = seconds < 1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`;
  return `${formatCount(n)} runs of ${formatCount(steps)} steps, trained in ${time} by the ${engine} engine.`;
}

/** A bar of the share solved, with its 95 % interval as a line across. */
function createShareBar() {
  const share = svgElement("rect", { x: 0, y: 6, height: 10, fill: "var(--tl-good)" });
  const line = svgElement("path", { stroke: "var(--tl-text)", "stroke-width": 2, fill: "none" });
  const node = svgElement(
    "svg",
    { viewBox: "0 0 400 22", preserveAspectRatio: "none", class: "share", role: "img" },
    svgElement("rect", { x: 0, y: 6, width: 400, height: 10, fill: "var(--tl-grid)" }),
    share,
    line,
  );
  return {
    node,
    show({ k, n, low, high }) {
      node.style.visibility = "visible";
      share.setAttribute("width", (400 * k) / n);
      const [from, to] = [400 * low, 400 * high];
      line.setAttribute("d", `M${from},2V20M${to},2V20M${from},11H${to}`);
      node.setAttribute(
        "aria-label",
        `${formatShare(k / n)} solved, 95 % interval ${formatShare(low)} to ${formatShare(high)}`,
      );
    },
    hide() {
      node.style.visibility = "hidden";
    },
  };
}
