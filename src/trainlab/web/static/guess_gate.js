// Guess first: while an answer is to be guessed, the page holds it back, and everything that would give it away.

import { comparedPair } from "./comparison.js";
import { element, setAttributes, setChildren } from "./dom.js";
import { formatCount } from "./format.js";
import { createGuessSlider, pointsOff } from "./guesses.js";

/** Return the exercise that is on the page as it was set, with its number; else null. */
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
  let frame = null; // its newest frame
  let counted = ""; // the question of the guess that was counted last
  const content = element("div");
  const node = element("section", { class: "card", "aria-label": "Guess first" }, content);
  const button = element("button", { type: "button", click: () => state.change({ guess: !state.now.guess }) }, "Guess first");

  function shut(now) {
    const exercise = exerciseOnPage(now, schema.course);
    if (exercise) return guesses.exercise(now.exercise) ? null : "course";
    return now.guess && !made.has(question) ? "free" : null;
  }

  function draw(now) {
    const why = shut(now);
    root.classList.toggle("guessing", why !== null);
    setAttributes(button, { "aria-pressed": String(now.guess) });
    node.hidden = why === null && !made.has(question);
    if (content.dataset.shown === `${why} ${question}` && why) return;
    content.dataset.shown = `${why} ${question}`;
    if (why === "course") setChildren(content, ...courseWords(now));
    else if (why) setChildren(content, ...askWords(now));
    else if (made.has(question)) setChildren(content, ...resultWords());
  }

  function courseWords({ exercise, view }) {
    const words = element("p", { class: "headline" }, `Guess first: exercise ${exercise} of the course asks what will happen.`);
    const go = () => state.change({ view: "course" });
    return [words, view === "course" ? null : element("button", { type: "button", click: go }, "Go to the exercise")];
  }

  function askWords({ seeds }) {
    return [
      element("p", { class: "headline" }, `Guess first: how many of ${formatCount(seeds)} seeds solve it?`),
      createGuessSlider(seeds, (count) => {
        made.set(question, count);
        lab.refresh();
      }),
    ];
  }

  function resultWords() {
    if (!frame?.[0].last) return [element("p", {}, "The answer is on its way.")];
    const { k, n } = frame[0];
    const off = pointsOff(made.get(question), k, n);
    if (counted !== question) guesses.addFree(off);
    counted = question;
    const { count, off: sum } = guesses.free;
    const tally = count > 1 ? ` In ${formatCount(count)} guesses you were ${(sum / count).toFixed(0)} points off on average.` : "";
    return [element("p", {}, `You guessed ${formatCount(made.get(question))} of ${formatCount(n)}; it is ${formatCount(k)}: ${off.toFixed(0)} points off.${tally}`)];
  }

  return {
    node,
    button,
    /** Take a frame of the answer: let through, or held back until the guess is made. */
    take(header, arrays) {
      frame = [header, arrays];
      if (shut(state.now)) return;
      show(header, arrays);
      draw(state.now);
    },
    /** Of what can't be trained there is nothing to guess. */
    open() {
      root.classList.remove("guessing");
      node.hidden = true;
    },
    /** Be told of the state, and of the question whose answer is shown next. */
    show(now, asked) {
      const before = root.classList.contains("guessing");
      const text = JSON.stringify(asked);
      if (text !== question) frame = null;
      question = text;
      draw(now);
      if (before && frame && !shut(now)) show(...frame);
    },
  };
}
