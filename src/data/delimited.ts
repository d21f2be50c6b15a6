/**
 * Records of cells to rows with named fields: the header names the columns, every row must have as many cells.
 */
import { AttuneError } from "../base/errors.ts";
import type { CellRecord } from "./csv.ts";
import { type ReadOptions, type Row, reportBadRow, type Table } from "./rows.ts";
import { emptyFile } from "./source.ts";

/** How to start the records anew. */
export type OpenRecords = () => AsyncGenerator<CellRecord[]>;

/**
 * A table out of CSV or TSV records.
 *
 * Names are trimmed; a column without a name is called by its place ("column 3").
 *
 * @throws ERR_FILE_EMPTY, ERR_COLUMN_TWICE; ERR_BAD_ROWS from `rows()`, see `ReadOptions`
 */
export async function delimitedTable(
  open: OpenRecords,
  file: string,
  encoding: string,
  options: ReadOptions,
): Promise<Table> {
  const columns = columnNames(await firstRecord(open, file), file);
  return { columns, encoding, rows: () => namedRows(open, columns, file, options) };
}

async function firstRecord(open: OpenRecords, file: string): Promise<CellRecord> {
  for await (const records of open()) if (records.length > 0) return records[0];
  throw emptyFile(file);
}

function columnNames(header: CellRecord, file: string): string[] {
  const names = header.cells.map((cell, i) => (cell.trim() === "" ? `column ${i + 1}` : cell.trim()));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return names;
  throw new AttuneError("ERR_COLUMN_TWICE", {
    rule: "column names must differ",
    found: `the header has "${twice}" more than once`,
    next: "rename one of the columns; if the first row is data, put a header such as text,label above it",
    file,
    row: header.row,
  });
}

async function* namedRows(
  open: OpenRecords,
  columns: readonly string[],
  file: string,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  let header = true;
  for await (const records of open()) {
    const rows: Row[] = [];
    for (const { row, cells } of records) {
      if (header) {
        header = false;
      } else if (cells.length !== columns.length) {
        reportBadRow(file, { row, reason: widthReason(cells.length, columns.length) }, options);
      } else {
        const fields: Record<string, string> = {};
        for (let i = 0; i < columns.length; i++) fields[columns[i]] = cells[i];
        rows.push({ row, fields });
      }
    }
    yield rows;
  }
}

function widthReason(found: number, expected: number): string {
  const cells = `${found} ${found === 1 ? "cell" : "cells"} where the header has ${expected}`;
  return found > expected ? `${cells} (a cell that holds a separator must stand in double quotes)` : cells;
}
