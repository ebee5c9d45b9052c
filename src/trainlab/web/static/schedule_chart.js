// The schedule as it will be: the rate over the epochs, with handles for fields that name an epoch.

import { focusSeenFrom, setAttributes, setChildren, svgElement } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";
import { createLineChart } from "./line_chart.js";

const SCHEDULE_LOG = 50; // From this ratio of its rates on a schedule is drawn on a log scale.

/**
 * Return the picture; `onMove(place, epoch, dragging)` is told to which epoch a handle was moved.
 * @param {{onMove: (place: number, epoch: number, dragging: boolean) => void}} listeners
 */
export function createScheduleChart({ onMove }) {
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
