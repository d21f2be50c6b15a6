/**
 * JSON to rows: one object a line (JSON Lines), or one array of objects. The first character tells which.
 *
 * Source: RFC 8259; jsonlines.org. Values keep their JSON types; lone surrogates written as escapes are kept.
 * Lines stream; an array is parsed whole.
 */
import { constants } from "node:buffer";
import { AttuneError } from "../base/errors.ts";
import { lineBatches } from "./lines.ts";
import { type BadRow, type OpenText, type ReadOptions, type Row, reportBadRow, type Table } from "./rows.ts";
import { emptyFile } from "./source.ts";

/** Columns are the keys of the first records, as many as these. */
const RECORDS_FOR_COLUMNS = 100;

type Numbered = { readonly row: number; readonly value: unknown };

/**
 * A table out of JSON text. Rows are lines, or elements of the array, counted from 1.
 *
 * @throws ERR_FILE_EMPTY, ERR_JSON; ERR_BAD_ROWS from `rows()` for a record that is not an object
 */
export async function jsonTable(
  open: OpenText,
  file: string,
  encoding: string,
  options: ReadOptions,
): Promise<Table> {
  const isArray = (await firstCharacter(open, file)) === "[";
  const array = isArray ? await parseArray(open, file) : [];
  const rows = (report: ReadOptions) =>
    objectRows(isArray ? elements(array) : lineRecords(open, file, report), file, report);
  const bad: BadRow[] = [];
  const columns = await keysOf(rows({ onBadRow: (one) => bad.push(one) }));
  if (columns.length === 0) {
    const found = bad.length === 0 ? "there are no records" : `row ${bad[0].row} is ${bad[0].reason}`;
    throw jsonError(file, found);
  }
  return { columns, encoding, rows: () => rows(options) };
}

async function firstCharacter(open: OpenText, file: string): Promise<string> {
  for await (const chunk of open()) {
    const character = /\S/.exec(chunk)?.[0];
    if (character !== undefined) return character;
  }
  throw emptyFile(file);
}

/** The values of the lines; a line that is not JSON is a bad row. */
async function* lineRecords(open: OpenText, file: string, options: ReadOptions): AsyncGenerator<Numbered[]> {
  let row = 0;
  for await (const lines of lineBatches(open)) {
    const records: Numbered[] = [];
    for (const line of lines) {
      row += 1;
      if (line.trim() === "") continue;
      try {
        records.push({ row, value: JSON.parse(line) });
      } catch (error) {
        reportBadRow(file, { row, reason: `not a line of JSON (${messageOf(error)})` }, options);
      }
    }
    yield records;
  }
}

async function* elements(array: readonly unknown[]): AsyncGenerator<Numbered[]> {
  yield array.map((value, i) => ({ row: i + 1, value }));
}

async function parseArray(open: OpenText, file: string): Promise<readonly unknown[]> {
  const pieces: string[] = [];
  let length = 0;
  for await (const chunk of open()) {
    length += chunk.length;
    pieces.push(chunk);
  }
  if (length > constants.MAX_STRING_LENGTH) {
    throw jsonError(file, `the array is longer than ${constants.MAX_STRING_LENGTH} characters`);
  }
  try {
    const value: unknown = JSON.parse(pieces.join(""));
    if (isArrayOfUnknown(value)) return value;
  } catch (cause) {
    throw jsonError(file, messageOf(cause), cause);
  }
  throw jsonError(file, "found no array");
}

async function* objectRows(
  batches: AsyncIterable<Numbered[]>,
  file: string,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  for await (const records of batches) {
    const rows: Row[] = [];
    for (const { row, value } of records) {
      if (isObject(value)) rows.push({ row, fields: value });
      else reportBadRow(file, { row, reason: "not a JSON object" }, options);
    }
    yield rows;
  }
}

/** The union of the keys of the first records, in order of appearance. */
async function keysOf(batches: AsyncIterable<Row[]>): Promise<string[]> {
  const keys = new Set<string>();
  let seen = 0;
  for await (const rows of batches) {
    for (const row of rows.slice(0, RECORDS_FOR_COLUMNS - seen)) {
      for (const key of Object.keys(row.fields)) keys.add(key);
    }
    seen += rows.length;
    if (seen >= RECORDS_FOR_COLUMNS) break;
  }
  return [...keys];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As Array.isArray, without its `any`. */
function isArrayOfUnknown(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function jsonError(file: string, found: string, cause?: unknown): AttuneError {
  return new AttuneError("ERR_JSON", {
    rule: "a JSON file must hold an array of objects, or one object a line",
    found,
    next: "mend the file, or write it as JSON Lines",
    file,
    cause,
  });
}
