// The budget: how many parameters the network has, layer by layer, and other networks with just as many.

import { element, setChildren } from "./dom.js";
import { formatCount } from "./format.js";

/**
 * Put the budget under the network's controls.
 * @param {{state: object, ask: Function, listen: Function}} lab
 * @param {{place: HTMLElement}} panel
 * @returns {{show: (now: object) => void}}
 */
export function createBudgetView(lab, panel) {
  const used = element("strong");
  const budget = element("input", { id: "budget", type: "number", min: 1, max: 100_000, step: 1 });
  const bar = element("meter", { min: 0, "aria-label": "Parameters of the budget" });
  const words = element("p", { class: "small", role: "status" });
  const layers = element("tbody");
  const others = element("div", { class: "row small" });
  const told = element("p", { class: "small muted" });
  const found = element(
    "details",
    {},
    element("summary", { class: "small" }, "Layer by layer, and other networks that fit"),
    element("table", { class: "small" }, element("thead", {}, element("tr", {}, ...["layer", "weights", "biases", "all"].map((name) => element("th", { scope: "col" }, name)))), layers),
    told,
    others,
  );
  panel.place.append(
    element(
      "div",
      { class: "budget" },
      element("div", { class: "row" }, used, element("label", { for: "budget" }, "/ budget"), budget),
      bar,
      words,
      found,
    ),
  );
  let asked = "";

  budget.addEventListener("change", () => {
    const value = Number(budget.value);
    if (Number.isInteger(value) && value >= 1 && value <= 100_000) lab.state.change({ budget: value });
  });
  lab.listen("budget", (header) => {
    // What is wrong with the experiment is said beside its controls, by the answer.
    found.hidden = header.kind === "error";
    if (found.hidden) {
      words.textContent = "";
      asked = ""; // Asked again once the experiment is mended.
      return;
    }
    const { trained, parameters } = header;
    const room = header.asked - trained;
    used.textContent = `${formatCount(trained)} / ${formatCount(header.asked)}`;
    bar.max = Math.max(header.asked, trained);
    bar.value = trained;
    bar.high = header.asked;
    words.textContent = [
      room > 0 ? `${formatCount(room)} left.` : room < 0 ? `${formatCount(-room)} too many.` : "Just the budget.",
      trained < parameters ? `${formatCount(parameters - trained)} more are in frozen layers: no step changes them.` : "",
    ].join(" ");
    setChildren(layers, ...header.layers.map(layerRow));
    told.textContent = header.sentence;
    setChildren(others, ...header.networks.map(({ name, network }) => element("button", { type: "button", click: () => take(network) }, name)));
  });

  function layerRow({ name, weights, biases, parameters, trained }) {
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, trained ? name : `${name} (frozen)`),
      ...[weights, biases, parameters].map((count) => element("td", { class: "number" }, formatCount(count))),
    );
  }

  function take(network) {
    const { a } = lab.state.now;
    const made = Object.entries({ ...a.network, ...network }).filter(([, value]) => value !== null);
    lab.state.change({ a: { ...a, network: Object.fromEntries(made) }, step: null });
  }

  return {
    show(now) {
      if (document.activeElement !== budget) budget.value = String(now.budget);
      const counts = JSON.stringify([now.a.network, now.a.task, now.a.frozen, now.budget]);
      if (counts === asked) return;
      asked = counts;
      lab.ask("budget", { ask: "budget", experiment: now.a, parameters: now.budget });
    },
  };
}
