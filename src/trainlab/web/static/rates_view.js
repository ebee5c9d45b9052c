// Learning rates: the range test's chart, the schedule's, and their view.

import { openViewLane } from "./asking.js";
import { createLineChart } from "./charts.js";
import {
  buttonElement,
  element,
  focusSeenFrom,
  formatCount,
  formatNumber,
  setAttributes,
  setChildren,
  svgElement,
} from "./dom.js";
import { kindOf, withField } from "./experiment_form.js";
import { guessVeil } from "./guesses.js";

// The range test as a picture: the loss while the rate climbs, and where the present rate lies.

const RANGE_STEP = 1.1; // A press of an arrow key changes the rate by this factor.
const RANGE_WORDS = 110; // So much room the words beside a line need.
const RANGE_FALL = { fill: "var(--tl-s3)", opacity: 0.12 }; // The rates between which the loss falls.

/**
 * Return the picture; `onRate(rate)` gets the rate that was clicked, or moved to by the arrow keys.
 * @param {{onRate: (rate: number) => void}} listeners
 */
function createRangeChart({ onRate }) {
  const label = "Learning rate, over the range test";
  const slider = { role: "slider", tabindex: "0", "aria-label": label, click, keydown: press };
  const chart = createLineChart(slider, draw);
  let shown = null; // {now, arrays}

  function click(event) {
    if (shown) onRate(tidyRate(chart.across(event)));
  }

  function press(event) {
    const power = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!power || !shown) return;
    event.preventDefault();
    onRate(tidyRate(shown.now.lr * RANGE_STEP ** power));
  }

  function draw() {
    if (!shown) return;
    const { lr, begins, lowest, suggested } = shown.now;
    const { rate, median, low, high } = shown.arrays;
    const [xs, ys] = [rate.values, median.values];
    const ends = { low: xs[0], high: xs[xs.length - 1] };
    const seen = ys.filter((loss) => loss > 0 && Number.isFinite(loss));
    if (!seen.length) return;
    const right = chart.paint({
      across: { ...ends, log: true },
      // Above ten times the loss at the start it says no more than that the rate is too large.
      up: { low: tenBelow(Math.min(...seen)), high: 10 * tenBelow(10 * seen[0]), log: true },
      xs,
      ys,
      lows: low.values,
      highs: high.values,
      label: "learning rate; loss up",
    });

    function mark(value, words, colour, y) {
      const [x] = chart.foot(value);
      const before = x > right - RANGE_WORDS;
      const anchor = before ? "end" : "start";
      return [
        svgElement("path", { d: chart.upright(value, y - 8), stroke: colour, "stroke-width": 2 }),
        svgElement(
          "text",
          { x: x + (before ? -5 : 5), y, "text-anchor": anchor },
          `${words} ${formatNumber(value)}`,
        ),
      ];
    }

    setChildren(
      chart.marks,
      begins === null
        ? null
        : svgElement("path", { d: chart.between(begins, lowest), ...RANGE_FALL }),
      ...(suggested === null ? [] : mark(suggested, "suggested", "var(--tl-s3)", 10)),
      ...mark(lr, "now", "var(--tl-s2)", 22),
    );
    setAttributes(chart.node, {
      "aria-valuemin": ends.low,
      "aria-valuemax": ends.high,
      "aria-valuenow": lr,
      "aria-valuetext": formatNumber(lr),
    });
  }

  return {
    node: chart.node,
    /** Whether there is a test to be seen. */
    shown: () => shown !== null,
    /** Show arrays `rate`, `median`, `low`, `high`, and `lr`, `begins`, `lowest`, `suggested`. */
    show(now, arrays) {
      shown = { now, arrays };
      draw();
    },
  };
}

/** Return a rate that can be typed: two significant digits. */
function tidyRate(rate) {
  return Number(rate.toPrecision(2));
}

function tenBelow(value) {
  return 10 ** Math.floor(Math.log10(value));
}

// The schedule as it will be: the rate over the epochs, with handles for fields that name an epoch.

const SCHEDULE_LOG = 50; // From this ratio of its rates on a schedule is drawn on a log scale.

/**
 * Return the picture; `onMove(place, epoch, dragging)` is told to which epoch a handle was moved.
 * @param {{onMove: (place: number, epoch: number, dragging: boolean) => void}} listeners
 */
