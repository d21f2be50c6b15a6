/**
 * The texts that `attune predict` is given, in batches: from the command line, a file, or standard input.
 *
 * A table (CSV, TSV, JSON, Parquet, by its name) gives the texts of a column, a folder those of its files, anything
 * else one text a line. Files of any size stream. What cannot be classified keeps its place, with the reason.
 */
import { AttuneError, errorCode } from "../base/errors.ts";
import { chooseColumns, type Columns } from "../data/columns.ts";
import { decode } from "../data/decode.ts";
import { detectEncoding } from "../data/encoding.ts";
import { type BadRow, readColumns, readRows, type Row } from "../data/index.ts";
import { lineBatches } from "../data/lines.ts";
import { findSource, readBytes } from "../data/source.ts";
import type { Input } from "../tasks/types.ts";

/** A text, or why there is none; `line` is its place in the source, from 1. */
export type InputItem =
  | { readonly line: number; readonly input: Input }
  | { readonly line: number; readonly reason: string };

export interface InputSource {
  /** For messages. */
  readonly name: string;
  /** What `line` counts. */
  readonly unit: "line" | "row" | "text";
  /** Whether `batches` may be called again. */
  readonly rereadable: boolean;
  /** Items in order, none left out. A batch holds what has arrived, at most 256. */
  batches(): AsyncGenerator<readonly InputItem[]>;
}

export interface FileInputOptions {
  readonly textColumn?: string;
  readonly textPairColumn?: string;
  readonly encoding?: string;
}

const BATCH = 256;
const TABLE_NAME = /\.(csv|tsv|tab|jsonl|ndjson|json|parquet|pq)(\.gz)?$/i;

/** Texts as they are. */
export function givenInputs(texts: readonly string[]): InputSource {
  async function* batches() {
    yield texts.map((text, i) => lineItem(text, i + 1));
  }
  return { name: "--input", unit: "text", rereadable: true, batches };
}

/**
 * The texts of a file or folder; of a table in the columns named, else in those that the model was `trained` on.
 *
 * @throws what `findSource`, `readRows` and `detectEncoding` throw, and ERR_COLUMN_MISSING; ERR_OPTION_UNUSED where a
 *   column is named and there are none
 */
export async function fileInputs(
  path: string,
  options: FileInputOptions,
  trained: { readonly text?: string; readonly textPair?: string | null } = {},
): Promise<InputSource> {
  const { textColumn, textPairColumn, encoding } = options;
  if (await isTable(path)) {
    const found = await readColumns(path, { encoding });
    const columns = chooseColumns(found, path, {
      textColumn: textColumn ?? trained.text,
      textPairColumn: textPairColumn ?? trained.textPair,
      requireLabels: false,
    });
    return {
      name: path,
      unit: "row",
      rereadable: true,
      batches: () => tableBatches(path, columns, encoding),
    };
  }
  if (textColumn !== undefined || textPairColumn !== undefined) throw noColumns(path);
  const open = () => readBytes({ path, gzip: /\.gz$/i.test(path) });
  const known = await detectEncoding(open, path, encoding);
  return {
    name: path,
    unit: "line",
    rereadable: true,
    batches: () => numberedLines(() => decode(open(), known)),
  };
}

/**
 * The lines of a stream, as they arrive. It cannot be read twice, so its encoding is not guessed.
 *
 * @throws ERR_ENCODING, ERR_ENCODING_NAME
 */
export function streamInputs(chunks: AsyncIterable<Uint8Array>, encoding = "utf-8"): InputSource {
  const name = "standard input";
  return {
    name,
    unit: "line",
    rereadable: false,
    batches: () => numberedLines(() => decodeStrictly(chunks, encoding, name)),
  };
}

async function isTable(path: string): Promise<boolean> {
  try {
    return (await findSource(path)).format === "folder" || TABLE_NAME.test(path);
  } catch (error) {
    // prose is of no format that data can have, and just right here
    if (errorCode(error) === "ERR_FORMAT_UNKNOWN") return false;
    throw error;
  }
}

async function* tableBatches(path: string, columns: Columns, encoding: string | undefined) {
  let batch: InputItem[] = [];
  let broken: BadRow[] = []; // reported ahead of the rows of their batch
  const takeBroken = (before: number) => {
    for (const { row, reason } of broken.filter((bad) => bad.row < before)) batch.push({ line: row, reason });
    broken = broken.filter((bad) => bad.row >= before);
  };
  for await (const row of readRows(path, { encoding, onBadRow: (bad) => broken.push(bad) })) {
    takeBroken(row.row);
    batch.push(rowItem(row, columns));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  takeBroken(Infinity);
  if (batch.length > 0) yield batch;
}

function rowItem({ row: line, fields }: Row, columns: Columns): InputItem {
  const text = textOf(fields[columns.text]);
  if (text === undefined) return { line, reason: `no text in "${columns.text}"` };
  if (columns.textPair === undefined) return { line, input: text };
  const textPair = textOf(fields[columns.textPair]);
  return textPair === undefined
    ? { line, reason: `no text in "${columns.textPair}"` }
    : { line, input: { text, textPair } };
}

/** A value as text, or undefined where there is nothing but white space. */
function textOf(value: unknown): string | undefined {
  const scalar = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  const text = scalar ? String(value) : value;
  return typeof text === "string" && text.trim() !== "" ? text : undefined;
}

async function* numberedLines(open: () => AsyncGenerator<string>): AsyncGenerator<readonly InputItem[]> {
  let line = 0;
  for await (const lines of lineBatches(open)) {
    for (let start = 0; start < lines.length; start += BATCH) {
      yield lines.slice(start, start + BATCH).map((text) => lineItem(text, ++line));
    }
  }
}

function lineItem(text: string, line: number): InputItem {
  return text.trim() === "" ? { line, reason: "blank" } : { line, input: text };
}

async function* decodeStrictly(chunks: AsyncIterable<Uint8Array>, encoding: string, name: string) {
  const decoder = strictDecoder(encoding, name);
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new AttuneError("ERR_ENCODING", {
      rule: `${name} must be in the encoding ${decoder.encoding}`,
      found: "some of its bytes are not",
      next: "name its encoding, for example --encoding gb18030, or pass a file, whose encoding is found out",
      cause,
    });
  }
}

function strictDecoder(encoding: string, file: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new AttuneError("ERR_ENCODING_NAME", {
      rule: "the encoding must be a known label",
      found: `found "${encoding}"`,
      next: 'use one such as "utf-8", "utf-16le", "gb18030", "big5" or "windows-1252"',
      file,
      cause,
    });
  }
}

function noColumns(file: string): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", {
    rule: "a text column can be named for a table only",
    found: "this file is read line by line",
    next: "leave --text and --text-pair out, or name the file after its format, for example to end in .csv",
    file,
  });
}
