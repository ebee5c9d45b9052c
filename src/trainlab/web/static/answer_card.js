// The answer: how many seeds solve it, which they are, and what the doctor blames.

import { createFanChart, createShareBar } from "./charts.js";
import {
  announce,
  buttonElement,
  element,
  formatCount,
  formatNumber,
  setAttributes,
  setChildren,
} from "./dom.js";

// A list of seeds to choose from: one stop of the Tab key, arrows from there.

/**
 * Make the list. `onPick(seed)` is told which seed was chosen.
 * @param {string} title
 * @param {(seed: number) => void} onPick
 */
export function createSeedList(title, onPick) {
  const heading = element("h3");
  const list = element("div", { class: "row small seed-list", role: "group", "aria-label": title, keydown: press });
  let buttons = new Map(); // seed -> its button
  let shown = "";
  let chosen = null;

  function mark() {
    const stop = buttons.has(chosen) ? chosen : buttons.keys().next().value;
    for (const [seed, button] of buttons) {
      setAttributes(button, { "aria-pressed": String(seed === chosen), tabindex: seed === stop ? "0" : "-1" });
    }
  }

  function press(event) {
    const all = [...buttons.values()];
    const at = all.indexOf(event.target);
    const [ahead, back] = [at + 1, at - 1];
    const moves = { ArrowRight: ahead, ArrowDown: ahead, ArrowLeft: back, ArrowUp: back, Home: 0, End: all.length - 1 };
    const next = moves[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    all[Math.min(Math.max(next, 0), all.length - 1)].focus();
  }

  return {
    node: element("div", {}, heading, list),
    /** Show these seeds, in order. */
    show(seeds) {
      heading.textContent = `${title}: ${formatCount(seeds.length)}`;
      const key = seeds.join();
      if (key === shown) return;
      shown = key;
      buttons = new Map(
        Array.from(seeds, (seed) => {
          const name = formatCount(seed);
          const pick = () => onPick(seed);
          return [seed, element("button", { type: "button", "aria-label": `Seed ${name}`, click: pick }, name)];
        }),
      );
      setChildren(list, ...buttons.values());
      if (!seeds.length) setChildren(list, "none");
      mark();
    },
    /** Mark the seed that is looked at. */
    choose(seed) {
      chosen = seed;
      mark();
    },
  };
}

// All seeds at a glance: a square each, full if solved, hollow if not, crossed if it diverged. One of them is chosen.

const SEED_CELL = 13;
const SEED_PAGE = 16;

/**
 * Return the picker: an element that takes arrows, Page Up and Down, Home and End, and clicks.
 * `onPick(seed)` is told which seed was chosen.
 * @param {{onPick: (seed: number) => void}} listeners
 */
function createSeedPicker({ onPick }) {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const slider = element(
    "div",
    { role: "slider", tabindex: "0", class: "seeds", "aria-label": "Seed", keydown: press, click },
    canvas,
  );
  const failed = element("button", { type: "button", click: () => next(0) }, "Next that failed");
  const solved = element("button", { type: "button", click: () => next(1) }, "Next that solved it");
  const node = element("div", {}, slider, element("div", { class: "row small" }, failed, solved));
  let shown = null; // {first, solved, diverged, loss}
  let chosen = 0;
  let columns = 1;

  function draw() {
    if (!shown) return;
    const count = shown.solved.length;
    const width = slider.clientWidth || 320;
    const ratio = devicePixelRatio || 1;
    columns = Math.max(1, Math.floor(width / SEED_CELL));
    const rows = Math.ceil(count / columns);
    canvas.width = columns * SEED_CELL * ratio;
    canvas.height = rows * SEED_CELL * ratio;
    canvas.style.width = `${columns * SEED_CELL}px`;
    const style = getComputedStyle(slider);
    const colour = (name) => style.getPropertyValue(`--tl-${name}`);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const [good, bad, text] = [colour("good"), colour("bad"), colour("text")];
    for (let place = 0; place < count; place += 1) {
      const x = (place % columns) * SEED_CELL;
      const y = Math.floor(place / columns) * SEED_CELL;
      pen.lineWidth = 1.5;
      pen.fillStyle = good;
      pen.strokeStyle = bad;
      if (shown.solved[place]) pen.fillRect(x + 2, y + 2, SEED_CELL - 4, SEED_CELL - 4);
      else pen.strokeRect(x + 2.75, y + 2.75, SEED_CELL - 5.5, SEED_CELL - 5.5);
      if (shown.diverged[place]) {
        pen.beginPath();
        pen.moveTo(x + 3, y + 3);
        pen.lineTo(x + SEED_CELL - 3, y + SEED_CELL - 3);
        pen.stroke();
      }
      if (place + shown.first === chosen) {
        pen.strokeStyle = text;
        pen.lineWidth = 2;
        pen.strokeRect(x + 1, y + 1, SEED_CELL - 2, SEED_CELL - 2);
      }
    }
    setAttributes(slider, {
      "aria-valuemin": shown.first,
      "aria-valuemax": shown.first + count - 1,
      "aria-valuenow": chosen,
      "aria-valuetext": wordsOf(chosen),
    });
    const some = (wanted) => shown.solved.some((each) => each === wanted);
    failed.disabled = !some(0);
    solved.disabled = !some(1);
  }

  function wordsOf(seed) {
    const place = seed - shown.first;
    if (!(place in shown.solved)) return `Seed ${formatCount(seed)}`;
    const how = shown.diverged[place] ? "diverged" : shown.solved[place] ? "solved" : "not solved";
    return `Seed ${formatCount(seed)}: ${how}, loss ${formatNumber(shown.loss[place])}`;
  }

  function pick(seed) {
    const last = shown.first + shown.solved.length - 1;
    onPick(Math.min(Math.max(seed, shown.first), last));
  }

  function next(wanted) {
    const count = shown.solved.length;
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const place = (chosen - shown.first + ahead + count) % count;
      if (shown.solved[place] === wanted) return pick(shown.first + place);
    }
  }

  function press(event) {
    if (!shown) return;
    const moves = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      PageDown: SEED_PAGE,
      PageUp: -SEED_PAGE,
      Home: -shown.solved.length,
      End: shown.solved.length,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    pick(chosen + moves[event.key]);
  }

  function click(event) {
    if (!shown) return;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / SEED_CELL);
    const place = Math.floor((event.clientY - box.top) / SEED_CELL) * columns + column;
    if (column >= 0 && column < columns && place >= 0 && place < shown.solved.length) pick(shown.first + place);
  }

  new ResizeObserver(draw).observe(slider);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return {
    node,
    /** Show the runs: `first` seed, and for each `solved`, `diverged`, `loss`. */
    show(runs) {
      shown = runs;
      draw();
    },
    /** Mark the seed that is chosen. */
    choose(seed) {
      chosen = seed;
      draw();
    },
    /** Return how the chosen run ended, in words. */
    words: () => (shown ? wordsOf(chosen) : ""),
  };
}

