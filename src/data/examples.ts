/**
 * Rows to examples: which column is the text, which the label, and which rows are no good.
 *
 * Nothing in the text is changed: NUL, lone surrogates, line breaks and length are data. Labels are trimmed.
 * Bad rows (wrong number of cells, blank text, missing label) are gathered over the whole file, so that one run
 * shows them all; then they stop the run, unless `skipBadRows`.
 */
import { AttuneError } from "../base/errors.ts";
import { type ColumnOptions, type Columns, chooseColumns } from "./columns.ts";
import { hashSource } from "./hash.ts";
import { openTable } from "./read.ts";
import { type BadRow, badRowsError, type Row } from "./rows.ts";

/** One labelled text. `labels` has one entry, several with `multiLabel`, none where a label is not required. */
export interface Example {
  readonly text: string;
  readonly textPair?: string;
  readonly labels: readonly string[];
  /** Where it stood in the source: counted as rows.ts says. */
  readonly row: number;
  /** The file inside the source, when that is a folder. */
  readonly file?: string;
}

export interface ExampleSet {
  readonly source: string;
  readonly examples: readonly Example[];
  /** The rows left out, with reasons, in order. Empty unless `skipBadRows` was given. */
  readonly badRows: readonly BadRow[];
  readonly columns: readonly string[];
  /** The columns that were read. */
  readonly chosen: Columns;
  /** Of the file's bytes as they lie on disk, in hexadecimal; of a folder, over names and contents. */
  readonly sha256: string;
  /** The encoding that was found or named; undefined for Parquet and folders. */
  readonly encoding?: string;
}

export interface LoadOptions extends ColumnOptions {
  /** Several labels a text: `a|b` in a cell, or a list in JSON and Parquet. Default false. */
  readonly multiLabel?: boolean;
  /** Between labels of one cell. Default "|". */
  readonly labelSeparator?: string;
  /** Leave bad rows out and list them, instead of stopping. Default false. */
  readonly skipBadRows?: boolean;
  /** A WHATWG encoding label. Default: detected. */
  readonly encoding?: string;
}

/**
 * Loads a file or folder into memory.
 *
 * With `multiLabel`, an empty list of labels (`[]` in JSON or Parquet) says "none of them" and is accepted; an
 * empty cell says nothing and is a bad row.
 *
 * @throws ERR_COLUMN_MISSING, ERR_BAD_ROWS, ERR_NO_ROWS, and all that `readRows` throws
 * @example
 * const train = await loadExamples("train.csv", { labelColumn: "topic" });
 * train.examples[0]; // { text: "Where is my order?", labels: ["delivery"], row: 2 }
 */
export async function loadExamples(source: string, options: LoadOptions = {}): Promise<ExampleSet> {
  const { multiLabel = false, labelSeparator = "|", requireLabels = true, skipBadRows = false } = options;
  const badRows: BadRow[] = [];
  const table = await openTable(source, { encoding: options.encoding, onBadRow: (bad) => badRows.push(bad) });
  const columns = chooseColumns(table.columns, source, options);
  const examples: Example[] = [];
  const rules: Rules = { multiLabel, labelSeparator, requireLabels, known: new Map() };
  for await (const rows of table.rows()) {
    for (const row of rows) {
      const example = toExample(row, columns, rules);
      if (typeof example !== "string") examples.push(example);
      else badRows.push({ row: row.row, reason: example, ...fileOf(row) });
    }
  }
  badRows.sort((a, b) => a.row - b.row);
  if (badRows.length > 0 && !skipBadRows) throw badRowsError(source, badRows);
  if (examples.length === 0) throw noRows(source, badRows);
  return {
    source,
    examples,
    badRows,
    columns: table.columns,
    chosen: columns,
    sha256: await hashSource(source),
    encoding: table.encoding,
  };
}

interface Rules {
  readonly multiLabel: boolean;
  readonly labelSeparator: string;
  readonly requireLabels: boolean;
  /** One list for all rows with the same labels. */
  readonly known: Map<string, readonly string[]>;
}

/** The example in a row, or why there is none. */
function toExample(row: Row, columns: Columns, rules: Rules): Example | string {
  const text = textOf(row.fields[columns.text]);
  if (text === undefined) return `no text in "${columns.text}"`;
  const textPair = columns.textPair === undefined ? undefined : textOf(row.fields[columns.textPair]);
  if (columns.textPair !== undefined && textPair === undefined) return `no text in "${columns.textPair}"`;
  const labels = columns.label === undefined ? [] : labelsOf(row.fields[columns.label], rules);
  if (labels === undefined && rules.requireLabels) return `no label in "${columns.label}"`;
  if (typeof labels === "string") return labels;
  return {
    text,
    ...(textPair === undefined ? {} : { textPair }),
    labels: shared(labels ?? [], rules.known),
    row: row.row,
    ...fileOf(row),
  };
}

function fileOf(row: Row): { file?: string } {
  return row.file === undefined ? {} : { file: row.file };
}

/** A value as text, or undefined where there is nothing but white space. */
function textOf(value: unknown): string | undefined {
  const text = scalar(value);
  return text === undefined || text.trim() === "" ? undefined : text;
}

/** The labels of a cell or a list; undefined where it is empty; a string that says why it will not do. */
function labelsOf(value: unknown, { multiLabel, labelSeparator }: Rules): string[] | undefined | string {
  if (Array.isArray(value)) {
    if (!multiLabel) return "a list of labels (pass --multi-label)";
    return distinct(value.map((item) => scalar(item) ?? ""));
  }
  const cell = scalar(value)?.trim();
  if (cell === undefined || cell === "") return undefined;
  if (!multiLabel) return [cell];
  const labels = distinct(cell.split(labelSeparator));
  return labels.length === 0 ? undefined : labels;
}

/** Trimmed, without empty ones and repetitions. */
function distinct(labels: readonly string[]): string[] {
  return [...new Set(labels.map((label) => label.trim()).filter((label) => label !== ""))];
}

/** Strings as they are, numbers and booleans as text; undefined for the rest and for NaN, which stands for missing. */
function scalar(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Number.isNaN(value)) return undefined;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function shared(labels: readonly string[], known: Map<string, readonly string[]>): readonly string[] {
  const key = labels.join("\0");
  const same = known.get(key);
  if (same !== undefined) return same;
  known.set(key, labels);
  return labels;
}

function noRows(source: string, badRows: readonly BadRow[]): AttuneError {
  return new AttuneError("ERR_NO_ROWS", {
    rule: "data must hold at least one row that can be used",
    found:
      badRows.length === 0
        ? "there is a header and nothing below it"
        : `all ${badRows.length} rows were bad, the first: ${badRows[0].reason}`,
    next:
      badRows.length === 0
        ? "check that whatever wrote the file has finished"
        : "check that --text and --label name the right columns",
    file: source,
  });
}
