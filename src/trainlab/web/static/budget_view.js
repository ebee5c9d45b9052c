// The budget: how many parameters the network has, layer by layer, and other networks of as many.

import {
  buttonElement,
  element,
  focusSeenFrom,
  formatCount,
  setChildren,
  tableElement,
  tableRow,
} from "./dom.js";

const BUDGET_MOST = 100_000;

/**
 * Put the budget under the network's controls.
 * @param {{state: object, ask: Function, listen: Function}} lab
 * @param {{place: HTMLElement}} panel
 * @returns {{show: (now: object) => void}}
 */
export function createBudgetView(lab, panel) {
  const used = element("strong", {}, "…");
  const budget = element("input", { id: "budget", type: "number", min: 1, max: BUDGET_MOST });
  const label = element("label", { for: "budget" }, "budget");
  const bar = element("meter", { min: 0, "aria-label": "Parameters of the budget" });
  const words = element("p", { class: "small", role: "status" });
  const layers = element("tbody");
  const sentence = element("p", { class: "small muted" });
  const others = element("div", { class: "row small" });
  const found = element(
    "details",
    { class: "small" },
    element("summary", {}, "Layer by layer, and other networks that fit"),
    tableElement(layers, "layer", "weights", "biases", "all"),
    sentence,
    others,
  );
  const counter = element("div", { class: "row" }, used, label, budget);
  panel.place.append(element("div", { class: "budget" }, counter, bar, words, found));
  let asked = "";

  budget.addEventListener("change", () => {
    const value = Number(budget.value);
    if (Number.isInteger(value) && value >= 1 && value <= BUDGET_MOST) {
      lab.state.change({ budget: value });
    }
  });
  lab.listen("budget", (header) => {
    // What is wrong with the experiment is said beside its controls, by the answer.
    found.hidden = header.kind === "error";
    if (found.hidden) {
      words.textContent = "";
      asked = ""; // Asked again once the experiment is mended.
      return;
    }
    const { trained, asked: most } = header;
    used.textContent = `${formatCount(trained)} / ${formatCount(most)}`;
    bar.max = Math.max(most, trained);
    bar.high = most;
    bar.value = trained;
    words.textContent = budgetWords(header);
    setChildren(layers, ...header.layers.map(budgetRow));
    sentence.textContent = header.sentence;
    const buttons = header.networks.map(({ name, network }) =>
      buttonElement(name, () => take(network)),
    );
    setChildren(others, ...buttons);
  });

  function take(network) {
    const { a } = lab.state.now;
    const made = Object.entries({ ...a.network, ...network }).filter(([, value]) => value !== null);
    lab.state.change({ a: { ...a, network: Object.fromEntries(made) }, step: null });
  }

  return {
    show(now) {
      if (focusSeenFrom(budget) !== budget) budget.value = String(now.budget);
      const counts = JSON.stringify([now.a.network, now.a.task, now.a.frozen, now.budget]);
      if (counts === asked) return;
      asked = counts;
      lab.ask("budget", { ask: "budget", experiment: now.a, parameters: now.budget });
    },
  };
}

function budgetRow({ name, weights, biases, parameters, trained }) {
  const counts = [weights, biases, parameters].map(formatCount);
  return tableRow(trained ? name : `${name} (frozen)`, ...counts);
}

function budgetWords({ trained, parameters, asked }) {
  const room = asked - trained;
  const fixed = parameters - trained;
  const left = room > 0 ? `${formatCount(room)} left.` : `${formatCount(-room)} too many.`;
  const frozen = fixed
    ? ` ${formatCount(fixed)} more are in frozen layers: no step changes them.`
    : "";
  return (room ? left : "Just the budget.") + frozen;
}
