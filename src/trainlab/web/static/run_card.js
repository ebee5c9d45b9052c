// The run that is looked at: its replay, its layers, and what the doctor says of it.

import {
  announce,
  buttonElement,
  element,
  formatCount,
  formatNumber,
  formatShare,
  setChildren,
  svgElement,
} from "./dom.js";
import { plainNumber } from "./network_run.js";
import { createNetworkView } from "./network_view.js";
import { createLossTrack, createPlayer, createReplaySource } from "./replay.js";

// A strip a layer: how its outputs and gradients lie, how much of it is flat or dead, how it moves, and in words.

const STRIP_TALL = 30;
const STRIP_HEADS = [
  ["layer", ""],
  ["outputs", "how the layer's outputs lie, over the examples"],
  ["|gradient|, log scale", "how the sizes of its weights' gradients lie, by powers of ten"],
  ["flat", "share of its outputs where the activation is nearly flat: saturated"],
  ["dead", "share of its units that are flat for every example"],
  ["update / weight, log₁₀", "how large the next update is beside the weights; about −3 is usual"],
];

/** Make the strips; `begin` lays them for a run, `show` brings them to a moment. */
function createLayerStrips() {
  const heads = STRIP_HEADS.map(([head, help], at) =>
    element("th", { scope: "col", title: help || null, class: at > 2 && "number" }, head),
  );
  const table = element("table", { class: "small" });
  const note = element("p", { class: "muted small" });
  let strips = [];
  return {
    node: element(
      "div",
      { class: "strips" },
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Layers" }, table),
      note,
    ),
    /** Show another run: the header of its replay. */
    begin(header) {
      const { layers, verdicts, gradient_low: least, gradient_high: most } = header;
      strips = layers.map((layer, place) => createStrip(layer, place, [10 ** least, 10 ** most], verdicts[place]));
      const head = element("thead", {}, element("tr", {}, ...heads));
      setChildren(table, head, ...strips.map((strip) => strip.node));
      const flats = layers.filter(({ flat }) => flat).map(({ activation, flat }) => `${activation} ${flat}`);
      note.textContent = flats.length ? `Flat: ${[...new Set(flats)].join("; ")}.` : "";
    },
    /** Show a moment of the run. */
    show(moment) {
      for (const strip of strips) strip.show(moment);
    },
  };
}

function createStrip({ activation, low, high }, place, range, verdict) {
  const outputs = createHistogram([low, high]);
  const gradients = createHistogram(range);
  const numbers = [0, 1, 2].map(() => element("td", { class: "number" }));
  const name = element("th", { scope: "row" }, `${place + 1} `, element("span", { class: "muted" }, activation));
  return {
    node: element(
      "tbody",
      {},
      element("tr", {}, name, outputs.node, gradients.node, ...numbers),
      element("tr", {}, element("td", { colspan: STRIP_HEADS.length, class: "verdict" }, verdict.sentence)),
    ),
    show({ row, step, header }) {
      const own = (all) => {
        const size = all.length / header.layers.length;
        return all.subarray(place * size, (place + 1) * size);
      };
      outputs.show(own(row("activation_histogram")));
      gradients.show(own(row("gradient_histogram")));
      const ratio = step === header.of_steps ? NaN : row("update_ratio")[place];
      const texts = [stripShare(row("saturated")[place]), stripShare(row("dead")[place]), stripPower(ratio)];
      texts.forEach((text, at) => {
        if (numbers[at].textContent !== text) numbers[at].textContent = text;
      });
    },
  };
}

function stripShare(share) {
  return Number.isNaN(share) ? "–" : formatShare(share);
}

function stripPower(power) {
  return Number.isFinite(power) ? power.toFixed(1).replace("-", "−") : formatNumber(power);
}

function createHistogram(range) {
  const bars = svgElement("path", { fill: "var(--tl-s1)" });
  const ends = range.map((end) => element("span", {}, formatNumber(end)));
  const picture = svgElement("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, bars);
  return {
    node: element("td", { class: "histogram" }, picture, element("div", { class: "ends muted" }, ...ends)),
    show(counts) {
      const most = counts.reduce((a, b) => Math.max(a, b), 1);
      picture.setAttribute("viewBox", `0 0 ${counts.length} ${STRIP_TALL}`);
      // What there is can be seen, however little.
      const tall = (count) => (count ? Math.max((STRIP_TALL * count) / most, 2) : 0);
      const bar = (count, bin) => `M${bin},${STRIP_TALL}v${-tall(count)}h.8V${STRIP_TALL}`;
      bars.setAttribute("d", Array.from(counts, bar).join(""));
    },
  };
}

// Why the chosen run failed: asked by a button, since the doctor trains it once more, and a solved one beside it.

const DOCTOR_SILENT =
  "The doctor adds nothing to the record: it judges failed runs, where PyTorch is installed, that end the same " +
  "when they are trained once more.";

/**
 * Make the button and the place of its answer.
 * @param {object} lab
 */
function createDoctorSeed(lab) {
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

// The card of one run: how it went, its network at any of its steps, and each layer's strip.

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
