/** The error of an option out of its range, and the one check that every layer of the library needs. */
import { AttuneError } from "./errors.ts";

/** ERR_OPTION of a function or module: what must hold, and what was found. */
export function optionError(asker: string, rule: string, found: string): AttuneError {
  return new AttuneError("ERR_OPTION", { rule: `${asker}: ${rule}`, found, next: "change the options" });
}

/** Throws ERR_OPTION unless `seed` is a whole number, 0 or more. */
export function requireSeed(asker: string, seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw optionError(asker, "seed must be a whole number, 0 or more", `seed is ${seed}`);
}
