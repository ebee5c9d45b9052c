// The player: play and pause, one step or epoch forward and back, a slider over the run. It only keeps the place.

import { element, setAttributes, setChildren } from "./dom.js";
import { formatCount } from "./format.js";

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
