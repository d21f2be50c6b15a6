/**
 * The front door of the readers: a path in, rows with named fields out, whatever the format and encoding.
 *
 * Does not know which column is the text: examples.ts does.
 */
import { AttuneError } from "../base/errors.ts";
import { csvRecords } from "./csv.ts";
import { openText } from "./decode.ts";
import { delimitedTable } from "./delimited.ts";
import { folderTable } from "./folder.ts";
import { jsonTable } from "./json.ts";
import { parquetTable } from "./parquet.ts";
import type { ReadOptions, Row, Table } from "./rows.ts";
import { findSource, readBytes } from "./source.ts";
import { tsvRecords } from "./tsv.ts";

/**
 * Reads a file or folder row by row: CSV, TSV, JSON Lines, a JSON array, Parquet, each also gzipped, or a folder
 * with one sub-folder a label. CSV, TSV and JSON Lines stream.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_FORMAT_UNKNOWN, ERR_GZIP, ERR_ENCODING,
 * ERR_ENCODING_NAME, ERR_OPTION_UNUSED, ERR_CSV_QUOTE, ERR_COLUMN_TWICE, ERR_JSON, ERR_PARQUET, ERR_FOLDER_LAYOUT, ERR_BAD_ROWS
 * @example
 * for await (const { row, fields } of readRows("messages.csv")) console.log(row, fields.text);
 */
export async function* readRows(path: string, options: ReadOptions = {}): AsyncGenerator<Row> {
  const table = await openTable(path, options);
  for await (const batch of table.rows()) yield* batch;
}

/**
 * The names of the columns: the header, the schema, or the keys of the first records.
 *
 * @throws as `readRows` does, but for ERR_BAD_ROWS
 * @example
 * await readColumns("messages.csv"); // ["text", "label"]
 */
export async function readColumns(
  path: string,
  options: Pick<ReadOptions, "encoding"> = {},
): Promise<readonly string[]> {
  return (await openTable(path, options)).columns;
}

/** Columns at once, rows in batches: what `readRows` and `loadExamples` stand on. */
export async function openTable(path: string, options: ReadOptions): Promise<Table> {
  const source = await findSource(path);
  if (source.format === "folder") return folderTable(path, options);
  if (source.format === "parquet") {
    if (options.encoding !== undefined) throw encodingUnused(path);
    return parquetTable(source);
  }
  const { encoding, open } = await openText(() => readBytes(source), path, options.encoding);
  if (source.format === "json") return jsonTable(open, path, encoding, options);
  const records = source.format === "csv" ? () => csvRecords(open, path) : () => tsvRecords(open);
  return delimitedTable(records, path, encoding, options);
}

function encodingUnused(file: string): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", {
    rule: "an encoding can be named for text files only",
    found: "text in Parquet is always UTF-8",
    next: "leave --encoding out",
    file,
  });
}
