// The kernel in a page: its module of WebAssembly, and tiles of networks that it trains.

// The kernel as a module of WebAssembly: its functions, its table of units, and its memory, given out in pieces.

const KERNEL_PAGE = 65536; // bytes of a page of memory
const KERNEL_ALIGNMENT = 64; // the kernel's loads say that arrays begin at multiples of it
const KERNEL_ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
};

/** The kernel in a page: `call` its units by their symbols, `take` memory, `view` it. */
export class KernelModule {
  /**
   * Compile and start the module.
   * @param {BufferSource} bytes the content of kernel.wasm
   */
  static async load(bytes) {
    const module = await WebAssembly.compile(bytes);
    const instance = await WebAssembly.instantiate(module, {});
    return new KernelModule(module, instance.exports);
  }

  constructor(module, exports) {
    const said = (section) => new TextDecoder().decode(WebAssembly.Module.customSections(module, section)[0]);
    /** The digest of the kernel's source: descriptions of another kernel don't fit. */
    this.digest = said("trainlab.kernel");
    this.exports = exports;
    this.memory = exports.memory;
    this.heap = exports.__heap_base.value;
    this.free = this.heap;
    // Units find each other by their places in the table: from 1 on, in this order.
    this.symbols = said("trainlab.units");
    const units = this.symbols.split(" ");
    const table = exports.__indirect_function_table;
    table.grow(Math.max(0, units.length + 1 - table.length));
    units.forEach((unit, index) => table.set(index + 1, exports[unit]));
  }

  /** Call a unit of code 0, as `train`, with whole numbers. */
  call(kind, ...numbers) {
    const symbol = this.symbols.split(" ").find((each) => each.startsWith(`${kind}_0_`));
    this.exports[symbol](...numbers.map(BigInt));
  }

  /** Forget all that was given out, so that another tile can be laid out. */
  clear() {
    this.free = this.heap;
  }

  /** Return where `bytes` of memory are free, zeros or what was there, with the place of a header before them. */
  take(bytes) {
    const at = Math.ceil(this.free / KERNEL_ALIGNMENT + 1) * KERNEL_ALIGNMENT;
    this.free = at + bytes;
    // What is loaded beyond an array's end belongs to its last row.
    const missing = this.free + KERNEL_ALIGNMENT - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / KERNEL_PAGE));
    return at;
  }

  /** Return a part of memory as an array of a type, as `float32`; it lasts until memory grows. */
  view(type, at, length) {
    return new KERNEL_ARRAYS[type](this.memory.buffer, at, length);
  }

  /** Return how many bytes an element of a type takes. */
  bytesOf(type) {
    return KERNEL_ARRAYS[type].BYTES_PER_ELEMENT;
  }
}

// Training in the page: a tile of networks laid out in the kernel's memory, and seeds trained in it.
// What a tile holds is told by Python (trainlab/engine/wasm/description.py); a page adds draws and keys.

const HALF_BITS = 32n; // of a network's seed, which draws take in halves
const HALF = 0xffffffffn;

/** One tile, from the description of an experiment; it takes the module's memory from whichever was before. */
export class KernelTile {
  /**
   * Lay out the tile.
   * @param {KernelModule} kernel
   * @param {object} description what `described` in Python returned
   */
  constructor(kernel, description) {
    if (kernel.digest !== description.kernel || kernel.symbols !== description.units) {
      throw new Error("the experiment was described for another kernel than this page has: load the page anew");
    }
    this.kernel = kernel;
    this.description = description;
    this.places = {};
    kernel.clear();
    const { record, arrays, networks, draws } = description;
    for (const [name, array] of Object.entries(arrays)) this.places[name] = this.#laidOut(array);
    this.record = kernel.take(record.bytes);
    this.draws = kernel.take(8 * networks * Math.max(...draws.map((draw) => draw.count)));
    // From here on memory doesn't grow, and views last.
    this.arrays = {};
    for (const [name, array] of Object.entries(arrays)) {
      const { type, length } = array;
      this.arrays[name] = kernel.view(type, this.places[name], length);
      if (array.values) this.arrays[name].set(type === "int64" ? array.values.map(BigInt) : array.values);
    }
    this.#writeRecord();
  }

  /**
   * Train seeds in a row, at most as many as the tile has networks.
   * @param {number} first
   * @param {number} count
   * @returns {object} what each seed's training gave, see `trainSeeds`
   */
  train(first, count) {
    this.#begin(first, count);
    this.#setRecord(this.description.record.used, "int64", count);
    this.kernel.call("train", this.record, 0, 0, 0);
    return this.#results(count);
  }

