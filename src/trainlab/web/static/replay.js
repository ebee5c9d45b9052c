// Replaying a run: its frames as they come, the player that goes through them, and the loss beside it.

import { chartScale } from "./charts.js";
import { element, formatCount, formatNumber, setAttributes, setChildren, svgElement } from "./dom.js";

// The moments of one run that have come so far: all of it in even steps, and some stretches step by step.

const REPLAY_STRETCHES = 6; // kept beside the whole run

/** Make the store of a run's moments. */
function createReplayFrames() {
  let parts = []; // the whole run first, then stretches, the newest last

  return {
    /** Begin with the frame of a whole run. */
    begin(header, arrays) {
      parts = [{ header, arrays }];
    },
    /** Add a stretch of the same run. */
    add(header, arrays) {
      parts = [parts[0], ...parts.slice(1).slice(1 - REPLAY_STRETCHES), { header, arrays }];
    },
    /** Return the moment at a step, or the nearest before it; `exact` says which. */
    find(step) {
      const found = parts.map((part) => ({ ...part, place: replayPlace(part.arrays.steps.values, step) }));
      const stepOf = ({ arrays, place }) => arrays.steps.values[place] ?? -1;
      const best = found.reduce((a, b) => (stepOf(b) > stepOf(a) ? b : a));
      return { exact: stepOf(best) === step, moment: replayMoment(best) };
    },
    /** Return the step of the first moment after one; the last if there is none. */
    after(step) {
      const { values } = parts[0].arrays.steps;
      return values[Math.min(replayPlace(values, step) + 1, values.length - 1)];
    },
  };
}

/** Return the moment at a place of a frame; `row(name)` is what one of its arrays holds of it. */
function replayMoment({ header, arrays, place }) {
  const row = (name) => {
    const { values, shape } = arrays[name];
    const size = values.length / shape[0];
    return values.subarray(place * size, (place + 1) * size);
  };
  const [[step], [loss], [rate]] = ["steps", "loss", "rate"].map(row);
  const [parameters, gradient, update] = ["parameters", "gradient", "update"].map(row);
  return { header, row, step, loss, rate, parameters, gradient, update };
}

/** Return the place of the last of ascending steps that isn't after one; −1 if all are. */
function replayPlace(steps, step) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// Where the moments of the chosen run come from: the whole run once it is settled, then the single steps that are
// wanted. It asks on the lane "replay".

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

// The player: play and pause, one step or epoch forward and back, a slider over the run. It only keeps the place.

/** Speeds: so many steps a second, or if none, the whole run in so many seconds. */
const PLAYER_SPEEDS = [
  ["1 step a second", 1],
  ["5 steps a second", 5],
  ["25 steps a second", 25],
  ["the run in 60 s", null, 60],
  ["the run in 20 s", null, 20],
  ["the run in 8 s", null, 8],
];
const PLAYER_SPEED = 4; // at first
const PLAYER_SINGLE = 30; // up to so many steps a second, each is shown

/**
 * Make the player. `onPlace(step)` is told of every place as it comes; `onRest(step, told)` of one that is
 * stayed at, with `told` if it is worth a step back in the history; `ready(step)` says whether a moment has
 * come that playing step by step needs, and asks for those to come; `held(step, from)` which step one comes to.
 * @param {{onPlace: Function, onRest: Function, ready: Function, held: Function}} listeners
 */
