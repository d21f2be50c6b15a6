/**
 * From files to numbers: read, choose labels, hold out dev, learn or load the vocabulary, tokenize.
 *
 * Yields what a person should know on the way (phases, warnings) and returns data that is ready for the model.
 * Pure but for reading the files: the same files and options give the same arrays.
 */
import { AttuneError } from "../base/errors.ts";
import type { Columns, EncodedLabels, Example, ExampleSet, LabelSchema } from "../data/index.ts";
import {
  buildLabelSchema,
  encodeLabels,
  findLeaks,
  loadExamples,
  looksMultiLabel,
  splitExamples,
} from "../data/index.ts";
import type { Encoding, Tokenizer } from "../text/index.ts";
import type { TrainEvent } from "./events.ts";
import type { DataOptions, ResolvedTrainOptions } from "./options.ts";

/** Examples as the model reads them. */
export interface EncodedSet {
  readonly source: string;
  readonly encodings: readonly Encoding[];
  readonly labels: EncodedLabels;
}

export interface Examples {
  readonly schema: LabelSchema;
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
  readonly test: readonly Example[] | undefined;
  /** Label numbers of each split, checked against the schema. */
  readonly labels: {
    readonly train: EncodedLabels;
    readonly dev: EncodedLabels;
    readonly test: EncodedLabels | undefined;
  };
  readonly sources: { readonly train: string; readonly dev: string; readonly test: string | undefined };
  /** The columns that train was read from, and dev and test as well. */
  readonly columns: Columns;
  /** SHA-256 of every file read, by path. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly badRows: number;
}

export interface PreparedData {
  readonly train: EncodedSet;
  readonly dev: EncodedSet;
  readonly test: EncodedSet | undefined;
}

/** Reads the splits and fixes the labels. */
export async function* readExamples(options: ResolvedTrainOptions): AsyncGenerator<TrainEvent, Examples> {
  yield { event: "phase", phase: "reading" };
  const trainSet = await loadSplit(options.train, options);
  // the other splits are read as train was: a pair there and a single text here would be scored as another task
  const { chosen } = trainSet;
  const sameColumns = { ...options, textPairColumn: chosen.textPair ?? null };
  const devSet = options.dev === undefined ? undefined : await loadSplit(options.dev, sameColumns);
  const testSet = options.test === undefined ? undefined : await loadSplit(options.test, sameColumns);
  const { multiLabel, allowRareLabels, devShare, seed } = options;
  const schema = buildLabelSchema(trainSet.examples, { multiLabel, source: options.train, allowRareLabels });
  if (!multiLabel && looksMultiLabel(trainSet.examples)) {
    yield warning(
      "WARN_LABELS_JOINED",
      'labels such as "a|b" are read as one label each; pass --multi-label where a text has several',
    );
  }
  const { train, dev } =
    devSet === undefined
      ? splitExamples(trainSet.examples, { devShare, seed })
      : { train: trainSet.examples, dev: devSet.examples };
  if (devSet !== undefined) yield* leakWarnings(trainSet, devSet, "dev");
  if (testSet !== undefined) yield* leakWarnings(trainSet, testSet, "test");
  const sets = [trainSet, devSet, testSet].filter((set) => set !== undefined);
  for (const set of sets) yield* badRowWarnings(set);
  const devSource = options.dev ?? `${options.train} (held out)`;
  return {
    schema,
    train,
    dev,
    test: testSet?.examples,
    labels: {
      train: encodeLabels(train, schema, options.train),
      dev: encodeLabels(dev, schema, devSource),
      test: testSet === undefined ? undefined : encodeLabels(testSet.examples, schema, testSet.source),
    },
    sources: { train: options.train, dev: devSource, test: options.test },
    columns: chosen,
    sha256: Object.fromEntries(sets.map(({ source, sha256 }) => [source, sha256])),
    badRows: sets.reduce((sum, { badRows }) => sum + badRows.length, 0),
  };
}

/** Tokenizes every split. */
export async function* tokenizeExamples(
  examples: Examples,
  tokenizer: Tokenizer,
  maxLength: number,
): AsyncGenerator<TrainEvent, PreparedData> {
  yield { event: "phase", phase: "tokenizing" };
  const { train, dev, test, labels, sources } = examples;
  const encode = (split: readonly Example[]) =>
    split.map(({ text, textPair }) => tokenizer.encode(text, { pair: textPair, maxLength }));
  const prepared = {
    train: { source: sources.train, encodings: encode(train), labels: labels.train },
    dev: { source: sources.dev, encodings: encode(dev), labels: labels.dev },
    test:
      test === undefined || labels.test === undefined
        ? undefined
        : { source: sources.test ?? "", encodings: encode(test), labels: labels.test },
  };
  for (const set of [prepared.train, prepared.dev, prepared.test]) {
    if (set !== undefined) yield* truncationWarning(set, maxLength);
  }
  return prepared;
}

/** Loads one file or folder with the columns of the options; labels are required. */
export function loadSplit(
  source: string,
  options: Pick<DataOptions, "textColumn" | "labelColumn" | "multiLabel" | "skipBadRows" | "encoding"> & {
    readonly textPairColumn?: string | null;
  },
): Promise<ExampleSet> {
  const { textColumn, labelColumn, textPairColumn, multiLabel, skipBadRows, encoding } = options;
  return loadExamples(source, { textColumn, labelColumn, textPairColumn, multiLabel, skipBadRows, encoding });
}

/**
 * Refuses a length that the model has no positions for.
 *
 * @throws ERR_MAX_LENGTH
 */
export function checkMaxLength(maxLength: number, positions: number): void {
  if (maxLength >= 3 && maxLength <= positions) return;
  throw new AttuneError("ERR_MAX_LENGTH", {
    rule: `inputs must have 3 ([CLS], one token, [SEP]) to ${positions} tokens, as many as the model has positions`,
    found: `max length ${maxLength}`,
    next: `pass a --max-length in 3..${positions}`,
  });
}

function* leakWarnings(train: ExampleSet, other: ExampleSet, split: string): Generator<TrainEvent> {
  const leaks = findLeaks(train.examples, other.examples);
  if (leaks.length === 0) return;
  const rows = leaks
    .slice(0, 3)
    .map((leak) => leak.example.row)
    .join(", ");
  yield warning(
    "WARN_LEAK",
    `${leaks.length} of ${other.examples.length} texts of ${split} also stand in train (rows ${rows}${leaks.length > 3 ? ", ..." : ""} of ${other.source}): scores there are too good`,
  );
}

function* badRowWarnings({ source, badRows }: ExampleSet): Generator<TrainEvent> {
  if (badRows.length === 0) return;
  const shown = badRows
    .slice(0, 3)
    .map(({ row, reason }) => `row ${row}: ${reason}`)
    .join("; ");
  yield warning(
    "WARN_BAD_ROWS",
    `${badRows.length} rows of ${source} were left out (${shown}${badRows.length > 3 ? "; ..." : ""})`,
  );
}

function* truncationWarning({ source, encodings }: EncodedSet, maxLength: number): Generator<TrainEvent> {
  const cut = encodings.filter((encoding) => encoding.truncatedTokens > 0).length;
  if (cut === 0) return;
  const percent = ((100 * cut) / encodings.length).toFixed(1);
  yield warning(
    "WARN_TRUNCATED",
    `${cut} of ${encodings.length} texts of ${source} (${percent}%) are longer than ${maxLength} tokens and lose their end; raise --max-length to keep more`,
  );
}

/** A warning as an event. */
export function warning(code: string, message: string): Extract<TrainEvent, { readonly event: "warning" }> {
  return { event: "warning", code, message };
}
