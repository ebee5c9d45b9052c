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
