/**
 * Labels to numbers: the schema that training fixes, and encodings by it.
 *
 * Does not decide between single and multi-label: the caller does, `looksMultiLabel` only has an opinion.
 */
import { AttuneError, internal, nearest } from "../base/errors.ts";
import type { Example } from "./examples.ts";
import { compareNatural } from "./natural-order.ts";

/** The labels a model knows; a label's number is its place in `names`. */
export interface LabelSchema {
  /** "single": one label a text. "multi": any number of labels a text. */
  readonly kind: "single" | "multi";
  readonly names: readonly string[];
}

/** Single: label numbers, [n]. Multi: 0 or 1 for each text and label, [n, c] row-major. */
export type EncodedLabels =
  | { readonly kind: "single"; readonly ids: Int32Array }
  | { readonly kind: "multi"; readonly flags: Float32Array };

export interface SchemaOptions {
  readonly multiLabel: boolean;
  /** The file, for messages. */
  readonly source: string;
  /** Accept labels with one example, which a model can hardly learn. Default false. */
  readonly allowRareLabels?: boolean;
}

const SHOWN = 5;

/**
 * The schema of training data: its labels in natural order ("2" before "10").
 *
 * @throws ERR_LABELS_TOO_FEW (fewer than two; with `multiLabel`, none), ERR_LABEL_ONCE
 * @example
 * buildLabelSchema(train.examples, { multiLabel: false, source: "train.csv" }).names; // ["delivery", "refund"]
 */
export function buildLabelSchema(examples: readonly Example[], options: SchemaOptions): LabelSchema {
  const { multiLabel, source, allowRareLabels = false } = options;
  const seen = new Map<string, { count: number; first: Example }>();
  for (const example of examples) {
    for (const label of example.labels) {
      const known = seen.get(label);
      if (known === undefined) seen.set(label, { count: 1, first: example });
      else known.count += 1;
    }
  }
  const names = [...seen.keys()].sort(compareNatural);
  if (names.length < (multiLabel ? 1 : 2)) throw tooFew(names, multiLabel, source);
  const once = names.flatMap((name) => {
    const known = seen.get(name);
    return known?.count === 1 ? [{ name, example: known.first }] : [];
  });
  if (once.length > 0 && !allowRareLabels)
    throw labelOnce(once, !multiLabel && looksMultiLabel(examples), source);
  return { kind: multiLabel ? "multi" : "single", names };
}

/**
 * Encodes labels by a schema made from training data.
 *
 * @throws ERR_LABEL_UNKNOWN for labels that the schema lacks, with rows and the nearest known name
 */
export function encodeLabels(
  examples: readonly Example[],
  schema: LabelSchema,
  source: string,
): EncodedLabels {
  const idOf = new Map(schema.names.map((name, id) => [name, id]));
  const unknown = unknownLabels(examples, idOf);
  if (unknown.length > 0) throw labelUnknown(unknown, schema, looksMultiLabel(examples), source);
  const ids = (example: Example) => example.labels.map((label) => idOf.get(label) ?? -1);
  if (schema.kind === "single")
    return { kind: "single", ids: Int32Array.from(examples, (one) => onlyLabel(ids(one))) };
  const c = schema.names.length;
  const flags = new Float32Array(examples.length * c); // [n, c]
  examples.forEach((example, row) => {
    for (const id of ids(example)) flags[row * c + id] = 1;
  });
  return { kind: "multi", flags };
}

/**
 * Whether labels read as single look like several joined by `separator`: some part of a joined label is also a
 * label, or part of another one ("joy|anger" beside "joy|fear").
 */
export function looksMultiLabel(examples: readonly Example[], separator = "|"): boolean {
  const labels = new Set(examples.flatMap((example) => example.labels));
  const parts = new Set<string>();
  for (const label of labels) {
    if (!label.includes(separator)) continue;
    for (const part of label.split(separator)) {
      if (parts.has(part) || labels.has(part)) return true;
      parts.add(part);
    }
  }
  return false;
}

interface Found {
  readonly name: string;
  readonly example: Example;
}

/** Each label outside the schema once, with the first example that has it. */
function unknownLabels(examples: readonly Example[], known: ReadonlyMap<string, number>): Found[] {
  const found = new Map<string, Found>();
  for (const example of examples) {
    for (const name of example.labels) {
      if (!known.has(name) && !found.has(name)) found.set(name, { name, example });
    }
  }
  return [...found.values()];
}

function onlyLabel(ids: readonly number[]): number {
  if (ids.length !== 1) throw internal(`an example with ${ids.length} labels under a single-label schema`);
  return ids[0];
}

/** `"refunds" (row 7), "other" (row 9) and 3 more` */
function list(found: readonly Found[]): string {
  const shown = found
    .slice(0, SHOWN)
    .map(({ name, example }) => `"${name}" (${example.file ?? `row ${example.row}`})`);
  return shown.join(", ") + (found.length > SHOWN ? ` and ${found.length - SHOWN} more` : "");
}

function tooFew(names: readonly string[], multiLabel: boolean, source: string): AttuneError {
  return new AttuneError("ERR_LABELS_TOO_FEW", {
    rule: multiLabel ? "training needs at least one label" : "training needs at least two different labels",
    found: names.length === 0 ? "found none" : `every text has the label "${names[0]}"`,
    next: "check that --label names the right column and that the file is whole",
    file: source,
  });
}

function labelOnce(once: readonly Found[], joined: boolean, source: string): AttuneError {
  return new AttuneError("ERR_LABEL_ONCE", {
    rule: "every label needs at least two examples to learn from",
    found: `one example only for ${list(once)}`,
    next: joined
      ? 'the labels look like several joined by "|": pass --multi-label'
      : "add examples, merge the label into another, or pass --allow-rare-labels",
    file: source,
    row: once[0].example.row,
  });
}

function labelUnknown(
  unknown: readonly Found[],
  schema: LabelSchema,
  joined: boolean,
  source: string,
): AttuneError {
  const near = nearest(unknown[0].name, schema.names);
  const advice =
    near === undefined ? "add examples of it to the training data" : `if "${near}" was meant, correct it`;
  return new AttuneError("ERR_LABEL_UNKNOWN", {
    rule: "every label must occur in the training data",
    found: `unknown there: ${list(unknown)}`,
    next:
      joined && schema.kind === "single"
        ? 'the labels look like several joined by "|": pass --multi-label'
        : `${advice}, or remove the rows`,
    file: source,
    row: unknown[0].example.row,
  });
}
