// Guess first: while an answer is to be guessed, the page holds it back, and everything that would give it away.

import { comparedPair } from "./comparison.js";
import { element, setAttributes, setChildren } from "./dom.js";
import { formatCount } from "./format.js";
import { createGuessSlider, pointsOff } from "./guesses.js";

/** Return the exercise of the state, if its experiments are still those on the page; else null. */
export function exerciseOnPage(now, course) {
  const exercise = course?.[now.exercise - 1];
  if (!exercise) return null;
  const { a, b } = exercise;
  return JSON.stringify(comparedPair(now)) === JSON.stringify({ a, b }) ? exercise : null;
}

/**
 * Make the gate. `node` stands in the place of the answer, `button` turns guessing on and off; `show(header,
 * arrays)` is what takes the frames that are let through. What gives the answer away has the class "spoils".
 * @param {object} lab
 * @param {HTMLElement} root
 * @param {(header: object, arrays: object) => void} show
 */
export function createGuessGate(lab, root, show) {
  const { state, schema, guesses } = lab;
  const made = new Map(); // the question asked -> the guess
  let question = ""; // as text
  let asking = ""; // the question that frames come for, behind while a knob is dragged
  let frame = null; // the newest frame: {to, header, arrays}, `to` being its question
  const counted = new Set(); // the questions whose guesses are in the tally
  let refused = ""; // the question that can't be answered
  let sliderOf = ""; // the question whose slider is shown
  const content = element("div");
  const node = element("section", { class: "card gate", "aria-label": "Guess first", tabindex: "-1" }, content);
  const button = element(
    "button",
    {
      type: "button",
      title: "Guess each answer before it is shown",
      click: () => state.change({ guess: !state.now.guess }),
    },
    "Guess first",
  );

  function shut(now) {
    const exercise = exerciseOnPage(now, schema.course);
    if (exercise) return guesses.exercise(now.exercise) ? null : "course";
    return now.guess && !made.has(question) && refused !== question ? "free" : null;
  }

  function draw(now) {
    const why = shut(now);
    root.classList.toggle("guessing", why !== null);
    setAttributes(button, { "aria-pressed": String(now.guess) });
    node.hidden = why === null && !made.has(question);
    // A slider that somebody moves stays as it is.
    if (why === "free" && sliderOf === question) return;
    sliderOf = why === "free" ? question : "";
    if (why === "course") setChildren(content, ...courseWords(now));
    else if (why) setChildren(content, ...askWords(now));
    else if (made.has(question)) setChildren(content, ...resultWords());
  }

  function courseWords({ exercise, view }) {
    const says = `Guess first: exercise ${exercise} of the course asks what will happen.`;
    const words = element("p", { class: "claim" }, says);
    const go = () => state.change({ view: "course" });
    return [words, view === "course" ? null : element("button", { type: "button", click: go }, "Go to the exercise")];
  }

  function askWords({ seeds }) {
    return [
      element("p", { class: "claim" }, `Guess first: how many of ${formatCount(seeds)} seeds solve it?`),
      createGuessSlider(seeds, (count) => {
        made.set(question, count);
        lab.refresh();
        node.focus(); // The button that had the focus is gone.
      }),
    ];
  }

  function resultWords() {
    if (frame?.to !== question || !frame.header.last) return [element("p", {}, "The answer is on its way.")];
    const { k, n } = frame.header;
    const off = pointsOff(made.get(question), k, n);
    if (!counted.has(question)) guesses.addFree(off);
    counted.add(question);
    const { count, off: sum } = guesses.free;
    const guess = `You guessed ${formatCount(made.get(question))} of ${formatCount(n)}`;
    const mean = `In ${formatCount(count)} guesses you were ${(sum / count).toFixed(0)} points off on average.`;
    const words = `${guess}; it is ${formatCount(k)}: ${off.toFixed(0)} points off.`;
    return [element("p", {}, count > 1 ? `${words} ${mean}` : words)];
  }

  return {
    node,
    button,
    /** Take a frame of the answer: let through, or held back until the guess is made. */
    take(header, arrays) {
      frame = { to: asking, header, arrays };
      if (shut(state.now)) return;
      show(header, arrays);
      draw(state.now);
    },
    /** Of what can't be trained there is nothing to guess. */
    open() {
      refused = asking;
      draw(state.now);
    },
    /** Be told which question frames come for from now on. */
    asked(next) {
      asking = JSON.stringify(next);
    },
    /** Be told of the state, and of the question that it asks. */
    show(now, asked) {
      const before = root.classList.contains("guessing");
      question = JSON.stringify(asked);
      draw(now);
      if (before && frame?.to === question && !shut(now)) show(frame.header, frame.arrays);
    },
  };
}
