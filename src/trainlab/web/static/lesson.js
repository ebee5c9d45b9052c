// A lesson: the lab without a server. Its answers lie in the page, and a link looks them up.

import { decodeFrame } from "./asking.js";
import { element, setAttributes, setChildren } from "./dom.js";
import { startLab } from "./lab.js";
import { pageAddress } from "./state.js";

const lesson = JSON.parse(document.getElementById("lesson-index").textContent);
const lessonBytes = Uint8Array.from(
  atob(document.getElementById("lesson-frames").textContent),
  (letter) => letter.charCodeAt(0),
);

startLab(document.getElementById("lab"), {
  title: lesson.title,
  schema: { parts: {}, activations: [], examples: { networks: [], changes: [] } },
  begin: lesson.cells[0].experiment,
  link: lessonLink,
  address: pageAddress(),
  makePanel: createLessonPanel,
  besides: [],
  views: [],
});

/** The link of a lesson: what it doesn't hold it says so. */
function lessonLink({ onFrame }) {
  let count = 0;
  async function look(id, lane, question) {
    await null; // An answer comes after the question, as a server's does.
    const cell = cellOf(question.experiment);
    const place =
      question.ask === "population" ? cell?.answer : question.ask === "replay" ? cell?.replays[question.seed] : null;
    if (!place) return onFrame({ id, lane, kind: "error", last: true, message: missing(question, cell) }, {});
    const { header, arrays } = decodeFrame(await unpacked(place));
    onFrame({ ...header, id, lane }, arrays);
  }
  return {
    computes: false,
    ask(lane, question) {
      count += 1;
      look(count, lane, question);
      return count;
    },
    cancel() {},
  };
}

function missing(question, cell) {
  if (!cell) return "This lesson doesn't hold that experiment.";
  if (question.ask !== "replay") return "A lesson can't compute; the lab can: trainlab serve.";
  const held = Object.keys(cell.replays);
  const which = held.length ? `of seeds ${held.join(", ")}` : "of no run";
  return `Of this experiment the lesson holds replays ${which}; the lab replays any: trainlab serve.`;
}

async function unpacked([first, size]) {
  const packed = new Blob([lessonBytes.subarray(first, first + size)]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

function cellOf(experiment) {
  const words = JSON.stringify(experiment);
  return lesson.cells.find((cell) => JSON.stringify(cell.experiment) === words);
}

/** The column of a lesson: its knobs, what it holds, and where to get the rest. */
function createLessonPanel(_schema, { onChange }) {
  let at = lesson.cells[0].at;
  const knobs = lesson.knobs.map((knob, place) => lessonKnob(knob, (option) => choose(place, option)));

  function choose(place, option) {
    const next = at.map((old, each) => (each === place ? option : old));
    const cell = lesson.cells.find((one) => one.at.join() === next.join());
    if (cell) onChange(cell.experiment);
  }

  const node = element(
    "section",
    { class: "build card", "aria-labelledby": "build-title" },
    element("h2", { id: "build-title" }, "Choose"),
    ...knobs.map((knob) => knob.node),
    element("p", { class: "small muted" }, `This page holds ${lesson.held}`),
    element(
      "p",
      { class: "small muted" },
      "For any other network, change or seed, install trainlab with its extra lab: trainlab serve.",
    ),
  );
  return {
    node,
    show(experiment) {
      at = cellOf(experiment)?.at ?? at;
      knobs.forEach((knob, place) => knob.show(at[place]));
    },
    mark() {},
    count() {},
    place: element("div"),
    taskPlace: element("div"),
  };
}

/** Two options are a switch, a few are buttons, many a slider. */
function lessonKnob({ label, options }, onPick) {
  if (options.length === 2 && options[0] === "without") {
    let on = 0;
    const button = element("button", { type: "button", click: () => onPick(1 - on) }, label);
    return {
      node: element("div", { class: "row" }, button),
      show(option) {
        on = option;
        setAttributes(button, { "aria-pressed": String(option === 1) });
      },
    };
  }
  if (options.length <= 6) {
    const buttons = options.map((words, place) =>
      element("button", { type: "button", click: () => onPick(place) }, words),
    );
    return {
      node: element("fieldset", {}, element("legend", {}, label), element("div", { class: "row" }, ...buttons)),
      show(option) {
        buttons.forEach((button, place) => setAttributes(button, { "aria-pressed": String(place === option) }));
      },
    };
  }
  const value = element("output", {});
  const slider = element("input", { type: "range", min: 0, max: options.length - 1, "aria-label": label });
  slider.addEventListener("input", () => onPick(Number(slider.value)));
  return {
    node: element("fieldset", {}, element("legend", {}, label, " ", value), slider),
    show(option) {
      slider.value = String(option);
      setAttributes(slider, { "aria-valuetext": options[option] });
      setChildren(value, options[option]);
    },
  };
}
