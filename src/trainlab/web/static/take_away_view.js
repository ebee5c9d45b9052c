// What is taken away: the experiment as a script, a study file, the answer's numbers or the report.

import { buttonElement, element, setAttributes } from "./dom.js";
import { formatCount } from "./format.js";
import { guessVeil } from "./guesses.js";
import { saveFile } from "./save_file.js";
import { openViewLane } from "./view_lane.js";

const TAKE_FORMS = {
  pytorch: "PyTorch script",
  toml: "Study file (TOML)",
  json: "Numbers (JSON)",
  html: "Report (HTML)",
};
const TAKE_PICTURES =
  "Every picture of the page has a menu “Save” below it: SVG, or PNG at double size.";
const TAKE_SHOWN = 20_000; // Characters; nobody reads on.
const TAKE_PAUSE = 300; // Files aren't made while a knob is dragged.

/**
 * Make the view.
 * @param {{state: object, ask: Function, listen: Function}} lab
 */
export function createTakeAwayView(lab) {
  const forms = Object.entries(TAKE_FORMS).map(([form, words]) => [
    form,
    buttonElement(words, () => lab.state.change({ form })),
  ]);
  const save = buttonElement("", () =>
    saveFile(file.name, new Blob([file.text], { type: file.type })),
  );
  const copy = buttonElement("Copy", copyText);
  const code = element("pre", {
    class: "code",
    tabindex: "0",
    role: "region",
    "aria-label": "File",
  });
  const lane = openViewLane(lab, "take-away", {
    body: element("div", {}, element("div", { class: "row" }, save, copy), code),
    take(header) {
      file = header;
      const left = file.text.length - TAKE_SHOWN;
      const more = left > 0 ? `\n… ${formatCount(left)} more characters` : "";
      save.textContent = `Save ${file.name} (${formatCount(new Blob([file.text]).size / 1000)} kB)`;
      code.textContent = file.text.slice(0, TAKE_SHOWN) + more;
    },
  });
  let file = null; // {name, type, text}

  async function copyText() {
    try {
      await navigator.clipboard.writeText(file.text);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => (copy.textContent = "Copy"), 2000);
  }

  return {
    name: "take-away",
    title: "Take away",
    node: element(
      "div",
      {},
      guessVeil(),
      element(
        "div",
        { class: "spoils" },
        element("div", { class: "row" }, ...forms.map(([, button]) => button)),
        lane.node,
        element("p", { class: "small muted" }, TAKE_PICTURES),
      ),
    ),
    show({ a, form, seed, first, seeds }) {
      for (const [name, button] of forms) {
        setAttributes(button, { "aria-pressed": String(name === form) });
      }
      // A script trains one run, the chosen one.
      const from = form === "pytorch" ? seed : first;
      lane.ask({ ask: "take-away", experiment: a, form, first_seed: from, seeds }, TAKE_PAUSE);
    },
  };
}
