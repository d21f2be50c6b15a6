/** What `attune doctor` found in the weights, for people. */
import { describeNotFinite, type IgnoredEntry } from "../models/checkpoint/index.ts";
import { fieldLines } from "./fields.ts";
import { counted, short } from "./format.ts";
import type { WeightsCheck } from "./inspect-weights.ts";
import type { Layout } from "./terminal.ts";

/** Names of one kind that are listed; the rest is counted. */
const MOST_NAMES = 10;
/** The same where the reason matters more than each name. */
const MOST_IGNORED = 2;

/** Format and files, how many tensors, then all that is not as it should be, by name. */
export function weightLines(weights: WeightsCheck, layout: Layout): string[] {
  const { format, files, otherFiles, parameters, tensors } = weights;
  return [
    ...fieldLines("format", `${format}: ${filesText(files)}`, layout),
    ...(otherFiles.length === 0 ? [] : fieldLines("not read", otherFiles.join(", "), layout)),
    ...fieldLines(
      "weights",
      `${short(parameters)} numbers in the model; ${counted(tensors, "tensor")} in the file`,
      layout,
    ),
    ...Object.entries(namesByKind(weights)).flatMap(([kind, texts]) => listLines(kind, texts, layout)),
    ...ignoredTexts(weights.ignored).flatMap((text) => fieldLines("ignored", text, layout)),
  ];
}

function namesByKind(weights: WeightsCheck): Readonly<Record<string, readonly string[]>> {
  const { missing, mismatched, wrongType, notFinite, unreadable, unexpected, surplus } = weights;
  return {
    missing,
    shape: mismatched.map(({ name, expected, stored }) => `${name} is [${stored}], should be [${expected}]`),
    type: wrongType.map(({ name, dtype }) => `${name} is ${dtype}`),
    values: notFinite.map(({ name, ...bad }) => `${name}: numbers must be finite; ${describeNotFinite(bad)}`),
    read: unreadable.map(({ name, error }) => `${name}: ${error}`),
    surplus,
    unused: unexpected.filter((name) => !surplus.includes(name)),
  };
}

function listLines(kind: string, texts: readonly string[], layout: Layout): string[] {
  const rest = texts.length - MOST_NAMES;
  return [
    ...texts.slice(0, MOST_NAMES).flatMap((text) => fieldLines(kind, text, layout)),
    ...(rest > 0 ? fieldLines(kind, `and ${counted(rest, "other")}`, layout) : []),
  ];
}

/** A line a reason: how many, why, and some of the names. */
function ignoredTexts(ignored: readonly IgnoredEntry[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, why } of ignored) {
    const names = byReason.get(why) ?? [];
    names.push(name);
    byReason.set(why, names);
  }
  return [...byReason].map(([why, names]) => {
    const more = names.length > MOST_IGNORED ? ", ..." : "";
    return `${names.length}, ${why}: ${names.slice(0, MOST_IGNORED).join(", ")}${more}`;
  });
}

/** The first of several is the index that names the others. */
function filesText([first, ...parts]: readonly string[]): string {
  return parts.length === 0 ? first : `${first} and ${counted(parts.length, "file")}`;
}
