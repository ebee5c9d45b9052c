// Guesses: what the browser keeps of them, how far off they were, and the slider that asks for a number of seeds.

import { element } from "./dom.js";
import { formatCount, formatShare } from "./format.js";

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
