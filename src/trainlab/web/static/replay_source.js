// Where the moments of the chosen run come from: the whole run once it is settled, then the single steps that are
// wanted. It asks on the lane "replay".

import { createReplayFrames } from "./replay_frames.js";

const REPLAY_SETTLED = 200; // ms without a change, before a run is asked for
const REPLAY_BYTES = 4e6;
const REPLAY_MOST = 480;

/**
 * Make the source. `onRun(header, arrays)` gets a whole run, `onStretch()` is told when single steps have come,
 * or don't come, and `onError(words)` why there is no run.
 * @param {object} lab
 * @param {{onRun: Function, onStretch: Function, onError: Function}} listeners
 */
export function createReplaySource(lab, { onRun, onStretch, onError }) {
  const frames = createReplayFrames();
  let asked = null; // [experiment, seed] of the run that is shown or awaited, as text
  let run = null; // the header of the one that has come for it
  let parameters = null; // how many, once its population is answered
  let timer = null;
  let newest = null; // the id of the question that the next frame has to answer
  let awaited = null; // the first step of the stretch that was asked for
  let stretches = false; // whether single steps can be had: a lesson holds whole runs only

  lab.listen("replay", (header, arrays) => {
    if (newest !== null && header.id !== newest) return;
    const failed = header.kind === "error";
    if (awaited === null) {
      if (failed) return onError(header.message);
      run = header;
      stretches = header.exact === "steps";
      frames.begin(header, arrays);
      return onRun(header, arrays);
    }
    if (!failed) frames.add(header, arrays);
    stretches = !failed && frames.find(awaited).exact;
    awaited = null;
    onStretch();
  });

  lab.listen("answer", (header) => {
    if (header.kind === "error") return onError("Without an answer there is no run to look at.");
    if (!header.last || parameters !== null) return;
    ({ parameters } = header);
    askWhole();
  });

  /** So many moments as can be sent at once. */
  function count() {
    return Math.min(Math.max(Math.floor(REPLAY_BYTES / (12 * parameters + 400)), 8), REPLAY_MOST);
  }

  function ask(part) {
    const { a: experiment, seed } = lab.state.now;
    newest = null; // An answer that is there already comes before its question's id.
    newest = lab.ask("replay", { ask: "replay", experiment, seed, frames: count(), ...part });
  }

  function askWhole() {
    clearTimeout(timer);
    timer = setTimeout(ask, REPLAY_SETTLED, {});
  }

  /** Return the first of the steps from one on that could be had and hasn't come; null if there is none. */
  function missing(step, some) {
    if (!stretches) return null;
    for (let each = step; each < step + some && each <= run.of_steps; each += 1) {
      if (!frames.find(each).exact) return each;
    }
    return null;
  }

  function askStretch(start) {
    awaited = Math.max(start, 0);
    const stop = Math.min(awaited + count() - 1, run.of_steps);
    ask({ start: awaited, stop, frames: Math.max(stop - awaited + 1, 2) });
  }

  return {
    /** Follow the state; whether another run is wanted, which comes once its experiment is answered. */
    follow(now, before) {
      const key = JSON.stringify([now.a, now.seed]);
      if (key === asked) return false;
      if (!asked || JSON.stringify(now.a) !== JSON.stringify(before.a)) parameters = null;
      [asked, awaited, stretches] = [key, null, false];
      clearTimeout(timer);
      lab.cancel("replay");
      if (parameters !== null) askWhole();
      return true;
    },
    /** Return the moment at a step, or the nearest before it: {exact, moment}. */
    find: frames.find,
    /** Whether single steps can be had. */
    get stretches() {
      return stretches;
    },
    /** Ask for the single steps around one that hasn't come. */
    want(step) {
      if (missing(step, 1) !== null && awaited === null) askStretch(step - (count() >> 2));
    },
    /** Whether a step that is played has come; well before the end of what has, what follows is asked for. */
    ready(step) {
      const ahead = missing(step, 30);
      if (ahead !== null && awaited === null) askStretch(ahead);
      return ahead !== step;
    },
    /** Return where one comes who goes to a step from another: there, or near it without single steps. */
    held(step, from) {
      if (stretches) return step;
      const found = frames.find(step).moment.step;
      return step > from && found <= from ? frames.after(from) : found;
    },
  };
}