function createScheduleChart({ onMove }) {
  const pointer = {
    pointermove: (event) => drag(event, true),
    pointerup: (event) => drag(event, false),
    pointercancel: () => (dragged = null),
  };
  const chart = createLineChart({ role: "group", ...pointer }, draw);
  let last = 1;
  let shown = null; // {arrays, handles, epochs}
  let dragged = null; // Which handle.

  function drag(event, going) {
    if (dragged === null) return;
    onMove(dragged, Math.max(1, Math.round(chart.across(event))), going);
    if (!going) dragged = null;
  }

  function press(event, place, epoch) {
    const by = Math.max(1, Math.round(last / 100));
    const moves = { ArrowRight: epoch + by, ArrowLeft: epoch - by, Home: 1, End: last };
    if (!(event.key in moves)) return;
    event.preventDefault();
    onMove(place, Math.min(Math.max(moves[event.key], 1), last), false);
  }

  function handle({ epoch, words }, place) {
    const [cx, cy] = chart.foot(epoch);
    const grab = (event) => {
      dragged = place;
      chart.node.setPointerCapture(event.pointerId);
    };
    return svgElement(
      "g",
      {
        role: "slider",
        tabindex: "0",
        class: "handle",
        "aria-label": words,
        "aria-valuemin": 1,
        "aria-valuemax": last,
        "aria-valuenow": epoch,
        "aria-valuetext": `epoch ${formatCount(epoch)}`,
        pointerdown: grab,
        keydown: (event) => press(event, place, epoch),
      },
      svgElement("path", { d: chart.upright(epoch) }),
      svgElement("circle", { cx, cy, r: 7 }),
    );
  }

  function draw() {
    if (!shown) return;
    const { schedule_epochs: epochs, schedule_low: low, schedule_high: high } = shown.arrays;
    const [xs, ys] = [epochs.values, shown.arrays.schedule_rate.values];
    const [least, most] = [Math.min(...ys), Math.max(...ys)];
    const log = least > 0 && most / least > SCHEDULE_LOG;
    last = shown.epochs;
    chart.paint({
      across: { low: 0, high: last },
      up: log ? { low: least / 1.3, high: most * 1.3, log } : { low: 0, high: most * 1.1 || 1 },
      xs,
      ys,
      lows: low?.values,
      highs: high?.values,
      label: `epochs; learning rate up${log ? ", on a log scale" : ""}`,
    });
    const ends = `from ${formatNumber(ys[0])} to ${formatNumber(ys[ys.length - 1])}`;
    setAttributes(chart.node, { "aria-label": `Learning rate over the training, ${ends}` });
    const { marks } = chart;
    const focus = [...marks.children].indexOf(focusSeenFrom(marks));
    setChildren(marks, ...shown.handles.map(handle));
    if (focus >= 0) marks.children[Math.min(focus, shown.handles.length - 1)]?.focus();
  }

  return {
    node: chart.node,
    /** Show arrays `schedule_epochs` and `schedule_rate`, with handles as `{epoch, words}`. */
    show(arrays, handles, epochs) {
      shown = { arrays, handles, epochs };
      draw();
    },
  };
}

// The learning rate: a range test of it, and the schedule as it will be.

const RATES_TEST =
  "Range test: the loss while the learning rate climbs, both on log scales; the median and the " +
  "middle 90 % of seeds. Click to take a rate.";
// What a handle sets, by kind of schedule.
const RATES_HANDLED = { step: "step_size", cosine_annealing_warm_restarts: "T_0" };

/**
 * Make the view.
 * @param {{state: object, schema: object, ask: Function, listen: Function}} lab
 */
export function createRatesView(lab) {
  const range = createRangeChart({ onRate: (rate) => change("optimizer", "lr", rate) });
  const take = buttonElement("", () => change("optimizer", "lr", tidyRate(suggested)));
  const method = element("p", { class: "small muted" });
  const schedule = createScheduleChart({ onMove: move });
  const words = element("p", { class: "small" });
  const moved = element(
    "p",
    { class: "small muted" },
    "Drag the round handles, or use the arrow keys.",
  );
  const test = element("div", {}, ratesFigure(RATES_TEST, range.node), take, method);
  const preview = ratesFigure("Schedule: the rate over the training", schedule.node);
  const lane = openViewLane(lab, "rates", {
    body: element("div", { class: "pair" }, test, element("div", {}, preview, words, moved)),
    take: showAnswer,
  });
  let suggested = null;

  function change(part, name, value, dragging = false) {
    const a = withField(lab.state.now.a, part, name, value, lab.schema);
    lab.state.change({ a, step: null }, { dragging });
  }

  function showAnswer(header, arrays) {
    const { a } = lab.state.now;
    const handles = handlesOf(a);
    schedule.show(arrays, handles, Math.max(a.epochs ?? lab.schema.epochs, 1));
    words.textContent = `${header.schedule}: ${header.schedule_words}`;
    moved.hidden = !handles.length;
    test.classList.toggle("stale", !arrays.rate);
    test.hidden = !arrays.rate && !range.shown();
    if (!arrays.rate) return;
    ({ suggested } = header);
    range.show(header, arrays);
    method.textContent = header.method;
    take.hidden = suggested === null;
    if (!take.hidden) take.textContent = `Take the suggested ${formatNumber(tidyRate(suggested))}`;
  }

  /** What of the schedule can be moved; `with(epoch)` returns a field and its new value. */
  function handlesOf(experiment) {
    const kind = kindOf(experiment, "schedule", lab.schema);
    const held = experiment.schedule;
    // Counted in steps, it isn't known here at which epoch they fall.
    if (typeof held !== "object" || held.per === "step") return [];
    if (kind === "multi_step" && Array.isArray(held.milestones)) {
      return held.milestones.map((epoch, place) => ({
        epoch,
        words: `Milestone ${place + 1}, at epoch ${formatCount(epoch)}`,
        with: (to) => ["milestones", movedMilestones(held.milestones, place, to)],
      }));
    }
    const name = RATES_HANDLED[kind];
    if (!name || !Number.isFinite(held[name])) return [];
    return [
      {
        epoch: held[name],
        words: `${name}, ${formatCount(held[name])} epochs`,
        with: (to) => [name, to],
      },
    ];
  }

  function move(place, epoch, dragging) {
    const handle = handlesOf(lab.state.now.a)[place];
    if (handle) change("schedule", ...handle.with(epoch), dragging);
  }

  return {
    name: "rates",
    title: "Learning rate",
    node: element("div", {}, guessVeil(), element("div", { class: "spoils" }, lane.node)),
    show(now) {
      lane.ask({ ask: "rates", experiment: now.a, first_seed: now.first });
    },
  };
}

/** Return milestones with one moved, not past its neighbours: a handle stays the same one. */
function movedMilestones(milestones, place, epoch) {
  const least = place > 0 ? milestones[place - 1] + 1 : 1;
  const most = place + 1 < milestones.length ? milestones[place + 1] - 1 : Infinity;
  return milestones.map((each, at) =>
    at === place ? Math.min(Math.max(epoch, least), most) : each,
  );
}

function ratesFigure(caption, drawing) {
  return element("figure", {}, element("figcaption", { class: "small" }, caption), drawing);
}
