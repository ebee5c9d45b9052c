// All seeds at a glance: a square each, full if solved, hollow if not, crossed if it diverged. One of them is chosen.

import { element, setAttributes } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";

const SEED_CELL = 13;
const SEED_PAGE = 16;

/**
 * Return the picker: an element that takes arrows, Page Up and Down, Home and End, and clicks.
 * `onPick(seed)` is told which seed was chosen.
 * @param {{onPick: (seed: number) => void}} listeners
 */
export function createSeedPicker({ onPick }) {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const slider = element(
    "div",
    { role: "slider", tabindex: "0", class: "seeds", "aria-label": "Seed", keydown: press, click },
    canvas,
  );
  const failed = element("button", { type: "button", click: () => next(0) }, "Next that failed");
  const solved = element("button", { type: "button", click: () => next(1) }, "Next that solved it");
  const node = element("div", {}, slider, element("div", { class: "row small" }, failed, solved));
  let shown = null; // {first, solved, diverged, loss}
  let chosen = 0;
  let columns = 1;

  function draw() {
    if (!shown) return;
    const count = shown.solved.length;
    const width = slider.clientWidth || 320;
    const ratio = devicePixelRatio || 1;
    columns = Math.max(1, Math.floor(width / SEED_CELL));
    const rows = Math.ceil(count / columns);
    canvas.width = columns * SEED_CELL * ratio;
    canvas.height = rows * SEED_CELL * ratio;
    canvas.style.width = `${columns * SEED_CELL}px`;
    const style = getComputedStyle(slider);
    const colour = (name) => style.getPropertyValue(`--tl-${name}`);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const [good, bad, text] = [colour("good"), colour("bad"), colour("text")];
    for (let place = 0; place < count; place += 1) {
      const x = (place % columns) * SEED_CELL;
      const y = Math.floor(place / columns) * SEED_CELL;
      pen.lineWidth = 1.5;
      pen.fillStyle = good;
      pen.strokeStyle = bad;
      if (shown.solved[place]) pen.fillRect(x + 2, y + 2, SEED_CELL - 4, SEED_CELL - 4);
      else pen.strokeRect(x + 2.75, y + 2.75, SEED_CELL - 5.5, SEED_CELL - 5.5);
      if (shown.diverged[place]) {
        pen.beginPath();
        pen.moveTo(x + 3, y + 3);
        pen.lineTo(x + SEED_CELL - 3, y + SEED_CELL - 3);
        pen.stroke();
      }
      if (place + shown.first === chosen) {
        pen.strokeStyle = text;
        pen.lineWidth = 2;
        pen.strokeRect(x + 1, y + 1, SEED_CELL - 2, SEED_CELL - 2);
      }
    }
    setAttributes(slider, {
      "aria-valuemin": shown.first,
      "aria-valuemax": shown.first + count - 1,
      "aria-valuenow": chosen,
      "aria-valuetext": wordsOf(chosen),
    });
    const some = (wanted) => shown.solved.some((each) => each === wanted);
    failed.disabled = !some(0);
    solved.disabled = !some(1);
  }

  function wordsOf(seed) {
    const place = seed - shown.first;
    if (!(place in shown.solved)) return `Seed ${formatCount(seed)}`;
    const how = shown.diverged[place] ? "diverged" : shown.solved[place] ? "solved" : "not solved";
    return `Seed ${formatCount(seed)}: ${how}, loss ${formatNumber(shown.loss[place])}`;
  }

  function pick(seed) {
    const last = shown.first + shown.solved.length - 1;
    onPick(Math.min(Math.max(seed, shown.first), last));
  }

  function next(wanted) {
    const count = shown.solved.length;
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const place = (chosen - shown.first + ahead + count) % count;
      if (shown.solved[place] === wanted) return pick(shown.first + place);
    }
  }

  function press(event) {
    if (!shown) return;
    const moves = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      PageDown: SEED_PAGE,
      PageUp: -SEED_PAGE,
      Home: -shown.solved.length,
      End: shown.solved.length,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    pick(chosen + moves[event.key]);
  }

  function click(event) {
    if (!shown) return;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / SEED_CELL);
    const place = Math.floor((event.clientY - box.top) / SEED_CELL) * columns + column;
    if (column >= 0 && column < columns && place >= 0 && place < shown.solved.length) pick(shown.first + place);
  }

  new ResizeObserver(draw).observe(slider);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return {
    node,
    /** Show the runs: `first` seed, and for each `solved`, `diverged`, `loss`. */
    show(runs) {
      shown = runs;
      draw();
    },
    /** Mark the seed that is chosen. */
    choose(seed) {
      chosen = seed;
      draw();
    },
    /** Return how the chosen run ended, in words. */
    words: () => (shown ? wordsOf(chosen) : ""),
  };
}
