// The operations of both passes, one after the other: each with its formula and its numbers.

import { formatNumber } from "./format.js";

const SCOPE_DIGITS = 5; // Enough to follow by hand.

/** Return a number of the microscope. */
export function scopeNumber(value) {
  return formatNumber(value, SCOPE_DIGITS);
}

/** Return a number as a factor: in brackets if it is negative. */
export function bracketed(value) {
  return value < 0 ? `(${scopeNumber(value)})` : scopeNumber(value);
}

/**
 * Return a formula with numbers in the place of its names; null if it hasn't all of them.
 * @param {string} formula as "w1[1,1]·x[1] + b1[1]"
 * @param {[string, number][]} operands
 */
export function withNumbers(formula, operands) {
  const named = new Map(operands);
  // The longest first: "∂L/∂z1[1]" before "z1[1]".
  const names = [...named.keys()].sort((one, other) => other.length - one.length);
  if (!names.length || !names.every((name) => formula.includes(name))) return null;
  const any = new RegExp(
    names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"),
    "g",
  );
  const filled = formula.replace(any, (name) => bracketed(named.get(name)));
  return filled.replaceAll("·", " · ").replaceAll("  ", " ");
}

/** Return the lines that say an operation: formula, then numbers, then the value. */
export function operationLines({ result, formula, operands, value }) {
  const numbers = withNumbers(formula, operands);
  const found = scopeNumber(value);
  const lines = [`${result} = ${formula}`];
  if (numbers === null)
    lines.push(operands.map(([name, number]) => `${name} = ${scopeNumber(number)}`).join(", "));
  else if (formula !== operands[0][0]) lines.push(`= ${numbers}`);
  lines.push(`= ${found}`);
  return lines;
}

/** Return what is known after the first operations: the inputs, and each result by its name. */
export function knownValues(steps, count) {
  const known = new Map();
  for (const { operands } of steps)
    for (const [name, value] of operands) if (/^x\[/.test(name)) known.set(name, value);
  for (const { result, value } of steps.slice(0, count)) known.set(result, value);
  return known;
}

/** Return the names of all weights and biases, layer by layer, of an answer. */
export function weightNames({ network, backward }) {
  return backward.flatMap(({ bias }, before) => {
    const [sources, units] = network.widths.slice(before, before + 2);
    const named = (inside) => Array.from({ length: units }, (_, unit) => inside(unit + 1));
    const weights = named((unit) =>
      Array.from({ length: sources }, (_, source) => `w${before + 1}[${unit},${source + 1}]`),
    );
    return [...weights.flat(), ...(bias ? named((unit) => `b${before + 1}[${unit}]`) : [])];
  });
}

/** Return the weight if a network of these widths has it, else one of the first layer. */
export function weightOrFirst(weight, widths) {
  const [, kind, layer, unit, , source = 1] =
    /^([wb])(\d+)\[(\d+)(,(\d+))?\]$/.exec(weight ?? "") ?? [];
  const known = kind && unit <= widths[layer] && source <= widths[layer - 1];
  return known && Number(layer) ? weight : `w1[1,${Math.min(widths[0], 2)}]`;
}
