// Why the chosen run failed: asked by a button, since the doctor trains it once more, and a solved one beside it.

import { announce, buttonElement, element, setChildren } from "./dom.js";

const DOCTOR_SILENT =
  "The doctor adds nothing to the record: it judges failed runs, where PyTorch is installed, that end the same " +
  "when they are trained once more.";

/**
 * Make the button and the place of its answer.
 * @param {object} lab
 */
export function createDoctorSeed(lab) {
  const button = buttonElement("Ask the doctor about this seed", ask);
  const answer = element("div", { class: "small" });
  const node = element("div", { hidden: true }, button, answer);

  function ask() {
    const { a: experiment, seed } = lab.state.now;
    setChildren(answer, element("p", { class: "muted" }, "Training it again under the doctor's eyes …"));
    lab.ask("why-seed", { ask: "why-seed", experiment, seed });
  }

  lab.listen("why-seed", (header) => {
    if (header.kind === "error") return setChildren(answer, element("p", { class: "bad" }, header.message));
    const { sentence, evidence, remedy, others, last } = header;
    const more = others.map(({ title }) => title).join("; ");
    setChildren(
      answer,
      element("p", {}, sentence),
      evidence.length ? element("ul", {}, ...evidence.map((words) => element("li", {}, words))) : null,
      remedy ? element("p", {}, element("strong", {}, "What to do: "), remedy) : null,
      more ? element("p", {}, `Found as well: ${more}.`) : null,
      last ? null : element("p", { class: "muted" }, "Looking closer …"),
      last && header.by === "record" ? element("p", { class: "muted" }, DOCTOR_SILENT) : null,
    );
    if (last) announce(sentence);
  });

  return {
    node,
    /** Forget the answer about another run. */
    reset() {
      lab.cancel("why-seed");
      setChildren(answer);
      node.hidden = true;
    },
    /** Whether there is anything to ask: whether the run failed. */
    offer(failed) {
      node.hidden = !failed;
    },
  };
}
