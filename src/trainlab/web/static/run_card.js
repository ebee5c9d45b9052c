// The card of one run: how it went, its network at any of its steps, and each layer's strip.

import { createDoctorSeed } from "./doctor_seed.js";
import { announce, element, setChildren } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";
import { createLayerStrips } from "./layer_strip.js";
import { createLossTrack } from "./loss_track.js";
import { createNetworkView } from "./network_view.js";
import { plainNumber } from "./network_words.js";
import { createPlayer } from "./player.js";
import { createReplaySource } from "./replay_source.js";

const RUN_NEAR = 120; // ms at a place, before its single steps are asked for
const RUN_DEEP = 4; // Of more layers picture and strips are below each other: neither has room beside the other.

/**
 * Make the card. It draws the run's loss into the answer, too, by `lab.showRun(epochs, loss)`.
 * @param {object} lab
 */
export function createRunCard(lab) {
  const title = element("h2", { id: "run-title" }, "One run");
  const sentence = element("p", {}, "It follows the answer.");
  const why = element("div");
  const doctor = createDoctorSeed(lab);
  const place = element("p", { class: "small place" });
  const source = createReplaySource(lab, { onRun: begin, onStretch, onError: refuse });
  const player = createPlayer({ onPlace, onRest, ready: source.ready, held: source.held });
  const track = createLossTrack({ onGo: player.jump });
  const view = createNetworkView({ onInspect, canInspect: () => lab.views.some(({ name }) => name === "microscope") });
  const strips = createLayerStrips();
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
    doctor.node,
    body,
  );
  let run = null; // the header of the replay that is shown
  let near = null; // the timer until single steps are asked for

  function begin(header, arrays) {
    run = header;
    node.classList.remove("stale");
    body.hidden = false;
    title.textContent = `One run: seed ${formatCount(run.seed)}`;
    sentence.textContent = run.sentence;
    const reason = run.first_bad?.sentence ?? run.why;
    setChildren(why, reason && element("p", { class: "says small" }, reason));
    doctor.offer(!run.solved_at_end);
    const [steps, loss] = [arrays.steps.values, arrays.loss.values];
    track.show(steps, loss, run);
    lab.showRun(Array.from(steps, (step) => step / run.steps_per_epoch), loss);
    beside.classList.toggle("deep", run.layers.length > RUN_DEEP);
    view.begin(header, arrays);
    strips.begin(header);
    player.begin(header, lab.state.now.step);
    announce(run.sentence);
  }

  /** Say in the place of a run why there is none. */
  function refuse(words) {
    run = null;
    node.classList.remove("stale");
    player.stop();
    body.hidden = true;
    setChildren(why);
    title.textContent = `One run: seed ${formatCount(lab.state.now.seed)}`;
    sentence.textContent = words;
    lab.showRun(null, null);
  }

  function onStretch() {
    if (player.playing) return;
    if (source.stretches) onPlace(player.at);
    else player.jump(player.at);
  }

  /** Show a step, or the nearest one before it that has come. */
  function show(step) {
    const { moment, exact } = source.find(step);
    track.at(step);
    view.show(moment);
    strips.show(moment);
    const epoch = run.steps_per_epoch > 1 ? `, epoch ${formatNumber(moment.step / run.steps_per_epoch)}` : "";
    const on = exact || player.playing || !source.stretches ? "" : `; ${formatCount(step)} is on its way`;
    place.textContent =
      `After ${formatCount(moment.step)} of ${formatCount(run.of_steps)} steps${epoch}: ` +
      `loss ${plainNumber(moment.loss)}, learning rate ${plainNumber(moment.rate)}${on}`;
  }

  function onPlace(step) {
    show(step);
    clearTimeout(near);
    if (!player.playing) near = setTimeout(source.want, RUN_NEAR, step);
  }

  /** Stayed at a step: the state has it, and the history if `told`. */
  function onRest(step, told) {
    const kept = step === run.of_steps ? null : step;
    if (lab.state.now.step !== kept) lab.state.change({ step: kept }, { dragging: !told });
    onPlace(step);
  }

  /** Look at a weight under the microscope. */
  function onInspect(weight) {
    lab.state.change({ weight, view: "microscope" });
    node.getRootNode().getElementById("tab-microscope").focus();
  }

  /** Keys on the card, where they aren't those of the element that has the focus. */
  function press(event) {
    if (!run || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ",": () => player.move(-1),
      ".": () => player.move(1),
      "<": () => player.moveEpoch(-1),
      ">": () => player.moveEpoch(1),
      " ": player.toggle,
    }[event.key];
    if (!act || (event.key === " " && event.target.closest("select, button"))) return;
    event.preventDefault();
    act();
  }

  return {
    node,
    /** Follow the state: another run, or another place of it. */
    show(now, before) {
      if (source.follow(now, before)) {
        clearTimeout(near);
        player.stop();
        doctor.reset();
        if (run) node.classList.add("stale");
        lab.showRun(null, null);
      } else if (run && now.step !== before?.step) player.set(now.step);
    },
  };
}
