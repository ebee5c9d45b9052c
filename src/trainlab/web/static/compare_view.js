// Compare: A and B side by side on the same seeds, the effect with its interval, who was rescued, who was lost.

import { createSeedList } from "./answer_card.js";
import { createDragAsker } from "./asking.js";
import { createFanChart, createShareBar, fanRange } from "./charts.js";
import {
  announce,
  element,
  formatCount,
  formatNumber,
  setAttributes,
  setChildren,
  svgElement,
} from "./dom.js";
import { guessVeil } from "./guesses.js";
import { comparedPair } from "./state.js";

// A and B: which of the two is on the page, and the question that compares them on the same seeds.

/** Whether B is there and differs from A. */
function pairDiffers({ a, b }) {
  return b !== null && JSON.stringify(a) !== JSON.stringify(b);
}

/** Return the question that compares the two; null where there is nothing to ask. */
function comparisonOf(now) {
  if (!pairDiffers(now)) return null;
  return { ask: "compare", ...comparedPair(now), first_seed: now.first, seeds: now.seeds };
}

/** Keep the page's experiment as A; B begins as its copy and is what the controls change from now on. */
function keepAsA(state) {
  state.change({ b: state.now.a, side: "b", step: null });
}

/** Return what differs, in words, as a frame of kind "compare" has it. */
function changesNodes({ changes, changes_sentence: sentence }) {
  const list = changes.map(({ words }) => element("li", {}, words));
  return [element("p", {}, sentence), element("ul", {}, ...list)];
}

/**
 * Put the switch between A and B at the top of the controls, and ask how the two compare.
 * @param {object} lab
 * @param {{topPlace: HTMLElement}} panel
 */
export function createComparison(lab, panel) {
  const { state } = lab;
  const sides = ["a", "b"].map((side) =>
    element("button", { type: "button", click: () => turnTo(side) }, `On ${side.toUpperCase()}`),
  );
  const keep = element("button", { type: "button", click: () => keepAsA(state) }, "Keep this as A, change B");
  const stop = element("button", { type: "button", click: () => state.change({ b: null, side: "a" }) }, "Stop");
  const pair = element("span", { class: "row", role: "group", "aria-label": "Which of the two to change" }, ...sides);
  const changes = element("div", { class: "small" });
  panel.topPlace.append(
    element(
      "fieldset",
      {},
      element("legend", {}, "Compare"),
      element("div", { class: "row small" }, pair, keep, stop),
      changes,
    ),
  );

  function turnTo(side) {
    const { a, b, side: before } = state.now;
    if (side !== before) state.change({ a: b, b: a, side, step: null });
  }

  const asker = createDragAsker((question) => lab.ask("compare", question));
  lab.listen("compare", (header) => {
    asker.answered();
    if (header.kind === "error") return setChildren(changes);
    setChildren(changes, ...changesNodes(header));
  });

  return {
    show(now, before, dragging) {
      const compared = now.b !== null;
      pair.hidden = stop.hidden = !compared;
      keep.textContent = compared ? "Keep this as A" : "Keep this as A, change B";
      ["a", "b"].forEach((side, place) =>
        setAttributes(sides[place], { "aria-pressed": String(compared && now.side === side) }),
      );
      const question = comparisonOf(now);
      const earlier = before && comparisonOf(before);
      if (!question) {
        asker.forget();
        if (earlier) lab.cancel("compare");
        const same = `B is the same as A so far. Change something of ${now.side.toUpperCase()}.`;
        setChildren(changes, compared ? element("p", {}, same) : null);
      } else if (JSON.stringify(question) !== JSON.stringify(earlier)) {
        if (!earlier) setChildren(changes);
        asker.ask(question, dragging);
      }
    },
  };
}

const COMPARE_SAME = "B is the same as A so far. Change something in the column of controls.";
const COMPARE_AWAITED = "The runs of both are being trained.";

/**
 * Make the view.
 * @param {object} lab
 */
