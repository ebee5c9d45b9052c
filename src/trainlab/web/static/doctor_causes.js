// What the doctor's rules blame of failed runs: asked by a button, since it takes a second or two for each run.

import { announce, buttonElement, element, setChildren } from "./dom.js";

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
