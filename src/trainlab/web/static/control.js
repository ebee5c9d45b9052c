// One control: a label, an input of the field's type, and for numbers a slider that can be dragged.

import { element, setAttributes } from "./dom.js";

const CONTROL_STEPS = 300;

let controlCount = 0;

/**
 * Make the control of a field. `onInput(value, dragging)` gets each new value; undefined is the default.
 * @param {{name: string, type: string, default: unknown, choices?: string[], optional?: boolean}} field
 * @param {{label?: string, help?: string, onInput: (value: unknown, dragging: boolean) => void}} options
 * @returns {{node: HTMLElement, set: (value: unknown) => void, mark: (words: string | null) => void}}
 */
export function createControl(field, { label = field.name.replaceAll("_", " "), help = "", onInput }) {
  controlCount += 1;
  const id = `control-${controlCount}`;
  const wrong = element("span", { id: `${id}-wrong`, class: "help small bad", hidden: true });
  const made = CONTROL_MAKERS[field.type](field, id, (value, dragging) =>
    onInput(controlSame(value, field.default) ? undefined : value, dragging),
  );
  const node = element(
    "div",
    { class: "field", title: help || null },
    element("label", { for: id }, label),
    element("span", { class: "inputs" }, ...made.inputs),
    wrong,
  );
  return {
    node,
    set(value) {
      made.set(value === undefined ? field.default : value);
    },
    mark(words) {
      node.classList.toggle("wrong", words !== null);
      wrong.hidden = words === null;
      wrong.textContent = words ?? "";
      const input = made.inputs[0];
      setAttributes(input, {
        "aria-invalid": words === null ? null : "true",
        "aria-describedby": words === null ? null : wrong.id,
      });
    },
  };
}

/**
 * Make a control that chooses one of some names.
 * @param {string[]} names
 * @param {{label: string, help?: string, onInput: (name: string) => void}} options
 */
export function createChoice(names, { label, help = "", onInput }) {
  const field = { name: label, type: "choice", default: null, choices: names };
  return createControl(field, { label, help, onInput: (value) => onInput(value) });
}

const CONTROL_MAKERS = {
  number: makeNumber,
  whole: makeNumber,
  flag: makeFlag,
  choice: makeMenu,
  text: makeText,
  list: makeList,
};

function makeNumber(field, id, say) {
  const range = sliderRange(field);
  const input = element("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", size: 7 });
  const slider = element("input", {
    type: "range",
    min: 0,
    max: CONTROL_STEPS,
    step: 1,
    "aria-label": `${field.name.replaceAll("_", " ")}, slider`,
  });
  const write = typedInto(input, (words) => {
    if (words === "" && field.optional) return say(null, false);
    const value = Number(words);
    // What isn't a number, or too large for one, is sent as it is: the server says what is wrong with it.
    say(words === "" || !Number.isFinite(value) ? words : value, false);
  });
  let held = false; // The slider, by a hand: it stays where the hand is.
  const moved = (dragging) => {
    held = dragging;
    say(range.value(Number(slider.value) / CONTROL_STEPS), dragging);
  };
  slider.addEventListener("input", () => moved(true));
  slider.addEventListener("change", () => moved(false));
  return {
    inputs: [input, slider],
    set(value) {
      write(value === null ? "" : String(value));
      if (!held) slider.value = String(CONTROL_STEPS * range.place(Number(value)));
    },
  };
}

function makeFlag(field, id, say) {
  const input = element("input", { id, type: "checkbox" });
  input.addEventListener("change", () => say(input.checked, false));
  return {
    inputs: [input],
    set(value) {
      input.checked = Boolean(value);
    },
  };
}

function makeMenu(field, id, say) {
  const options = field.choices.map((name) => element("option", { value: name }, name.replaceAll("_", " ")));
  if (field.optional) options.unshift(element("option", { value: "" }, "the same"));
  const input = element("select", { id }, ...options);
  input.addEventListener("change", () => say(input.value === "" ? null : input.value, false));
  return {
    inputs: [input],
    set(value) {
      input.value = value === null || value === undefined ? "" : String(value);
    },
  };
}

function makeText(field, id, say) {
  const input = element("input", { id, type: "text", autocomplete: "off", spellcheck: "false" });
  const write = typedInto(input, (words) => say(words, false));
  return { inputs: [input], set: (value) => write(value === null ? "" : String(value)) };
}

function makeList(field, id, say) {
  const input = element("input", { id, type: "text", autocomplete: "off", spellcheck: "false" });
  const write = typedInto(input, (text) => {
    const words = text.split(/[\s,;]+/).filter(Boolean);
    const numbers = words.map(Number);
    say(numbers.some(Number.isNaN) ? words : numbers, false);
  });
  return { inputs: [input], set: (value) => write(Array.isArray(value) ? value.join(", ") : "") };
}

/** Have `read(words)` called when typing is done. What is returned writes, but not while somebody types. */
function typedInto(input, read) {
  let typing = false;
  input.addEventListener("input", () => {
    typing = true;
  });
  input.addEventListener("change", () => {
    typing = false;
    read(input.value.trim());
  });
  return (words) => {
    if (!typing) input.value = words;
  };
}

/** Where a slider begins and ends: powers of ten where a number's size matters, else from 0 on. */
function sliderRange(field) {
  const whole = field.type === "whole";
  const [low, high, log] = sliderEnds(field);
  const tidy = (value) => (whole ? Math.round(value) : Number(value.toPrecision(3)));
  const held = (share) => Math.min(Math.max(share, 0), 1);
  if (!log) {
    return {
      value: (share) => tidy(low + share * (high - low)),
      place: (value) => held((value - low) / (high - low)),
    };
  }
  const decades = Math.log10(high / low);
  return {
    value: (share) => tidy(low * 10 ** (share * decades)),
    place: (value) => (value > 0 ? held(Math.log10(value / low) / decades) : 0),
  };
}

/**
 * Return where a field's slider begins and ends, and whether it goes by powers of ten.
 * @returns {[number, number, boolean]}
 */
export function sliderEnds(field) {
  const { name, type, bounds = {} } = field;
  const usual = Number(field.default) || 0;
  if (name === "lr" || name === "max_lr" || name === "base_lr") return [1e-4, 10, true];
  if (name === "epochs") return [1, 20_000, true];
  if (type === "whole") return [Math.max(bounds.at_least ?? 1, 1), Math.max(usual, 100) * 10, true];
  if ("below" in bounds || "at_most" in bounds) {
    return [bounds.at_least ?? bounds.above ?? 0, Math.min(bounds.below ?? bounds.at_most, 10), false];
  }
  if (usual > 0 && !/momentum|alpha|rho|within|accuracy|factor|gamma/.test(name)) {
    return [usual / 1000, usual * 1000, true];
  }
  return [0, 1, false];
}

function controlSame(value, other) {
  return JSON.stringify(value) === JSON.stringify(other);
}
