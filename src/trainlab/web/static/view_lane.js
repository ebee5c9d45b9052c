// What a view asks: a question only if it is another than before, with what is wrong about it.

import { announce, element } from "./dom.js";

/**
 * Open a view's lane. `take(header, arrays)` gets its answers; `body` is hidden where there is none.
 * @param {object} lab
 * @param {string} lane
 * @param {{body: HTMLElement, take: Function}} view
 * @returns {{node: HTMLElement, ask: (question: object, wait?: number) => void}} `wait`: milliseconds
 */
export function openViewLane(lab, lane, { body, take }) {
  const sentence = element("p", { role: "status" });
  const node = element("div", {}, sentence, body);
  let asked = "";
  let timer = null;
  body.hidden = true;
  lab.listen(lane, (header, arrays) => {
    const failed = header.kind === "error";
    // A first frame may have no sentence yet: that of the answer before stays as long.
    const before = sentence.classList.contains("bad") ? "" : sentence.textContent;
    node.classList.remove("stale");
    sentence.classList.toggle("bad", failed);
    sentence.textContent = failed ? header.message : (header.sentence ?? before);
    body.hidden = failed;
    if (failed) {
      asked = ""; // It may be asked again.
      announce(header.message);
    } else take(header, arrays);
  });
  return {
    node,
    ask(question, wait = 0) {
      const told = JSON.stringify(question);
      if (told === asked) return;
      asked = told;
      node.classList.add("stale");
      clearTimeout(timer);
      if (!wait) return lab.ask(lane, question);
      lab.cancel(lane); // What is still to come is of the question before.
      timer = setTimeout(() => lab.ask(lane, question), wait);
    },
  };
}
