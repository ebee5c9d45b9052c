// What is taken away: the experiment as a script, a study file, the answer's numbers or the report.

import { element, setAttributes } from "./dom.js";
import { formatCount } from "./format.js";
import { saveFile } from "./save_file.js";

const TAKE_FORMS = {
  pytorch: "PyTorch script",
  toml: "Study file (TOML)",
  json: "Numbers (JSON)",
  html: "Report (HTML)",
};
const TAKE_SHOWN = 20_000; // Characters; nobody reads on.
const TAKE_PAUSE = 300; // Files aren't made while a knob is dragged.

/**
 * Make the view.
 * @param {{state: object, ask: Function, listen: Function}} lab
 */
export function createTakeAwayView(lab) {
  const forms = Object.entries(TAKE_FORMS).map(([form, words]) => [
    form,
    element("button", { type: "button", click: () => lab.state.change({ form }) }, words),
  ]);
  const sentence = element("p", { role: "status" });
  const save = element("button", { type: "button", click: () => saveFile(file.name, new Blob([file.text], { type: file.type })) });
  const copy = element("button", { type: "button", click: copyText }, "Copy");
  const code = element("pre", { class: "code", tabindex: "0", role: "region", "aria-label": "What is in the file" });
  const made = element("div", { hidden: true }, element("div", { class: "row" }, save, copy), code);
  const node = element(
    "div",
    {},
    element("div", { class: "row" }, ...forms.map(([, button]) => button)),
    sentence,
    made,
    element("p", { class: "small muted" }, "Every picture of the page has a menu “Save” below it: SVG, or PNG at double size."),
  );
  let asked = "";
  let file = null; // {name, type, text}
  let timer = null;

  lab.listen("take-away", (header) => {
    node.classList.remove("stale");
    const failed = header.kind === "error";
    sentence.classList.toggle("bad", failed);
    sentence.textContent = failed ? header.message : header.sentence;
    made.hidden = failed;
    if (failed) return;
    file = header;
    save.textContent = `Save ${file.name} (${formatCount(new Blob([file.text]).size / 1000)} kB)`;
    const left = file.text.length - TAKE_SHOWN;
    code.textContent = file.text.slice(0, TAKE_SHOWN) + (left > 0 ? `\n… ${formatCount(left)} more characters` : "");
  });

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
    node,
    show(now) {
      for (const [form, button] of forms) setAttributes(button, { "aria-pressed": String(form === now.form) });
      // A script trains one run, the chosen one.
      const first = now.form === "pytorch" ? now.seed : now.first;
      const question = { ask: "take-away", experiment: now.a, form: now.form, first_seed: first, seeds: now.seeds };
      if (JSON.stringify(question) === asked) return;
      asked = JSON.stringify(question);
      node.classList.add("stale");
      clearTimeout(timer);
      timer = setTimeout(() => lab.ask("take-away", question), TAKE_PAUSE);
    },
  };
}