export function createCompareView(lab) {
  const { state } = lab;
  const pick = (seed) => state.change({ seed, step: null });
  const begin = element(
    "div",
    {},
    element("p", {}, "Two trainings on the same seeds, with one change between them: what does the change do?"),
    element("button", { type: "button", click: () => keepAsA(state) }, "Keep this as A, change B"),
  );
  const hint = element("p", {}, pairDiffers(state.now) ? COMPARE_AWAITED : "");
  const headline = element("p", { class: "claim" });
  const changes = element("div");
  const effect = createEffectBar();
  const sides = ["A", "B"].map(createSide);
  const rescued = createSeedList("Rescued: only B solves them", pick);
  const lost = createSeedList("Lost: only A solves them", pick);
  const chosen = element("p", { class: "small" });
  const cost = element("p", { class: "muted small" });
  const answer = element(
    "div",
    { class: "spoils", hidden: true },
    headline,
    effect.node,
    changes,
    element("div", { class: "pair" }, ...sides.map((side) => side.node)),
    element("div", { class: "pair" }, rescued.node, lost.node),
    chosen,
    cost,
  );
  const node = element("div", {}, begin, hint, guessVeil(), answer);
  let shown = null; // the runs of the newest frame

  function sayChosen({ seed }) {
    const place = seed - (shown?.first ?? 0);
    const known = shown && place in shown.a.solved;
    if (!known) return (chosen.textContent = "");
    const [a, b] = [endWords(shown.a, place), endWords(shown.b, place)];
    chosen.textContent = `Seed ${formatCount(seed)}, the run that is looked at: A ${a}; B ${b}.`;
  }

  lab.listen("compare", (header, arrays) => {
    answer.classList.remove("stale");
    answer.hidden = header.kind === "error";
    hint.textContent = header.kind === "error" ? header.message : "";
    if (header.kind === "error") return;
    headline.textContent = header.sentence;
    effect.show(header.effect);
    setChildren(changes, ...changesNodes(header));
    changes.classList.toggle("says", header.changes.length > 1);
    const fans = ["a", "b"].map((side) => ({
      epochs: arrays[`${side}_curve_epochs`].values,
      curve: arrays[`${side}_curve`].values,
    }));
    const range = fanRange(fans);
    sides.forEach((side, place) => side.show(header["ab"[place]], fans[place], range));
    rescued.show(arrays.rescued.values);
    lost.show(arrays.lost.values);
    shown = { first: header.first_seed, a: endsOf(arrays, "a"), b: endsOf(arrays, "b") };
    sayChosen(state.now);
    cost.textContent = header.last ? header.how : "";
    if (header.last && node.offsetParent) announce(header.sentence);
  });

  state.subscribe((now, before) => {
    const question = comparisonOf(now);
    if (!question || JSON.stringify(question) === JSON.stringify(comparisonOf(before))) return;
    answer.classList.add("stale");
    hint.textContent = answer.hidden ? COMPARE_AWAITED : "";
  });

  return {
    name: "compare",
    title: "Compare",
    node,
    show(now) {
      begin.hidden = now.b !== null;
      if (!pairDiffers(now)) {
        answer.hidden = true;
        hint.textContent = now.b === null ? "" : COMPARE_SAME;
      }
      for (const list of [rescued, lost]) list.choose(now.seed);
      sides.forEach((side, place) => side.mark(now.side === "ab"[place]));
      sayChosen(now);
    },
  };
}

function createSide(name) {
  const here = element("span", { class: "muted small" });
  const sentence = element("p", {});
  const bar = createShareBar();
  const fan = createFanChart(`Loss of all runs of ${name}`);
  return {
    node: element(
      "section",
      { "aria-label": name },
      element("h3", {}, `${name} `, here),
      sentence,
      bar.node,
      element("figure", {}, fan.node),
    ),
    show(population, { epochs, curve }, range) {
      sentence.textContent = population.sentence;
      bar.show(population);
      fan.show(epochs, curve, range);
    },
    mark(onPage) {
      here.textContent = onPage ? "on the page: the controls change it" : "";
    },
  };
}

function endsOf(arrays, side) {
  const values = (name) => arrays[`${side}_${name}`].values;
  return { solved: values("solved"), diverged: values("diverged"), loss: values("loss") };
}

function endWords({ solved, diverged, loss }, place) {
  const how = diverged[place] ? "diverged" : solved[place] ? "solves it" : "doesn't solve it";
  return `${how}, loss ${formatNumber(loss[place])}`;
}

const EFFECT = { width: 400, middle: 200, reach: 180 };

/** The effect in points on a line from −100 to 100, its 95 % interval as a bar around it. */
function createEffectBar() {
  const place = (share) => EFFECT.middle + EFFECT.reach * share;
  const interval = svgElement("path", { "stroke-width": 8, opacity: 0.4 });
  const value = svgElement("circle", { cy: 14, r: 5 });
  const ticks = [-1, -0.5, 0, 0.5, 1].map((share) =>
    svgElement("text", { x: place(share), y: 38, "text-anchor": "middle" }, effectPoints(share, 0)),
  );
  const words = svgElement(
    "text",
    { x: EFFECT.middle, y: 52, "text-anchor": "middle", class: "muted" },
    "effect of B in points, with its 95 % interval",
  );
  const node = svgElement(
    "svg",
    { viewBox: `0 0 ${EFFECT.width} 56`, class: "effect", role: "img" },
    svgElement("path", { d: `M${place(-1)},14H${place(1)}`, stroke: "var(--tl-grid)", "stroke-width": 2 }),
    svgElement("path", { d: `M${EFFECT.middle},3V25`, stroke: "var(--tl-muted)" }),
    interval,
    value,
    ...ticks,
    words,
  );
  return {
    node,
    show({ estimate, low, high, reading }) {
      const colour = `var(--tl-${{ helps: "good", hurts: "bad" }[reading] ?? "neutral"})`;
      interval.setAttribute("d", `M${place(low)},14H${place(high)}`);
      interval.setAttribute("stroke", colour);
      value.setAttribute("cx", place(estimate));
      value.setAttribute("fill", colour);
      const [from, to] = [effectPoints(low), effectPoints(high)];
      node.setAttribute("aria-label", `Effect of B: ${effectPoints(estimate)} points, 95 % interval ${from} to ${to}`);
    },
  };
}

/** Return a difference of shares in points, with its sign: "+4.7". */
function effectPoints(share, digits = 1) {
  const points = Math.abs(100 * share).toFixed(digits);
  return Number(points) === 0 ? points : `${share > 0 ? "+" : "−"}${points}`;
}
