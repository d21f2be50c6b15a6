/**
 * CSV text to records of cells.
 *
 * Source: RFC 4180, with these widenings: lines may end in LF, CR LF or CR; blank lines are passed over; the
 * separator may be a comma, a semicolon or a tab, whichever the header has most of. Records come out as soon as
 * they are complete, so a file of any size streams. A broken quote stops reading at the row where it opened:
 * after it nobody can tell where rows end.
 *
 * Does not name columns or compare widths (delimited.ts), does not convert values, knows no comment lines.
 */
import { AttuneError } from "../base/errors.ts";
import { type OpenText, quote } from "./rows.ts";

/** The cells of one record and its number, counted from 1 with header and blank lines. */
export interface CellRecord {
  readonly row: number;
  readonly cells: string[];
}

/** A record longer than this is taken for a quote that was never closed. */
const MAX_RECORD_CHARACTERS = 1 << 22;

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Records in batches, one batch a piece of text.
 *
 * @throws ERR_CSV_QUOTE
 */
export async function* csvRecords(open: OpenText, file: string): AsyncGenerator<CellRecord[]> {
  let rest = "";
  let row = 1;
  let separator: number | undefined;
  for await (const chunk of open()) {
    rest += chunk;
    if (separator === undefined && !/[\r\n]/.test(rest.trimStart())) continue; // the header is not whole yet
    separator ??= findSeparator(rest);
    const { records, consumed, nextRow } = scanRecords(rest, row, { separator, file, final: false });
    rest = rest.slice(consumed);
    row = nextRow;
    if (rest.length > MAX_RECORD_CHARACTERS) {
      const found = `the row runs on for over ${MAX_RECORD_CHARACTERS} characters, as after an unclosed quote`;
      throw quoteError(found, row, file);
    }
    yield records;
  }
  const last = scanRecords(rest, row, { separator: separator ?? findSeparator(rest), file, final: true });
  yield last.records;
}

interface Scan {
  readonly separator: number;
  readonly file: string;
  /** No more text follows. */
  readonly final: boolean;
}

/** The complete records at the start of `text`; `consumed` is where the first incomplete one begins. */
function scanRecords(text: string, firstRow: number, scan: Scan) {
  const records: CellRecord[] = [];
  let consumed = 0;
  let row = firstRow;
  while (consumed < text.length) {
    const record = scanRecord(text, consumed, row, scan);
    if (record === undefined) break;
    const blank = record.cells.length === 1 && record.cells[0] === "" && text.charCodeAt(consumed) !== QUOTE;
    if (!blank) records.push({ row, cells: record.cells });
    consumed = record.end;
    row += 1;
  }
  return { records, consumed, nextRow: row };
}

/** The record that starts at `start`, or undefined when the text ends before it does. */
function scanRecord(
  text: string,
  start: number,
  row: number,
  scan: Scan,
): { cells: string[]; end: number } | undefined {
  const cells: string[] = [];
  for (let at = start; ; at++) {
    if (text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at);
      if (close === -1 && scan.final) throw neverClosed(text, at, row, scan.file);
      if (close === -1) return undefined;
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
      const open = at;
      at = close + 1;
      if (cellEnd(text, at, scan.separator) !== at) throw afterQuote(text, open, at, row, scan.file);
    } else {
      const from = at;
      at = cellEnd(text, at, scan.separator);
      cells.push(text.slice(from, at));
    }
    // `at` is now on a separator, on a line end, or at the end of the text, where more may follow
    const code = text.charCodeAt(at);
    if (code === scan.separator) continue;
    if (at === text.length) return scan.final ? { cells, end: at } : undefined;
    if (code === LF) return { cells, end: at + 1 };
    if (at + 1 === text.length && !scan.final) return undefined; // CR, perhaps of CR LF
    return { cells, end: text.charCodeAt(at + 1) === LF ? at + 2 : at + 1 };
  }
}

/** Index of the quote that closes the one at `open`, passing over doubled ones; -1 when there is none. */
function closingQuote(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) close = text.indexOf('"', close + 2);
  return close;
}

/** First separator, line end or end of the text from `at` on. */
function cellEnd(text: string, at: number, separator: number): number {
  let end = at;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === separator || code === LF || code === CR) break;
  }
  return end;
}

function afterQuote(text: string, open: number, at: number, row: number, file: string): AttuneError {
  const found = `after the quoted cell that begins ${snippet(text, open)} stands ${quote(text[at])}`;
  return quoteError(found, row, file);
}

function neverClosed(text: string, open: number, row: number, file: string): AttuneError {
  return quoteError(`the quote that opens ${snippet(text, open)} is never closed`, row, file);
}

function snippet(text: string, open: number): string {
  return quote(text.slice(open, open + 80));
}

function quoteError(found: string, row: number, file: string): AttuneError {
  return new AttuneError("ERR_CSV_QUOTE", {
    rule: "a cell that begins with a double quote must end with one, and quotes inside it must be doubled",
    found,
    next: `look at row ${row}: close the quote there, double it (""), or remove it`,
    file,
    row,
  });
}

/** The commonest of comma, semicolon and tab in the first line that is not blank; quoted parts do not count. */
function findSeparator(text: string): number {
  const header = text
    .trimStart()
    .split(/[\r\n]/, 1)[0]
    .replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t"].map((separator) => header.split(separator).length);
  return [",", ";", "\t"][counts.indexOf(Math.max(...counts))].charCodeAt(0);
}
