// The card of one run: how it went, its network at any of its steps, and each layer's strip.

import { announce, element, setChildren } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";
import { createLayerStrips } from "./layer_strip.js";
import { createLossTrack, trackMark } from "./loss_track.js";
import { createNetworkView } from "./network_view.js";
import { plainNumber } from "./network_words.js";
import { createPlayer } from "./player.js";
import { createReplayFrames, replayCount } from "./replay_frames.js";

const RUN_SETTLED = 200; // ms without a change, before a run is asked for
const RUN_NEAR = 120; // ms at a place, before its single steps are

/**
 * Make the card. It asks on the lane "replay", and draws the run's loss by `lab.showRun(epochs, loss)`.
 * @param {object} lab
 */
export function createRunCard(lab) {
  const title = element("h2", { id: "run-title" }, "One run");
  const sentence = element("p", {}, "It follows the answer.");
  const why = element("div");
  const place = element("p", { class: "small place" });
  const frames = createReplayFrames();
  const track = createLossTrack();
  const view = createNetworkView({ onInspect, canInspect: () => lab.views.some(({ name }) => name === "microscope") });
  const strips = createLayerStrips();
  const player = createPlayer({ onPlace, onRest, ready, held });
  const beside = element("div", { class: "run" }, view.node, strips.node);
  const body = element(
    "div",
    { hidden: true },
    player.node,
    element("div", { class: "timeline" }, player.slider, track.node),
    place,
    track.words,
    beside,
  );
  const node = element(
    "section",
    { class: "card spoils", id: "run", "aria-labelledby": "run-title", keydown: press },
    title,
    sentence,
    why,
    body,
  );
  let run = null; // the header of the replay that is shown
  let asked = null; // {experiment, seed} that the shown or awaited replay is of, as text
  let parameters = 0;
  let answered = false; // whether the experiment's population has come
  let whole = null; // the timer until a run is asked for
  let near = null; // the timer until single steps are
  let awaited = null; // [start, stop] of the stretch that was asked for
  let stretches = true; // whether there are any: a lesson holds whole runs only
  let newest = null; // the id of the question that the next frame has to answer

  lab.listen("replay", (header, arrays) => {
    if (newest !== null && header.id !== newest) return;
    if (header.kind === "error") {
      awaited = null;
      // What one sees is still so, if it is of the run that is asked about.
      if (node.classList.contains("stale") || !run) refuse(header.message);
      return;
    }
    if (!awaited) return begin(header, arrays);
    frames.add(header, arrays);
    stretches = frames.find(awaited[0]).exact;
    awaited = null;
    if (player.playing) return;
    if (stretches) show(player.at);
    else player.jump(player.at);
  });

  lab.listen("answer", (header) => {
    if (header.kind === "error") return refuse("Without an answer there is no run to look at.");
    if (!header.last || answered) return;
    answered = true;
    parameters = header.parameters;
    askWhole();
  });

  /** Look at a weight under the microscope. */
  function onInspect(weight) {
    lab.state.change({ weight, view: "microscope" });
    node.getRootNode().getElementById("tab-microscope").focus();
  }

  function ask(part) {
    const { a: experiment, seed } = lab.state.now;
    newest = null; // An answer that is there already comes before its question's id.
    newest = lab.ask("replay", { ask: "replay", experiment, seed, frames: replayCount(parameters), ...part });
  }

  function begin(header, arrays) {
    run = header;
    stretches = header.exact === "steps";
    frames.begin(header, arrays);
    node.classList.remove("stale");
    body.hidden = false;
    title.textContent = `One run: seed ${formatCount(header.seed)}`;
    sentence.textContent = header.sentence;
    setChildren(why, ...[header.why, header.first_bad?.sentence].filter(Boolean).map((words) => element("p", { class: "says small" }, words)));
    const { steps, loss } = arrays;
    track.show(steps.values, loss.values, header.of_steps, marks());
    lab.showRun(Array.from(steps.values, (step) => step / header.steps_per_epoch), loss.values);
    // Of a deep network picture and strips are below each other: neither has room beside the other.
    beside.classList.toggle("deep", header.layers.length > 4);
    view.begin(header, arrays);
    strips.begin(header);
    player.begin(header, lab.state.now.step);
    announce(header.sentence);
  }

  function marks() {
    const found = [];
    const { solved_step: solved, solved_at_end: end, diverged_step: diverged, first_bad: bad } = run;
    if (solved !== null) found.push(trackMark(solved, "good", end ? "first solved" : "once solved", player.jump));
    if (bad) found.push(trackMark(bad.step, "bad", "the next step breaks it", player.jump));
    else if (diverged !== null) found.push(trackMark(diverged, "bad", "diverged", player.jump));
    return found;
  }

  /** Say what is wrong in the place of a run. */
  function refuse(words) {
    node.classList.remove("stale");
    player.stop();
    body.hidden = true;
    run = null;
    setChildren(why);
    sentence.textContent = words;
    lab.showRun(null, null);
  }

  /** Show a step, or the nearest one before it that has come. */
  function show(step) {
    const found = frames.find(step);
    if (!found) return;
    const { moment, exact } = found;
    track.at(step);
    view.show(moment);
    strips.show(moment);
    const epoch = run.steps_per_epoch > 1 ? `, epoch ${formatNumber(moment.step / run.steps_per_epoch)}` : "";
    const on = exact || player.playing || !stretches ? "" : `; ${formatCount(step)} is on its way`;
    place.textContent =
      `After ${formatCount(moment.step)} of ${formatCount(run.of_steps)} steps${epoch}: ` +
      `loss ${plainNumber(moment.loss)}, learning rate ${formatNumber(moment.rate)}${on}`;
  }

  function onPlace(step) {
    show(step);
    if (!player.playing) settle(step);
  }

  /** Stayed at a step: the state has it, in the history only if `told`. */
  function onRest(step, told) {
    const kept = step === run.of_steps ? null : step;
    if (lab.state.now.step !== kept) lab.state.change({ step: kept }, { dragging: !told });
    show(step);
    settle(step);
  }

  /** Ask for the single steps around one, unless it is left at once. */
  function settle(step) {
    clearTimeout(near);
    near = setTimeout(() => {
      const reach = Math.floor(replayCount(parameters) / 8);
      if (run && missing(step, 1) !== null) askStretch(Math.max(step - reach, 0), step + reach);
    }, RUN_NEAR);
  }

  /** Whether a step has come that is played; well before the end of what has, what follows is asked for. */
  function ready(step) {
    const ahead = missing(step, 30);
    if (ahead !== null && !awaited) askStretch(ahead, ahead + replayCount(parameters) - 1);
    return ahead !== step;
  }

  /** Return where one comes who goes to a step from another: there, or where single steps can't be had, near it. */
  function held(step, from) {
    if (stretches) return step;
    const found = frames.find(step).moment.step;
    return step > from && found <= from ? frames.after(from) : found;
  }

  /** Return the first step from one on that could be had and hasn't come; null if there is none. */
  function missing(step, count) {
    if (!stretches || node.classList.contains("stale")) return null;
    return frames.missing(step, Math.min(count, run.of_steps - step + 1));
  }

  function askStretch(start, stop) {
    if (awaited && awaited[0] === start && awaited[1] === stop) return;
    awaited = [start, Math.min(stop, run.of_steps)];
    ask({ start, stop: awaited[1], frames: Math.max(awaited[1] - start + 1, 2) });
  }

  /** Keys on the card, where they aren't those of the element that has the focus. */
  function press(event) {
    if (body.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ",": () => player.move(-1),
      ".": () => player.move(1),
      "<": () => player.moveEpoch(-1),
      ">": () => player.moveEpoch(1),
      " ": player.toggle,
    }[event.key];
    const own = event.target.closest("select, button, input:not([type=range])");
    if (!act || (own && event.key === " ")) return;
    event.preventDefault();
    act();
  }

  function askWhole() {
    clearTimeout(whole);
    whole = setTimeout(() => {
      awaited = null;
      ask({});
    }, RUN_SETTLED);
  }

  return {
    node,
    /** Follow the state: another run is asked for once its experiment is answered. */
    show(now, before) {
      const key = JSON.stringify([now.a, now.seed]);
      if (key === asked) {
        if (run && now.step !== before?.step) player.set(now.step);
        return;
      }
      asked = key;
      clearTimeout(whole);
      clearTimeout(near);
      awaited = null;
      lab.cancel("replay");
      player.stop();
      if (run) node.classList.add("stale");
      lab.showRun(null, null);
      if (!before || JSON.stringify(now.a) !== JSON.stringify(before.a)) answered = false;
      if (answered) askWhole();
    },
  };
}
