// A and B: which of the two is on the page, and the question that compares them on the same seeds.

import { createDragAsker } from "./drag_asker.js";
import { element, setAttributes, setChildren } from "./dom.js";

/** Return the two experiments under their names; `b` is null where there is nothing to compare with. */
export function comparedPair({ a, b, side }) {
  return side === "b" ? { a: b, b: a } : { a, b };
}

/** Whether B is there and differs from A. */
export function pairDiffers({ a, b }) {
  return b !== null && JSON.stringify(a) !== JSON.stringify(b);
}

/** Return the question that compares the two; null where there is nothing to ask. */
export function comparisonOf(now) {
  if (!pairDiffers(now)) return null;
  return { ask: "compare", ...comparedPair(now), first_seed: now.first, seeds: now.seeds };
}

/** Keep the page's experiment as A; B begins as its copy and is what the controls change from now on. */
export function keepAsA(state) {
  state.change({ b: state.now.a, side: "b", step: null });
}

/** Return what differs, in words, as a frame of kind "compare" has it. */
export function changesNodes({ changes, changes_sentence: sentence }) {
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
