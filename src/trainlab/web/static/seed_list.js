// A list of seeds to choose from: one stop of the Tab key, arrows from there.

import { element, setAttributes, setChildren } from "./dom.js";
import { formatCount } from "./format.js";

/**
 * Make the list. `onPick(seed)` is told which seed was chosen.
 * @param {string} title
 * @param {(seed: number) => void} onPick
 */
export function createSeedList(title, onPick) {
  const heading = element("h3");
  const list = element("div", { class: "row small seed-list", role: "group", "aria-label": title, keydown: press });
  let buttons = new Map(); // seed -> its button
  let shown = "";
  let chosen = null;

  function mark() {
    const stop = buttons.has(chosen) ? chosen : buttons.keys().next().value;
    for (const [seed, button] of buttons) {
      setAttributes(button, { "aria-pressed": String(seed === chosen), tabindex: seed === stop ? "0" : "-1" });
    }
  }

  function press(event) {
    const all = [...buttons.values()];
    const at = all.indexOf(event.target);
    const [ahead, back] = [at + 1, at - 1];
    const moves = { ArrowRight: ahead, ArrowDown: ahead, ArrowLeft: back, ArrowUp: back, Home: 0, End: all.length - 1 };
    const next = moves[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    all[Math.min(Math.max(next, 0), all.length - 1)].focus();
  }

  return {
    node: element("div", {}, heading, list),
    /** Show these seeds, in order. */
    show(seeds) {
      heading.textContent = `${title}: ${formatCount(seeds.length)}`;
      const key = seeds.join();
      if (key === shown) return;
      shown = key;
      buttons = new Map(
        Array.from(seeds, (seed) => {
          const name = formatCount(seed);
          const pick = () => onPick(seed);
          return [seed, element("button", { type: "button", "aria-label": `Seed ${name}`, click: pick }, name)];
        }),
      );
      setChildren(list, ...buttons.values());
      if (!seeds.length) setChildren(list, "none");
      mark();
    },
    /** Mark the seed that is looked at. */
    choose(seed) {
      chosen = seed;
      mark();
    },
  };
}
