// The state of the page: all of it is in the address, so that a link shares the experiment, seeds included.
//
// The address is "#" and JSON, percent-encoded: {"a": experiment, "b": experiment or absent, "first": 0,
// "seeds": 256, "seed": 3, "step": 120, "view": "compare", …}. What is as at the start is left out.

const STATE_START = Object.freeze({
  a: null, // the experiment as plain data, as in a study file
  b: null, // what it is compared with
  side: "a", // what the two are called: "b" if the page's experiment is B, and what it is compared with A
  first: 0,
  seeds: 256,
  seed: 0, // the run that is looked at
  step: null, // how far it is; null is the end
  view: "compare",
  plane: null, // the map: its axes and how many cells they have, {x, y, cells}
  exercise: null, // which one of the course, from 1
  guess: false, // whether each answer is to be guessed first
  budget: 44, // how many parameters other networks may have
  point: 2, // the example under the microscope, from 1; XOR's first is all zeros, and so are its derivatives
  weight: null, // the weight whose paths it shows, as "w2[1,3]"; null is one of the first layer
  operation: 0, // how far its two passes are, from 0
  form: "pytorch", // what is taken away
});

/** Those that are whole numbers from 0 on. */
const STATE_COUNTS = ["first", "seeds", "seed", "step", "exercise", "budget", "point", "operation"];

/**
 * The address of the page as the place of the state. Others, as a notebook's, have the same
 * functions but `link`.
 */
export function pageAddress() {
  return {
    read: () => location.hash,
    /** What somebody else opens to see the same. */
    link: () => location.href,
    /** Keep an address; with `push` the page before can be gone back to. */
    write(address, push) {
      if (address === location.hash || (address === "#" && location.hash === "")) return;
      if (push) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    },
    /** Call `listener` when somebody else changed it: back, forward, typed. */
    listen(listener) {
      addEventListener("popstate", listener);
    },
  };
}

/**
 * Make the state from its address. `begin` is the experiment that an empty address means.
 * `read(data)` returns an experiment in the page's form, null if it is none.
 * @param {object} begin
 * @param {(data: unknown) => object | null} read
 * @param {{read: Function, write: Function, listen: Function}} address
 */
export function createState(begin, read, address) {
  let { state: now, unread } = readAddress(address.read(), begin, read);
  const listeners = [];
  let timer = null;

  function tell(before, dragging = false) {
    for (const listener of listeners) listener(now, before, dragging);
  }

  function write(push) {
    clearTimeout(timer);
    address.write(addressOf(now, begin), push);
  }

  address.listen(() => {
    const before = now;
    ({ state: now, unread } = readAddress(address.read(), begin, read));
    tell(before);
  });

  return {
    /** The state as it is; never changed in place. */
    get now() {
      return now;
    },
    /** Whether it is as at the start because the address couldn't be read. */
    get unread() {
      return unread;
    },
    /**
     * Change some of the state and tell everyone. While something is dragged the address follows later,
     * and no step back is made of it.
     */
    change(part, { dragging = false } = {}) {
      const before = now;
      now = Object.freeze({ ...now, ...part });
      if (now.a !== before.a) unread = false;
      tell(before, dragging);
      if (!dragging) return write(true);
      clearTimeout(timer);
      timer = setTimeout(() => write(false), 300);
    },
    /** Call `listener(now, before, dragging)` after every change. */
    subscribe(listener) {
      listeners.push(listener);
    },
  };
}

/** Return the address of a state: "#…". */
export function addressOf(state, begin) {
  const told = {};
  for (const [name, start] of Object.entries(STATE_START)) {
    const value = state[name];
    const same = name === "a" ? JSON.stringify(value) === JSON.stringify(begin) : value === start;
    if (!same) told[name] = value;
  }
  return Object.keys(told).length ? `#${encodeURIComponent(JSON.stringify(told))}` : "#";
}

/**
 * Return the state that an address tells; what can't be read is as at the start, and `unread` if it is of
 * an experiment.
 * @param {string} hash
 * @param {object} begin
 * @param {(data: unknown) => object | null} read
 * @returns {{state: object, unread: boolean}}
 */
function readAddress(hash, begin, read) {
  const state = { ...STATE_START, a: begin };
  let told = {};
  let unread = false;
  try {
    if (hash.length > 1) told = JSON.parse(decodeURIComponent(hash.slice(1)));
  } catch {
    unread = true;
  }
  if (told === null || typeof told !== "object" || Array.isArray(told)) {
    return { state: Object.freeze(state), unread: true };
  }
  for (const name of ["a", "b"]) {
    if ((told[name] ?? null) === null) continue;
    const experiment = read(told[name]);
    if (experiment) state[name] = experiment;
    else unread = true;
  }
  if (typeof told.plane === "object" && !Array.isArray(told.plane)) state.plane = told.plane;
  for (const name of STATE_COUNTS) {
    if (Number.isSafeInteger(told[name]) && told[name] >= 0) state[name] = told[name];
  }
  for (const name of ["view", "weight", "form"]) {
    if (typeof told[name] === "string") state[name] = told[name];
  }
  if (told.side === "b" && state.b) state.side = "b";
  state.guess = told.guess === true;
  return { state: Object.freeze(state), unread };
}

/** Return what stands in plain data under a path, as "optimizer.lr"; undefined if nothing does. */
export function valueAt(data, path) {
  return path.split(".").reduce((part, name) => part?.[name], data);
}

/** Return plain data with another value under a path; undefined takes it out. */
export function withValue(data, path, value) {
  const [name, ...rest] = path.split(".");
  const copy = { ...(data ?? {}) };
  if (rest.length) copy[name] = withValue(copy[name], rest.join("."), value);
  else if (value === undefined) delete copy[name];
  else copy[name] = value;
  return copy;
}

/** Return the two experiments under their names; `b` is null where there is nothing to compare with. */
export function comparedPair({ a, b, side }) {
  return side === "b" ? { a: b, b: a } : { a, b };
}
