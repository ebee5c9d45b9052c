// The course: ten exercises, each a guess; then the truth with its interval, why it is so, and the score.

import { announce, element, formatCount, formatShare, setAttributes, setChildren } from "./dom.js";
import { createGuessSlider, exerciseOnPage, pointsOff } from "./guesses.js";

const COURSE_WORDS =
  "Say what will happen before the page shows it: the five changes and the five questions of the assignment, " +
  "on its three networks of 44 parameters. Every answer is computed now, from runs.";

/**
 * Make the view.
 * @param {object} lab
 */
export function createCourseView(lab) {
  const { state, guesses, schema } = lab;
  const { course } = schema;
  const truths = new Map(); // number -> the server's answer
  const steps = course.map((_, place) => element("button", { type: "button", click: () => open(place + 1) }));
  const score = element("p", { role: "status" });
  const again = element("button", { type: "button", click: startAgain }, "Start again");
  const box = element("div", { class: "exercise" });
  const node = element(
    "div",
    {},
    element("p", {}, COURSE_WORDS),
    element("div", { class: "row", role: "group", "aria-label": "Exercises" }, ...steps),
    box,
    element("div", { class: "row" }, score, again),
  );

  function open(number) {
    const { a, b, seeds } = course[number - 1];
    const page = { a, b, side: "a", first: 0, seeds, seed: 0, step: null };
    state.change({ ...page, exercise: number, view: "course" });
    box.querySelector("h3").focus();
  }

  function startAgain() {
    guesses.clearCourse();
    open(1);
    lab.refresh(); // It may have been open already.
  }

  function guess(number, value) {
    guesses.setExercise(number, { guess: value });
    ask(number);
    lab.refresh();
  }

  function ask(number) {
    if (!truths.has(number)) lab.ask("course", { ask: "exercise", number });
  }

  lab.listen("course", (header) => {
    const number = state.now.exercise;
    if (header.kind === "error") {
      return setChildren(box, ...heading(number), element("p", { class: "says" }, header.message));
    }
    if (!header.last) return;
    truths.set(header.number, header);
    const made = guesses.exercise(header.number);
    const right = made && isRight(course[header.number - 1], made.guess, header);
    if (made) guesses.setExercise(header.number, { ...made, right });
    draw(state.now);
    if (header.number !== number) return;
    announce(header.sentence);
    box.querySelector(".result")?.focus();
  });

  function heading(number) {
    const { title, text } = course[number - 1];
    return [element("h3", { tabindex: "-1" }, `${number}. ${title}`), element("p", {}, text)];
  }

  function draw(now) {
    steps.forEach((button, place) => {
      const right = guesses.exercise(place + 1)?.right;
      const how = right === undefined ? "" : right ? "right" : "wrong";
      button.textContent = `${place + 1}${{ right: " ✓", wrong: " ✗" }[how] ?? ""}`;
      setAttributes(button, {
        "aria-current": now.exercise === place + 1 ? "step" : null,
        "aria-label": `Exercise ${place + 1}: ${course[place].title}${how && `, guessed ${how}`}`,
      });
    });
    const { known, right } = guesses.score;
    const left = known === course.length ? "" : `, ${course.length - known} to go`;
    score.textContent = known ? `${right} of ${known} guessed right${left}.` : "";
    again.hidden = !known;
    const number = now.exercise;
    if (!course[number - 1]) {
      const start = () => open(nextOpen(0) || 1);
      return setChildren(box, element("button", { type: "button", class: "main", click: start }, known ? "Go on" : "Begin"));
    }
    const other = exerciseOnPage(now, course) ? null : otherOnPage(number);
    setChildren(box, ...heading(number), other, ...below(number));
  }

  function below(number) {
    const made = guesses.exercise(number);
    const truth = truths.get(number);
    if (!made) return question(number);
    return truth ? result(number, made, truth) : [element("p", {}, "The runs are being trained.")];
  }

  function otherOnPage(number) {
    const back = element("button", { type: "button", click: () => open(number) }, "Set the page to the exercise");
    return element("p", { class: "row small" }, "The page shows another experiment now.", back);
  }

  function question(number) {
    const { choices, rule, seeds } = course[number - 1];
    const buttons = choices.map((words, place) =>
      element("button", { type: "button", click: () => guess(number, place) }, words),
    );
    const asked = buttons.length
      ? element("div", { class: "choices" }, ...buttons)
      : createGuessSlider(seeds, (count) => guess(number, count));
    return [asked, element("p", { class: "muted small" }, rule)];
  }

  function result(number, { guess: value, right }, truth) {
    const exercise = course[number - 1];
    const look = lab.views.find(({ name }) => name === exercise.view);
    const next = nextOpen(number);
    return [
      element(
        "div",
        { class: `says result${right ? " right" : ""}`, tabindex: "-1" },
        element("p", {}, element("strong", {}, right ? "Right. " : "Not so. "), guessWords(exercise, value, truth)),
        element("p", {}, element("strong", {}, truth.sentence)),
        ...truth.why.map((words) => element("p", { class: "small" }, words)),
      ),
      element("p", { class: "muted small" }, exercise.rule),
      element(
        "div",
        { class: "row" },
        next ? element("button", { type: "button", class: "main", click: () => open(next) }, "Next") : null,
        look
          ? element("button", { type: "button", click: () => state.change({ view: look.name }) }, `See it in ${look.title}`)
          : null,
      ),
    ];
  }

  /** Return the next exercise after `number` that isn't guessed yet; 0 if all are. */
  function nextOpen(number) {
    const order = course.map((_, place) => ((number + place) % course.length) + 1);
    return order.find((each) => !guesses.exercise(each)) ?? 0;
  }

  return {
    name: "course",
    title: "Course",
    node,
    show(now, before) {
      if (guesses.exercise(now.exercise)) ask(now.exercise);
      const key = ({ exercise, a, b, side }) => JSON.stringify({ exercise, a, b, side });
      if (!before || before === now || before.view !== now.view || key(before) !== key(now)) draw(now);
    },
  };
}

function isRight({ near }, guess, { right, k, n }) {
  return right === null ? pointsOff(guess, k, n) <= 100 * near : guess === right;
}

function guessWords({ choices, seeds }, guess, { right, k, n }) {
  if (right !== null) return `You guessed: ${choices[guess]}.`;
  const off = pointsOff(guess, k, n).toFixed(0);
  return `You guessed ${formatCount(guess)} of ${formatCount(seeds)} (${formatShare(guess / seeds)}): ${off} points off.`;
}
