/**
 * TSV text to records of cells.
 *
 * Source: IANA text/tab-separated-values: one record a line, no tabs inside cells, quotes mean nothing. Real
 * files come in both kinds, so a cell that is quoted as CSV would quote it (`"he said ""no"""`) is unquoted;
 * a cell that merely begins with a quote stays as it is. A cell never spans lines.
 */
import type { CellRecord } from "./csv.ts";
import { lineBatches } from "./lines.ts";
import type { OpenText } from "./rows.ts";

const QUOTED = /^"(?:[^"]|"")*"$/;

/** Records in batches; blank lines are passed over but counted. */
export async function* tsvRecords(open: OpenText): AsyncGenerator<CellRecord[]> {
  let row = 0;
  for await (const lines of lineBatches(open)) {
    const records: CellRecord[] = [];
    for (const line of lines) {
      row += 1;
      if (line !== "") records.push({ row, cells: line.split("\t").map(unquote) });
    }
    yield records;
  }
}

function unquote(cell: string): string {
  return cell.startsWith('"') && QUOTED.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}