export function createPlayer({ onPlace, onRest, ready, held }) {
  const slider = element("input", {
    type: "range",
    min: 0,
    "aria-label": "Step",
    input: () => go(Number(slider.value)),
    change: () => rest(true),
  });
  const play = element("button", { type: "button", class: "play", click: toggle }, "Play");
  const speed = element(
    "select",
    { "aria-label": "Speed" },
    ...PLAYER_SPEEDS.map(([words], value) => element("option", { value, selected: value === PLAYER_SPEED }, words)),
  );
  const button = (words, label, click, key) => {
    const title = key ? `${label} (${key})` : label;
    return element("button", { type: "button", "aria-label": label, title, click }, words);
  };
  const single = [
    button("−1 step", "One step back", () => move(-1), ","),
    button("+1 step", "One step forward", () => move(1), "."),
  ];
  const epochs = [
    button("−1 epoch", "One epoch back", () => moveEpoch(-1), "<"),
    button("+1 epoch", "One epoch forward", () => moveEpoch(1), ">"),
  ];
  const node = element(
    "div",
    { class: "row player", role: "group", "aria-label": "Play the run" },
    play,
    button("Start", "To the start", () => jump(0)),
    epochs[0],
    ...single,
    epochs[1],
    button("End", "To the end", () => jump(last)),
    speed,
  );
  let last = 0;
  let perEpoch = 1;
  let unit = 1; // the least step there is: 1, or an epoch
  let at = 0;
  let playing = null; // {place, then}: a broken step, and when it was

  function go(step) {
    at = Math.min(Math.max(Math.round(step / unit) * unit, 0), last);
    slider.value = at;
    const epoch = perEpoch > 1 ? `, epoch ${formatCount(at / perEpoch)}` : "";
    setAttributes(slider, { "aria-valuetext": `Step ${formatCount(at)} of ${formatCount(last)}${epoch}` });
    onPlace(at);
  }

  function rest(told = false) {
    stop();
    onRest(at, told);
  }

  function jump(step) {
    stop();
    go(held(Math.min(Math.max(step, 0), last), at));
    rest();
  }

  function move(steps) {
    jump(at + steps * unit);
  }

  function moveEpoch(by) {
    const epoch = at / perEpoch;
    jump((by > 0 ? Math.floor(epoch) + 1 : Math.ceil(epoch) - 1) * perEpoch);
  }

  function toggle() {
    if (playing) return rest();
    if (at >= last) go(0);
    playing = { place: at, then: performance.now() };
    setChildren(play, "Pause");
    requestAnimationFrame(tick);
  }

  function stop() {
    playing = null;
    setChildren(play, "Play");
  }

  function tick(now) {
    if (!playing) return;
    const [, steps, seconds] = PLAYER_SPEEDS[Number(speed.value)];
    const pace = Math.max(steps ?? last / seconds, 1);
    const past = Math.min(Math.max((now - playing.then) / 1000, 0), 0.25);
    const place = Math.min(playing.place + past * pace * unit, last);
    const step = Math.floor(place / unit) * unit;
    playing.then = now;
    // Step by step, a moment that is still on its way is waited for.
    if (pace > PLAYER_SINGLE || ready(step)) {
      playing.place = place;
      if (step !== at) go(step);
    }
    if (at >= last) return rest();
    requestAnimationFrame(tick);
  }

  return {
    node,
    slider,
    toggle,
    move,
    moveEpoch,
    jump,
    /** Begin a run of `of` steps, at one of them; `exact` is what it can be read at. */
    begin({ of_steps: of, steps_per_epoch: epoch, exact }, step) {
      [last, perEpoch] = [of, epoch];
      unit = exact === "epochs" ? epoch : 1;
      for (const each of single) each.hidden = unit > 1;
      for (const each of epochs) each.hidden = epoch === 1;
      setAttributes(slider, { max: last, step: unit });
      go(Math.min(step ?? last, last));
    },
    /** Go where the state says, if not there. */
    set(step) {
      if (playing || (step ?? last) === at) return;
      go(step ?? last);
    },
    stop,
    get at() {
      return at;
    },
    get playing() {
      return playing !== null;
    },
  };
}

// The loss of one run along its slider, on a log scale, with marks where it was solved and where it broke.

const TRACK = { width: 1000, height: 60, margin: 4 };

/**
 * Make the track: `show` draws a run, `at` moves the line that says where one is; `onGo(step)` is told of a
 * mark that is to be gone to.
 * @param {{onGo: (step: number) => void}} listeners
 */
export function createLossTrack({ onGo }) {
  const curve = svgElement("path", { fill: "none", stroke: "var(--tl-s2)", "stroke-width": 2 });
  const here = svgElement("path", { stroke: "var(--tl-text)" });
  const lines = svgElement("g", { "stroke-width": 3 });
  const view = { viewBox: `0 0 ${TRACK.width} ${TRACK.height}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const words = element("p", { class: "small row" });
  let last = 1;
  const across = (step) => ((TRACK.width * step) / last).toFixed(1);
  const line = (step) => `M${across(step)},0V${TRACK.height}`;

  return {
    node: element("div", { class: "track" }, svgElement("svg", view, curve, lines, here)),
    words,
    /** Draw a run: its `steps` and `loss`, with the marks that its header tells. */
    show(steps, loss, header) {
      last = Math.max(header.of_steps, 1);
      const finite = Array.from(loss).filter((value) => value > 0 && Number.isFinite(value));
      const most = finite.reduce((a, b) => Math.max(a, b), 0) || 1;
      const least = finite.reduce((a, b) => Math.min(a, b), most);
      // Losses of 0, and far below what is interesting, lie on the floor.
      const [from, to, low] = [TRACK.height - TRACK.margin, TRACK.margin, Math.max(least, most * 1e-16)];
      const { place: height } = chartScale({ low, high: most, from, to, log: true });
      let path = "";
      let pen = "M";
      loss.forEach((value, place) => {
        // One that is no number leaves a gap.
        if (!Number.isFinite(value)) return (pen = "M");
        path += `${pen}${across(steps[place])},${height(value).toFixed(1)}`;
        pen = "L";
      });
      curve.setAttribute("d", path);
      const marks = trackMarks(header);
      const dashes = (colour) => (colour === "bad" ? "4 3" : null);
      setChildren(
        lines,
        ...marks.map(([step, colour]) =>
          svgElement("path", { d: line(step), stroke: `var(--tl-${colour})`, "stroke-dasharray": dashes(colour) }),
        ),
      );
      setChildren(
        words,
        element(
          "span",
          { class: "muted" },
          `Loss on a log scale: ${formatNumber(least)} at the bottom, ${formatNumber(most)} at the top.`,
        ),
        ...marks.map(([step, colour, told]) => {
          const label = `${told}, after ${formatCount(step)} steps`;
          return element("button", { type: "button", class: colour, click: () => onGo(step) }, label);
        }),
      );
    },
    /** Move the line to a step. */
    at(step) {
      here.setAttribute("d", line(step));
    },
  };
}

/** Return the marks of a run: [step, colour, words]. */
function trackMarks({ solved_step: solved, solved_at_end: end, diverged_step: diverged, first_bad: bad }) {
  return [
    [solved, "good", end ? "first solved" : "once solved"],
    bad ? [bad.step, "bad", "the next step breaks it"] : [diverged, "bad", "diverged"],
  ].filter(([step]) => step !== null);
}
