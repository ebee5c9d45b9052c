// The lab: its parts are put together here, told of every change, and given the answers. What is around it,
// a server's page, a lesson or a notebook, brings the link, the state's address and the panel.

import { createAnswerCard, createDoctorCauses } from "./answer_card.js";
import { createDragAsker } from "./asking.js";
import { createBudgetView } from "./budget_view.js";
import { createCompareView, createComparison } from "./compare_view.js";
import { createCourseView } from "./course_view.js";
import { createLiveRegion, element, setAttributes, setChildren } from "./dom.js";
import { experimentInForm, withEdits } from "./experiment_form.js";
import { createGuesses, createGuessGate } from "./guesses.js";
import { createMapView } from "./map_view.js";
import { createMicroscopeView } from "./microscope_view.js";
import { createPointsEditor } from "./points_editor.js";
import { createRatesView } from "./rates_view.js";
import { createRunCard } from "./run_card.js";
import { createState } from "./state.js";
import { addFigureMenus, createTakeAwayView } from "./take_away_view.js";

/** The views below the answer, in the order of their tabs; each is made by a function of its module. */
const LAB_VIEWS = [
  createCompareView,
  createMapView,
  createMicroscopeView,
  createRatesView,
  createCourseView,
  createTakeAwayView,
];

/** What puts itself into the column of controls. */
const LAB_BESIDES = [createComparison, createPointsEditor, createBudgetView];

/**
 * Build the lab inside an element.
 * @param {HTMLElement} root
 * @param {object} around
 * @param {object} around.schema what there is to choose from, as /schema.json has it
 * @param {(listeners: object) => {ask: Function, cancel: Function}} around.link where answers come from
 * @param {object} around.address where the state is kept: `pageAddress()`, or the like
 * @param {Function} around.makePanel makes the column of controls, as `createBuildPanel` does
 * @param {Function[]} [around.besides] what puts itself into the panel, and is told of every change
 * @param {Function[]} [around.views] which views there are
 * @param {object} [around.begin] the experiment that an empty address means
 * @param {string} [around.title] the heading
 * @param {[string, string][]} [around.links] other pages: their names and addresses
 */
