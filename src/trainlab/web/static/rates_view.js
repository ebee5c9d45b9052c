// The learning rate: a range test of it, and the schedule as it will be.

import { buttonElement, element } from "./dom.js";
import { kindOf, withField } from "./experiment_form.js";
import { formatCount, formatNumber } from "./format.js";
import { guessVeil } from "./guesses.js";
import { createRangeChart, tidyRate } from "./range_chart.js";
import { createScheduleChart } from "./schedule_chart.js";
import { openViewLane } from "./view_lane.js";

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
export function movedMilestones(milestones, place, epoch) {
  const least = place > 0 ? milestones[place - 1] + 1 : 1;
  const most = place + 1 < milestones.length ? milestones[place + 1] - 1 : Infinity;
  return milestones.map((each, at) =>
    at === place ? Math.min(Math.max(epoch, least), most) : each,
  );
}

function ratesFigure(caption, drawing) {
  return element("figure", {}, element("figcaption", { class: "small" }, caption), drawing);
}