// What the doctor's rules blame of failed runs: asked by a button, since it takes a second or two for each run.

/**
 * Make the button and the place of its answer. `asked(now)` gives the population's question.
 * @param {object} lab
 * @param {(now: object) => object} asked
 */
export function createDoctorCauses(lab, asked) {
  const button = buttonElement("Ask the doctor why", ask);
  const answer = element("div", { class: "small" });
  const node = element("div", {}, button, answer);

  function ask() {
    const question = asked(lab.state.now);
    setChildren(answer, element("p", { class: "muted" }, "Training some of them again under the doctor's eyes …"));
    lab.ask("why", { ...question, ask: "why" });
  }

  lab.listen("why", (header) => {
    if (header.kind === "error") return setChildren(answer, element("p", { class: "bad" }, header.message));
    setChildren(
      answer,
      element("p", {}, header.sentence),
      element("ul", {}, ...header.causes.map((cause) => causeRow(lab, cause))),
      element("details", { class: "muted" }, element("summary", {}, "Which runs, and how"), header.method),
    );
    if (header.last) announce(header.sentence);
  });

  return {
    node,
    /** Forget the answer to an older question; there is none to ask where every run is solved. */
    reset() {
      lab.cancel("why");
      setChildren(answer);
    },
    /** Whether there is anything to ask: whether some run failed. */
    offer(some) {
      button.hidden = !some || !lab.computes;
    },
  };
}

function causeRow(lab, { title, words, rate, solved, seeds }) {
  const beside = solved ? `; of the solved runs ${solved.k} of ${solved.n}` : "";
  return element(
    "li",
    {},
    element("strong", {}, title),
    `: ${rate.k} of ${rate.n}${beside} `,
    ...seeds.slice(0, 3).map((seed) => buttonElement(`seed ${seed}`, () => lab.state.change({ seed, step: null }))),
    element("details", { class: "muted" }, element("summary", {}, "Evidence"), words),
  );
}

// The answer: how often the experiment is solved, with its interval, how losses went, and why the others failed.

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