export function startLab(root, around) {
  const { schema, link, address, makePanel, views: makers = LAB_VIEWS } = around;
  const { title = "trainlab: the lab", links = [], besides = LAB_BESIDES } = around;
  const read = (data) => experimentInForm(data, schema);
  const state = createState(around.begin ?? firstExperiment(schema), read, address);
  const status = element("p", { class: "status small", role: "status" });
  let linkWords = ""; // what the link has to say
  const lines = new Map(); // lane -> all that take its frames
  const lab = {
    schema,
    state,
    ask: (lane, question) => transport.ask(lane, question),
    cancel: (lane) => transport.cancel(lane),
    /** Whether anything can be computed: a lesson has only what it holds. */
    get computes() {
      return transport.computes !== false;
    },
    /** Let `take(header, arrays)` have the frames of a lane, as may others. */
    listen: (lane, take) => lines.set(lane, [...(lines.get(lane) ?? []), take]),
    /** Draw the curve of the run that is looked at: `loss` at `epochs`. */
    showRun: (epochs, loss) => answer.showRun(epochs, loss),
    guesses: createGuesses(),
    /** Show everything again, as after a guess, which is no part of the state. */
    refresh: () => show(state.now, state.now),
    views: [],
  };

  const causes = createDoctorCauses(lab, asked);
  const answer = createAnswerCard({ causes, onPick: (seed) => state.change({ seed, step: null }) });
  const panel = makePanel(schema, {
    onChange: (a, dragging) => state.change({ a, step: null }, { dragging }),
    onSeeds: (seeds) => state.change({ seeds }),
  });
  const parts = besides.map((make) => make(lab, panel));
  const run = createRunCard(lab);
  run.node.classList.add("spoils");
  const gate = createGuessGate(lab, root, answer.show);
  lab.views = makers.map((make) => make(lab));
  const tabs = createTabs(lab.views, state);
  setChildren(
    root,
    element(
      "header",
      { class: "top" },
      element("h1", {}, title),
      address.link ? shareButton(address.link) : null,
      gate.button,
      ...links.map(([words, href]) => element("a", { href }, words)),
      status,
    ),
    answer.brief,
    element("main", { class: "lab" }, panel.node, gate.node, answer.node, run.node, ...tabs.nodes),
    createLiveRegion(),
  );

  lab.listen("answer", (header, arrays) => {
    asker.answered();
    if (header.kind === "error") {
      panel.mark(header.field ?? null, header.message);
      gate.open();
      answer.refuse(header.message);
      return;
    }
    panel.mark(null, null);
    panel.count(header.parameters);
    gate.take(header, arrays);
  });

  const asker = createDragAsker((question) => {
    gate.asked(question);
    lab.ask("answer", question);
  });

  function asked(now) {
    return { ask: "population", experiment: now.a, first_seed: now.first, seeds: now.seeds };
  }

  function show(now, before, dragging = false) {
    panel.show(now.a, now.seeds);
    answer.choose(now.seed);
    gate.show(now, asked(now));
    if (!before || JSON.stringify(asked(now)) !== JSON.stringify(asked(before))) {
      answer.wait();
      asker.ask(asked(now), dragging);
    }
    run.show(now, before);
    for (const part of parts) part.show(now, before, dragging);
    tabs.show(now, before);
    showStatus();
  }

  function showStatus() {
    status.textContent = linkWords || (state.unread ? STATUS_UNREAD : "");
    setAttributes(status, { class: status.textContent ? "status bad" : "status small muted" });
  }

  const transport = link({
    onFrame(header, arrays) {
      for (const take of lines.get(header.lane) ?? []) take(header, arrays);
    },
    onStatus(kind, words) {
      linkWords = STATUS_WORDS[kind](words);
      showStatus();
    },
  });
  addFigureMenus(root);
  state.subscribe(show);
  show(state.now, null);
}

/** The assignment's Model 1 with Adam and MSE: most seeds solve it, some don't. */
function firstExperiment(schema) {
  const { networks, changes } = schema.examples;
  return withEdits(networks[0].experiment, [...changes[0].edits, ...changes[1].edits], schema);
}

const STATUS_UNREAD =
  "The link couldn't be read: it is cut or damaged, or tells no experiment. The page shows its first experiment.";
const STATUS_WORDS = {
  open: () => "",
  lost: () => "The server doesn't answer. Trying again; nothing of yours is lost.",
  full: (words) => `${words} This page tries again by itself.`,
  idle: () => "",
  said: (words) => words,
};

function shareButton(link) {
  const button = element("button", { type: "button" }, "Copy link");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copy the address above";
    }
    setTimeout(() => (button.textContent = "Copy link"), 2000);
  });
  return button;
}

/** The tabs of the views; only the chosen one is shown, and told of changes. */
function createTabs(views, state) {
  const buttons = views.map(({ name, title }, place) =>
    element(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `view-${name}`,
        click: () => state.change({ view: name }),
        keydown: (event) => move(event, place),
      },
      title,
    ),
  );
  const panels = views.map(({ name, node }) =>
    element("div", { role: "tabpanel", id: `view-${name}`, "aria-labelledby": `tab-${name}` }, node),
  );

  function move(event, place) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (place + step + views.length) % views.length;
    buttons[next].focus();
    state.change({ view: views[next].name });
  }

  const nodes = views.length
    ? [element("section", { class: "card", "aria-label": "Look closer" }, element("div", { role: "tablist", "aria-label": "Look closer" }, ...buttons), ...panels)]
    : [];
  return {
    nodes,
    show(now, before) {
      views.forEach((view, place) => {
        const open = view.name === now.view;
        setAttributes(buttons[place], { "aria-selected": String(open), tabindex: open ? "0" : "-1" });
        panels[place].hidden = !open;
        if (open) view.show(now, before);
      });
    },
  };
}
