// The answer: how often the experiment is solved, with its interval, how losses went, and why the others failed.

import { announce, element, setChildren } from "./dom.js";
import { createFanChart } from "./fan_chart.js";
import { formatCount } from "./format.js";
import { createSeedPicker } from "./seed_picker.js";
import { createShareBar } from "./share_bar.js";

/**
 * Make the card. `onPick(seed)` is told which run is to be looked at; `causes` stands below the reasons.
 * @param {{onPick: (seed: number) => void, causes: object}} parts
 */
export function createAnswerCard({ onPick, causes }) {
  const headline = element("p", { class: "headline" }, "…");
  const brief = element("p", { class: "brief spoils small", "aria-hidden": "true" });
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
    { id: "answer", class: "card spoils", "aria-labelledby": "answer-title", tabindex: "-1" },
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
        causes.node,
      ),
    ),
    cost,
  );

  return {
    node,
    /** The answer once more, for a screen on which the controls push it out of sight. */
    brief,
    /** Say that an answer is on its way; what is shown is of the question before. */
    wait() {
      node.classList.add("stale");
      // An error belongs to the question before: nothing of it is shown while the next one is open.
      if (node.classList.contains("refused")) headline.textContent = brief.textContent = "…";
      node.dataset.whole = "false";
      causes.reset();
    },
    /** Show a frame of kind "population". */
    show(header, arrays) {
      node.classList.remove("stale", "refused");
      headline.textContent = brief.textContent = header.sentence;
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
      causes.offer(header.why.length > 0);
      rule.textContent = header.solved_is;
      cost.textContent = header.last ? costWords(header) : "";
      node.dataset.whole = String(header.last);
      if (header.last) announce(header.sentence);
    },
    /** Say what is wrong with the experiment, in the place of an answer. */
    refuse(words) {
      node.classList.remove("stale");
      node.classList.add("refused");
      headline.textContent = brief.textContent = words;
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

function whyRows({ why, why_rule: rule, n }) {
  if (!why.length) return [];
  return [
    element("h3", {}, why[0].n === n ? "Why they failed" : "Why the others failed"),
    element("ul", { class: "small" }, ...why.map(({ words }) => element("li", {}, words))),
    element("details", { class: "small muted" }, element("summary", {}, "By which rule"), rule),
  ];
}

function costWords({ n, steps, seconds, engine }) {
  if (seconds === null) return ""; // Computed beforehand.
  const time = seconds < 1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`;
  return `${formatCount(n)} runs of ${formatCount(steps)} steps, trained in ${time} by the ${engine} engine.`;
}
