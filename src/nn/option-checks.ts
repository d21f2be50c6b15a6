/** Checks of options that several modules share: each error names the module, the option, its range and the value. */
import { AttuneError, nearest } from "../base/errors.ts";
import { optionError } from "../base/options.ts";
import type { Dim } from "../base/shape.ts";

export { optionError, requireSeed } from "../base/options.ts";

/**
 * Throws ERR_OPTION for an option that a module does not have, such as plain JavaScript lets through.
 *
 * @param names every option of the module; the types hold it complete.
 */
export function requireKnown<O extends object>(
  module: string,
  options: O,
  names: Readonly<Record<keyof O, true>>,
): void {
  const known = Object.keys(names);
  const stray = Object.keys(options).find((name) => !known.includes(name));
  if (stray === undefined) return;
  const hint = nearest(stray, known);
  throw new AttuneError("ERR_OPTION", {
    rule: `${module}: an option must be one that it has`,
    found: `${stray} is none`,
    next: hint === undefined ? `it takes ${known.join(", ")}` : `did you mean "${hint}"?`,
  });
}

/** Throws ERR_OPTION unless every value is a whole number, 1 or more. */
export function requirePositiveIntegers(module: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw optionError(module, `${name} must be a whole number, 1 or more`, `${name} is ${value}`);
  }
}

/** Throws ERR_OPTION unless every length is a name, or a whole number, 1 or more. */
export function requireLengths(module: string, lengths: Readonly<Record<string, Dim>>): void {
  for (const [name, length] of Object.entries(lengths))
    if (typeof length === "number") requirePositiveIntegers(module, { [name]: length });
}

/** Throws ERR_OPTION unless every value lies in [0, 1). */
export function requireRates(module: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value >= 0 && value < 1))
      throw optionError(module, `${name} must be in [0, 1)`, `${name} is ${value}`);
  }
}

/** Throws ERR_OPTION unless `eps` is a number, 0 or more. */
export function requireEps(module: string, name: string, eps: number): void {
  if (!(eps >= 0 && eps < Infinity))
    throw optionError(module, `${name} must be a number, 0 or more`, `${name} is ${eps}`);
}

/** Throws ERR_OPTION unless `value` is one of `choices`. */
export function requireOneOf(module: string, name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw optionError(module, `${name} must be one of ${choices.join(", ")}`, `${name} is "${value}"`);
}

/** Throws ERR_OPTION unless `divisor` divides `value`. */
export function requireDivisible(
  module: string,
  value: readonly [name: string, size: number],
  divisor: readonly [name: string, size: number],
): void {
  if (value[1] % divisor[1] === 0) return;
  throw optionError(
    module,
    `${value[0]} must be divisible by ${divisor[0]}`,
    `${value[0]} is ${value[1]} and ${divisor[0]} is ${divisor[1]}`,
  );
}

/** Throws ERR_OPTION unless heads can be cut into halves, as rotary positions need. */
export function requireEvenHeads(module: string, headSize: number): void {
  if (headSize % 2 === 0) return;
  throw optionError(module, "with rotary positions the size of a head must be even", `it is ${headSize}`);
}

/** An option that is given, but would do nothing: `rule` says with what it would. */
export function unusedOption(module: string, rule: string, found: string): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", { rule: `${module}: ${rule}`, found, next: "leave it out" });
}