  /** Return the parameters that seeds begin with, a row a seed, float64. */
  startOf(first, count) {
    const { networks, parameters, draws } = this.description;
    if (!(count >= 1 && count <= networks)) {
      throw new RangeError(`count = ${count}: a tile has 1 to ${networks} networks; trainSeeds takes any number`);
    }
    const start = new Float64Array(count * parameters);
    for (const { stream, layer, first: column, count: columns, normal, steps } of draws) {
      this.kernel.call("fill_draws", first, stream, layer, Number(normal), this.draws, count, columns);
      const values = this.kernel.view("float64", this.draws, count * columns);
      values.forEach((draw, place) => {
        const value = steps.reduce((each, [step, by]) => (step === "times" ? each * by : each + by), draw);
        start[Math.floor(place / columns) * parameters + column + (place % columns)] = value;
      });
    }
    return start;
  }

  #laidOut({ type, length }) {
    const { kernel } = this;
    const at = kernel.take(length * kernel.bytesOf(type));
    kernel.view("int64", at - 8, 1)[0] = BigInt(length); // what a build that checks its places reads
    return at;
  }

  #writeRecord() {
    const { fields, addresses } = this.description.record;
    for (const { at, type, value } of Object.values(fields)) this.#setRecord(at, type, value);
    for (const [name, at] of Object.entries(addresses)) this.#setRecord(at, "int64", this.places[name]);
  }

  #setRecord(at, type, value) {
    this.kernel.view(type, this.record + at, 1)[0] = type === "int64" ? BigInt(value) : value;
  }

  /** Put the tile's own arrays where training of these seeds begins; lanes beyond them repeat the last. */
  #begin(first, count) {
    const { networks, parameters, memory, arrays, keys } = this.description;
    for (const [name, { type, fill }] of Object.entries(arrays)) {
      if (fill !== undefined) this.arrays[name].fill(type === "int64" ? BigInt(fill) : fill);
    }
    const rows = this.arrays.memory;
    for (const { row, values } of memory) {
      values.forEach((value, index) => rows.fill(value, (row + index) * networks, (row + index + 1) * networks));
    }
    const start = this.startOf(first, count);
    for (let network = 0; network < networks; network += 1) {
      const run = Math.min(network, count - 1);
      for (let p = 0; p < parameters; p += 1) rows[p * networks + network] = start[run * parameters + p];
      const seed = BigInt(first + run);
      keys.forEach((row, half) => {
        this.arrays.words[row * networks + network] = Number((seed >> (HALF_BITS * BigInt(half))) & HALF);
      });
    }
  }

  #results(count) {
    const { networks, reading } = this.description;
    const last = (reading.marks - 1) * reading.rows;
    const readings = byRun(this.arrays.readings, networks, count);
    const rows = reading.marks * reading.rows;
    const part = (from, length) =>
      Float32Array.from({ length: count * length }, (_, place) => {
        return readings[Math.floor(place / length) * rows + last + from + (place % length)];
      });
    const event = (name) => Array.from(this.arrays[name].subarray(0, count), Number);
    return {
      parameters: part(0, reading.parameters),
      predictions: part(reading.parameters, reading.predictions),
      loss: part(reading.loss, 1),
      wrong: part(reading.wrong, 1),
      solved: part(reading.solved, 1),
      losses: byRun(this.arrays.losses, networks, count),
      gradients: byRun(this.arrays.gradients, networks, count),
      readings,
      solved_epoch: event("solved_epoch"),
      stopped_epoch: event("stopped_epoch"),
      diverged_step: event("diverged_step"),
    };
  }
}

/**
 * Train seeds in a row, tile after tile, and yield each tile's results as they come.
 *
 * Of each seed, in turn: `parameters`, `predictions`, `loss`, how many examples were `wrong`, and 1 if `solved`,
 * all at the last mark; curves of `losses` and `gradients`; `readings` of every mark; and the three events, -1 if
 * it never came to them.
 */
export function* trainSeeds(kernel, description, first, count) {
  const tile = new KernelTile(kernel, description);
  for (let done = 0; done < count; done += description.networks) {
    yield tile.train(first + done, Math.min(description.networks, count - done));
  }
}

/** Return an array of rows of one element a network as one of a row a run. */
function byRun(values, networks, count) {
  const rows = values.length / networks;
  const turned = new values.constructor(rows * count);
  for (let run = 0; run < count; run += 1) {
    for (let row = 0; row < rows; row += 1) turned[run * rows + row] = values[row * networks + run];
  }
  return turned;
}
