/** Checks that the options of training and of pre-training share: known names, ranges, and what `model` may name. */
import { existsSync } from "node:fs";
import { AttuneError, nearest } from "../base/errors.ts";
import { parseHubName, refusePresetSlip } from "../hub/index.ts";
import { builtInModels, isBuiltIn } from "../models/checkpoint/index.ts";
import { isPresetName, presetNames } from "../models/bert/presets.ts";

/** What must hold of a number, and how to say it. */
export type Range = readonly [holds: (value: number) => boolean, text: string];

export const positiveInteger: Range = [(n) => Number.isSafeInteger(n) && n > 0, "a whole number, 1 or more"];

/** @throws ERR_OPTION naming the first option that is out of its range; absent ones pass */
export function checkRanges(options: object, ranges: Readonly<Record<string, Range>>): void {
  const values = new Map<string, unknown>(Object.entries(options));
  for (const [name, [holds, range]] of Object.entries(ranges)) {
    const value = values.get(name);
    if (value !== undefined && !(typeof value === "number" && holds(value)))
      throw optionError(name, range, value);
  }
}

/** @throws ERR_OPTION for a name that is not among `known` */
export function refuseUnknown(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const hint = nearest(unknown, known);
  throw new AttuneError("ERR_OPTION", {
    rule: "every option must be one that training knows",
    found: `found "${unknown}"`,
    next: hint === undefined ? `use some of ${known.join(", ")}` : `did you mean "${hint}"?`,
  });
}

/** Names that never mean a model on the hub. */
export const reservedNames: readonly string[] = [...presetNames, ...builtInModels];

/** @throws ERR_MODEL_UNKNOWN for what cannot be a model: no preset, no built-in one, no folder and no hub id */
export function refuseUnknownModel(model: string | undefined): void {
  if (model === undefined || isPresetName(model) || isBuiltIn(model) || existsSync(model)) return;
  const onHub = parseHubName(model);
  if (onHub !== undefined) return refusePresetSlip(onHub, reservedNames); // asked for later: model-place.ts
  const hint = nearest(model, reservedNames);
  throw new AttuneError("ERR_MODEL_UNKNOWN", {
    rule: `a model must be a preset (${presetNames.join(", ")}), a built-in model (${builtInModels.join(", ")}), a model folder or a hub id`,
    found: `"${model}" is none`,
    next: hint === undefined ? "check the path" : `did you mean "${hint}"?`,
  });
}

/**
 * Refuses options that would have no effect.
 *
 * @param purpose what they are for, as in "training from scratch"
 * @throws ERR_OPTION_UNUSED naming the first one given
 */
export function refuseUnused(
  options: object,
  names: readonly string[],
  { purpose, found, next }: { readonly purpose: string; readonly found: string; readonly next: string },
): void {
  const given = new Map<string, unknown>(Object.entries(options));
  const unused = names.find((name) => given.get(name) !== undefined);
  if (unused === undefined) return;
  throw new AttuneError("ERR_OPTION_UNUSED", {
    rule: `${unused} is for ${purpose}`,
    found,
    next: `leave ${unused} out${next}`,
  });
}

export function optionError(name: string, range: string, value: unknown): AttuneError {
  return new AttuneError("ERR_OPTION", {
    rule: `${name} must be ${range}`,
    found: `found ${String(value)}`,
    next: `change ${name}`,
  });
}
