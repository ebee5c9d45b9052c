// The learning rate: a range test of it, and the schedule as it will be.

import { element, setChildren } from "./dom.js";
import { kindOf } from "./experiment_form.js";
import { formatCount, formatNumber } from "./format.js";
import { createRangeChart, tidyRate } from "./range_chart.js";
import { createScheduleChart } from "./schedule_chart.js";
import { withValue } from "./state.js";

const RATES_HANDLED = { step: "step_size", cosine_annealing_warm_restarts: "T_0" }; // Kind -> what a handle sets.

/**
 * Make the view.
 * @param {{state: object, schema: object, ask: Function, listen: Function}} lab
 */
export function createRatesView(lab) {
  const change = (path, value, dragging = false) =>
    lab.state.change({ a: withValue(lab.state.now.a, path, value), step: null }, { dragging });
  const sentence = element("p", { role: "status" });
  const range = createRangeChart({ onRate: (rate) => change("optimizer.lr", rate) });
  const take = element("button", { type: "button", hidden: true });
  const method = element("p", { class: "small muted" });
  const schedule = createScheduleChart({ onMove: move });
  const words = element("p", { class: "small" });
  const drawn = element("p", { class: "small muted" });
  const test = element(
    "div",
    { hidden: true },
    element("figure", {}, element("figcaption", { class: "small" }, "Range test: the loss while the rate climbs. Click to take a rate."), range.node),
    element("div", { class: "row" }, take),
    method,
  );
  const preview = element(
    "div",
    { hidden: true },
    element("figure", {}, element("figcaption", { class: "small" }, "Schedule: the rate over the training"), schedule.node),
    words,
    drawn,
  );
  const node = element("div", {}, sentence, element("div", { class: "pair" }, test, preview));
  let asked = "";
  let suggested = null;

  take.addEventListener("click", () => change("optimizer.lr", tidyRate(suggested)));
  lab.listen("rates", (header, arrays) => {
    const failed = header.kind === "error";
    sentence.classList.toggle("bad", failed);
    if (failed) {
      sentence.textContent = header.message;
      node.classList.remove("stale");
      test.hidden = preview.hidden = true;
      return;
    }
    const handles = handlesOf(lab.state.now.a);
    preview.hidden = false;
    schedule.show(arrays, handles);
    words.textContent = `${header.schedule}: ${header.schedule_words}`;
    drawn.textContent = handles.length ? "Drag the round handles, or move them with the arrow keys." : "";
    if (!arrays.rate) return;
    node.classList.remove("stale");
    test.hidden = false;
    sentence.textContent = header.sentence;
    method.textContent = header.method;
    ({ suggested } = header);
    take.hidden = suggested === null;
    if (suggested !== null) setChildren(take, `Take the suggested ${formatNumber(tidyRate(suggested))}`);
    range.show(header, arrays);
  });

  /** What of the present schedule can be moved: `{epoch, words, with}`, `with(epoch)` being the field and its new value. */
  function handlesOf(experiment) {
    const kind = kindOf(experiment, "schedule", lab.schema);
    const held = experiment.schedule;
    // Counted in steps, it isn't known here at which epoch they fall.
    if (typeof held !== "object" || held.per === "step") return [];
    if (kind === "multi_step" && Array.isArray(held.milestones)) {
      return held.milestones.map((epoch, place) => ({
        epoch,
        words: `Milestone ${place + 1}, at epoch ${formatCount(epoch)}`,
        with: (to) => ["schedule.milestones", movedMilestones(held.milestones, place, to)],
      }));
    }
    const name = RATES_HANDLED[kind];
    if (!name || !Number.isFinite(held[name])) return [];
    return [{ epoch: held[name], words: `${name}, ${formatCount(held[name])} epochs`, with: (to) => [`schedule.${name}`, to] }];
  }

  function move(place, epoch, dragging) {
    const handle = handlesOf(lab.state.now.a)[place];
    if (handle) change(...handle.with(epoch), dragging);
  }

  return {
    name: "rates",
    title: "Learning rate",
    node,
    show(now) {
      const question = { ask: "rates", experiment: now.a, first_seed: now.first };
      if (JSON.stringify(question) === asked) return;
      asked = JSON.stringify(question);
      node.classList.add("stale");
      lab.ask("rates", question);
    },
  };
}

/** Return milestones with one moved, but not past its neighbours: a handle that is dragged stays the same one. */
export function movedMilestones(milestones, place, epoch) {
  const least = place > 0 ? milestones[place - 1] + 1 : 1;
  const most = place + 1 < milestones.length ? milestones[place + 1] - 1 : Infinity;
  return milestones.map((each, at) => (at === place ? Math.min(Math.max(epoch, least), most) : each));
}
