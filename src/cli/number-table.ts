/**
 * Tables of many numbers, as much of them as the terminal holds; what is left out is counted below the table.
 *
 *                whe  ##re   is
 *     0 [CLS]  0.120 0.031 0.849  …
 *       the first 3 of 11 columns, 1 of 11 rows
 *
 * For a look, three decimals where they fit. Not for computing: --json has every digit.
 */
import { count } from "./format.ts";
import { type Column, formatTable, type StyledCell } from "./table.ts";
import type { Layout } from "./terminal.ts";
import { hang, stringWidth, truncate } from "./width.ts";

export interface NumberTable {
  readonly rows: readonly string[];
  /** A name for each column; what the columns are called when counted. */
  readonly columns: readonly string[];
  readonly columnNoun: string;
  /** Where not all columns fit, the one to begin with. Default 0. */
  readonly firstColumn?: number;
  readonly rowNoun: string;
  /** The text of a cell, or how it is to look. */
  readonly cell: (row: number, column: number) => string | StyledCell;
  /** Shown on the right whatever else is cut. */
  readonly extra?: readonly { readonly name: string; readonly cell: (row: number) => string }[];
}

export interface NumberTableOptions extends Layout {
  readonly mostRows: number;
}

const INDENT = 2;
const WIDEST_NAME = 16;
const WIDEST_HEADING = 6;
const CUT = "…";
const SIGN_WIDTH = 1 + CUT.length;

/** The table's lines, none wider than the layout. */
export function numberTable(table: NumberTable, options: NumberTableOptions): string[] {
  const { width, colors, mostRows } = options;
  const { extra = [], firstColumn = 0 } = table;
  const rows = table.rows.slice(0, mostRows).map((name) => truncate(name, WIDEST_NAME));
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(stringWidth));
  const extraCells = extra.map(({ name, cell }) => [name, ...rows.map((_, row) => cell(row))]);
  const room = width - INDENT - widest(rows) - extraCells.reduce((sum, cells) => sum + 1 + widest(cells), 0);
  const columnAt = (i: number) => {
    const heading = truncate(table.columns[i], WIDEST_HEADING);
    const cells = rows.map((_, row) => table.cell(row, i));
    const texts = cells.map((cell) => (typeof cell === "string" ? cell : cell.text));
    return { heading, cells, width: 1 + widest([heading, ...texts]) };
  };
  const fitting = (start: number) => {
    const columns: ReturnType<typeof columnAt>[] = [];
    let left = start === 0 ? room : room - SIGN_WIDTH;
    for (let i = start; i < table.columns.length; i++) {
      const column = columnAt(i);
      left -= column.width;
      // one that is not the last must leave room for the sign that there are more
      if (left < (i === table.columns.length - 1 ? 0 : SIGN_WIDTH)) break;
      columns.push(column);
    }
    return { start, columns, cut: start + columns.length < table.columns.length };
  };
  const beginning = fitting(0);
  const { start, columns, cut } = beginning.cut && firstColumn > 0 ? fitting(firstColumn) : beginning;
  const sign = (is: boolean) => (is ? [CUT] : []);
  const layout: Column[] = [
    { heading: "", align: "left" },
    ...[
      ...sign(start > 0),
      ...columns.map(({ heading }) => heading),
      ...sign(cut),
      ...extra.map(({ name }) => name),
    ].map((heading): Column => ({ heading, align: "right" })),
  ];
  const lines = rows.map((name, row) => [
    { text: name, style: colors.dim },
    ...sign(start > 0),
    ...columns.map(({ cells }) => cells[row]),
    ...sign(cut),
    ...extraCells.map((cells) => cells[row + 1]),
  ]);
  const left = leftOut({ start, columns: columns.length, rows: rows.length }, table);
  return [
    ...formatTable(layout, lines, { width, indent: INDENT, gap: 1, headingStyle: colors.dim }),
    ...(left === undefined ? [] : hang(" ".repeat(INDENT), left, width).map(colors.dim)),
  ];
}

/** A number in at most six columns or so: 0.123, -12.35, 123.5, 1e+6. The smallest ones have `decimals`. */
export function cellText(value: number, decimals = 3): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "inf");
  if (size >= 99_999.5) return value.toExponential(0);
  const fitting = size < 9.9995 ? 3 : size < 99.995 ? 2 : size < 999.95 ? 1 : 0;
  const text = value.toFixed(Math.min(decimals, fitting));
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function leftOut(
  shown: { readonly start: number; readonly columns: number; readonly rows: number },
  { columns, columnNoun, rows, rowNoun }: NumberTable,
): string | undefined {
  const first = (some: number, all: number, noun: string) =>
    some < all ? [`the first ${count(some)} of ${count(all)} ${noun}`] : [];
  const last = shown.start + shown.columns - 1;
  const parts = [
    ...(shown.start === 0
      ? first(shown.columns, columns.length, columnNoun)
      : [`${columnNoun} ${count(shown.start)} to ${count(last)} of 0 to ${count(columns.length - 1)}`]),
    ...first(shown.rows, rows.length, rowNoun),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
