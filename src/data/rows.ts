/**
 * What every reader yields, and what happens to a row that cannot be read.
 *
 * Rows are counted as a spreadsheet counts them: from 1, the header is row 1 where there is one, blank lines
 * count, and a quoted field that spans lines is one row. Lines of JSON are counted by line, elements of a JSON
 * array and records of Parquet from 1.
 */
import { AttuneError } from "../base/errors.ts";

/** One record. `file` is set when the source is a folder: the path inside it. */
export interface Row {
  readonly row: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly file?: string;
}

/** A record that was not taken, and why ("3 fields where the header has 2"). */
export interface BadRow {
  readonly row: number;
  readonly reason: string;
  readonly file?: string;
}

export interface ReadOptions {
  /** A WHATWG encoding label ("gb18030", "windows-1252"). Default: detected among UTF-8, UTF-16 and GB18030. */
  readonly encoding?: string;
  /** Receives each row that cannot be read, which is then left out. Default: reading stops with ERR_BAD_ROWS. */
  readonly onBadRow?: (bad: BadRow) => void;
}

/** An opened source: its columns are known, its rows come in batches, as often as `rows` is called. */
export interface Table {
  readonly columns: readonly string[];
  /** How the bytes were decoded; undefined where the format or each file of a folder decides. */
  readonly encoding?: string;
  rows(): AsyncGenerator<Row[]>;
}

/** Decoded text in pieces, from the start at each call. */
export type OpenText = () => AsyncGenerator<string>;

const SHOWN = 5;

/** Hands a bad row to `options.onBadRow`, or stops where nobody listens. */
export function reportBadRow(source: string, bad: BadRow, options: ReadOptions): void {
  if (options.onBadRow === undefined) throw badRowsError(source, [bad]);
  options.onBadRow(bad);
}

/** ERR_BAD_ROWS for one or more bad rows: how many, and the first few with their reasons. */
export function badRowsError(source: string, bad: readonly BadRow[]): AttuneError {
  const shown = bad
    .slice(0, SHOWN)
    .map((one) => `row ${one.row}${one.file === undefined ? "" : ` (${one.file})`}: ${one.reason}`);
  const more = bad.length > SHOWN ? [`and ${bad.length - SHOWN} more`] : [];
  return new AttuneError("ERR_BAD_ROWS", {
    rule: "every row must be complete",
    found: `${bad.length} ${bad.length === 1 ? "row is" : "rows are"} not: ${[...shown, ...more].join("; ")}`,
    next: "correct the file, or pass --skip-bad-rows to leave such rows out and have them counted",
    file: source,
    row: bad[0].row,
  });
}

/** `value` in quotes, cut to a length that fits a message. */
export function quote(value: string, length = 40): string {
  return JSON.stringify(value.length > length ? `${value.slice(0, length)}...` : value);
}
