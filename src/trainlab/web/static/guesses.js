// Guesses: made before an answer is shown, of the page's question or of an exercise.

import { element, formatCount, formatShare, setAttributes, setChildren } from "./dom.js";
import { comparedPair } from "./state.js";

// Guesses: what the browser keeps of them, how far off they were, and the slider that asks for a number of seeds.

const GUESSES_NAME = "trainlab-guesses";

/**
 * Return the store of guesses. `course` has those of the exercises by number, `{guess, right}` each, `right`
 * once the truth is known; `free` has how many others there were and how many points off they were together.
 */
export function createGuesses() {
  let kept = { course: {}, free: { count: 0, off: 0 } };
  try {
    kept = { ...kept, ...JSON.parse(localStorage.getItem(GUESSES_NAME)) };
  } catch {
    // Nothing may be kept here, or what is kept is none of ours: the score begins anew.
  }

  function keep(changed) {
    kept = { ...kept, ...changed };
    try {
      localStorage.setItem(GUESSES_NAME, JSON.stringify(kept));
    } catch {
      // The score holds until the page is closed.
    }
  }

  return {
    exercise: (number) => kept.course[number] ?? null,
    setExercise: (number, told) => keep({ course: { ...kept.course, [number]: told } }),
    clearCourse: () => keep({ course: {} }),
    /** How many exercises are guessed, and how many of them right. */
    get score() {
      const told = Object.values(kept.course).filter(({ right }) => right !== undefined);
      return { known: told.length, right: told.filter(({ right }) => right).length };
    },
    get free() {
      return kept.free;
    },
    addFree: (off) => keep({ free: { count: kept.free.count + 1, off: kept.free.off + off } }),
  };
}

/** Return what stands in the place of a view that would give the answer away. */
export function guessVeil() {
  return element("p", { class: "veil" }, "Guess first: this would give the answer away.");
}

/** Return how far a guess of a number of seeds is from `k` of `n`, in points. */
export function pointsOff(guess, k, n) {
  return (100 * Math.abs(guess - k)) / n;
}

/**
 * Make the slider that asks how many of `n` seeds solve it. `onGuess(count)` gets the answer.
 * @param {number} n
 * @param {(count: number) => void} onGuess
 */
export function createGuessSlider(n, onGuess) {
  const said = element("output", {}, "Move the slider to your guess.");
  const done = element(
    "button",
    { type: "button", class: "main", disabled: true, click: () => onGuess(Number(slider.value)) },
    "That's my guess",
  );
  const slider = element("input", {
    type: "range",
    min: 0,
    max: n,
    step: 1,
    value: Math.round(n / 2),
    "aria-label": `How many of ${formatCount(n)} seeds solve it`,
    input: say,
  });
  // Where the slider stands at first is nobody's guess.
  function say() {
    const count = Number(slider.value);
    said.textContent = `${formatCount(count)} of ${formatCount(n)} seeds (${formatShare(count / n)})`;
    slider.setAttribute("aria-valuetext", said.textContent);
    done.disabled = false;
  }
  return element("div", { class: "guess" }, slider, element("div", { class: "row" }, said, done));
}

// Guess first: while an answer is to be guessed, the page holds it back, and everything that would give it away.

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
