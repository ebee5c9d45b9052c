// Asking: frames as they come, questions while a knob is dragged, and a view's own lane.

import { announce, element } from "./dom.js";

// Frames: binary messages of the server, read in place. Their form is told in trainlab/web/frames.py.

const FRAME_ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
};

/**
 * Return the header of a frame and its arrays, as views of the message: `{values, shape}` each.
 * @param {ArrayBuffer} message
 * @returns {{header: object, arrays: Record<string, {values: ArrayLike<number>, shape: number[]}>}}
 */
export function decodeFrame(message) {
  const length = new DataView(message).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
  const arrays = {};
  for (const [name, type, shape, place] of header.arrays) {
    const count = shape.reduce((product, size) => product * size, 1);
    const Values = FRAME_ARRAYS[type];
    // No array, no place: an empty one may lie at the very end.
    const values = count ? new Values(message, 4 + length + place, count) : new Values(0);
    arrays[name] = { values, shape };
  }
  return { header, arrays };
}

// Asking while a knob is dragged: faster than answers come.

/**
 * Ask the newest question, which ends the one before. But while a knob is dragged, one that was asked may
 * show something first: each new place would end it before any seed is trained.
 * @param {(question: object) => void} ask
 */
export function createDragAsker(ask) {
  let open = false;
  let next = null;
  const begin = (question) => {
    open = true;
    next = null;
    ask(question);
  };
  return {
    ask(question, dragging) {
      if (dragging && open) next = question;
      else begin(question);
    },
    /** An answer came, or part of it. */
    answered() {
      open = false;
      if (next) begin(next);
    },
    /** What was asked isn't wanted any more. */
    forget() {
      open = false;
      next = null;
    },
  };
}

// What a view asks: a question only if it is another than before, with what is wrong about it.

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
