// The schedule as it will be: the rate over the epochs, with handles for fields that name an epoch.

import { chartAxes, chartBand, chartPath, chartScale } from "./chart_scale.js";
import { setAttributes, setChildren, svgElement } from "./dom.js";
import { formatCount, formatNumber } from "./format.js";

const SCHEDULE = { least: 300, height: 280, left: 52, right: 14, top: 14, bottom: 44 };
const SCHEDULE_LOG = 50; // From this ratio of its rates on a schedule is drawn on a log scale.

/**
 * Return the picture; `onMove(place, epoch, dragging)` is told to which epoch a handle was moved.
 * @param {{onMove: (place: number, epoch: number, dragging: boolean) => void}} listeners
 */
export function createScheduleChart({ onMove }) {
  const frame = svgElement("g");
  const band = svgElement("path", { fill: "var(--tl-s1)", opacity: 0.25 });
  const line = svgElement("path", { fill: "none", stroke: "var(--tl-s1)", "stroke-width": 2 });
  const handles = svgElement("g");
  const title = svgElement("title", {}, "Learning rate over the training");
  const svg = svgElement(
    "svg",
    {
      class: "schedule-chart",
      role: "group",
      "aria-label": "Learning rate over the training",
      pointermove: (event) => drag(event, true),
      pointerup: (event) => drag(event, false),
      pointercancel: () => (dragged = null),
    },
    title,
    frame,
    band,
    line,
    handles,
  );
  let x = null;
  let width = SCHEDULE.least; // As many units as pixels: text is as large as elsewhere.
  let last = 1;
  let shown = null; // {arrays, places}
  let dragged = null; // Which handle.

  function drag(event, going) {
    if (dragged === null) return;
    const box = svg.getBoundingClientRect();
    const epoch = x.value(((event.clientX - box.left) / box.width) * width);
    onMove(dragged, Math.max(1, Math.round(epoch)), going);
    if (!going) dragged = null;
  }

  function press(event, place, epoch) {
    const by = Math.max(1, Math.round(last / 100));
    const to = { ArrowRight: epoch + by, ArrowLeft: epoch - by, Home: 1, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onMove(place, Math.min(Math.max(to, 1), last), false);
  }

  function handle({ epoch, words }, place) {
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
        pointerdown: (event) => {
          dragged = place;
          svg.setPointerCapture(event.pointerId);
        },
        keydown: (event) => press(event, place, epoch),
      },
      svgElement("path", {
        d: `M${x.place(epoch)},${SCHEDULE.top}V${SCHEDULE.height - SCHEDULE.bottom}`,
      }),
      svgElement("circle", { cx: x.place(epoch), cy: SCHEDULE.height - SCHEDULE.bottom, r: 7 }),
    );
  }

  function draw() {
    if (!shown) return;
    const {
      schedule_epochs: epochs,
      schedule_rate: rate,
      schedule_low: low,
      schedule_high: high,
    } = shown.arrays;
    const { height, left, right, top, bottom } = SCHEDULE;
    width = Math.max(svg.clientWidth, SCHEDULE.least);
    const rates = Array.from(rate.values);
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    const log = least > 0 && most / least > SCHEDULE_LOG;
    last = Math.max(Math.ceil(epochs.values[epochs.values.length - 1]), 1);
    x = chartScale({ low: 0, high: last, from: left, to: width - right });
    const y = log
      ? chartScale({ low: least, high: most * 1.3, from: height - bottom, to: top, log })
      : chartScale({ low: 0, high: most * 1.1 || 1, from: height - bottom, to: top });
    line.setAttribute("d", chartPath(epochs.values, rates, { x, y }));
    band.setAttribute("d", low ? chartBand(epochs.values, low.values, high.values, { x, y }) : "");
    const label = `epochs; learning rate up${log ? ", on a log scale" : ""}`;
    setChildren(
      frame,
      ...chartAxes({ x, y, left, right: width - right, bottom: height - bottom, label }),
    );
    const ends = [rates[0], rates.at(-1)].map((value) => formatNumber(value));
    title.textContent = `Learning rate over the training, from ${ends.join(" to ")}`;
    // A handle that is held, or has the focus, stays: the new ones would take neither over.
    const focus = [...handles.children].indexOf(document.activeElement);
    setChildren(handles, ...shown.places.map(handle));
    if (focus >= 0) handles.children[Math.min(focus, shown.places.length - 1)]?.focus();
    setAttributes(svg, { viewBox: `0 0 ${width} ${height}`, "aria-label": title.textContent });
  }

  new ResizeObserver(draw).observe(svg);
  return {
    node: svg,
    /** Show arrays `schedule_epochs` and `schedule_rate`, with handles as `{epoch, words}`. */
    show(arrays, places) {
      shown = { arrays, places };
      draw();
    },
  };
}
