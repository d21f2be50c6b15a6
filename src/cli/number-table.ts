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

/** The table's lines, none wider than the layout. */
export function numberTable(table: NumberTable, options: NumberTableOptions): string[] {
  const { width, colors, mostRows } = options;
  const { extra = [] } = table;
  const rows = table.rows.slice(0, mostRows).map((name) => truncate(name, WIDEST_NAME));
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(stringWidth));
  const extraCells = extra.map(({ name, cell }) => [name, ...rows.map((_, row) => cell(row))]);
  let room = width - INDENT - widest(rows) - extraCells.reduce((sum, cells) => sum + 1 + widest(cells), 0);
  const columns: { readonly heading: string; readonly cells: readonly (string | StyledCell)[] }[] = [];
  for (const [i, name] of table.columns.entries()) {
    const heading = truncate(name, WIDEST_HEADING);
    const cells = rows.map((_, row) => table.cell(row, i));
    const last = i === table.columns.length - 1;
    room -= 1 + widest([heading, ...cells.map((cell) => (typeof cell === "string" ? cell : cell.text))]);
    // one that is not the last must leave room for the sign that there are more
    if (room < (last ? 0 : 1 + CUT.length)) break;
    columns.push({ heading, cells });
  }
  const cut = columns.length < table.columns.length;
  const layout: Column[] = [
    { heading: "", align: "left" },
    ...columns.map(({ heading }): Column => ({ heading, align: "right" })),
    ...(cut ? [{ heading: CUT, align: "right" } as const] : []),
    ...extra.map(({ name }): Column => ({ heading: name, align: "right" })),
  ];
  const lines = rows.map((name, row) => [
    { text: name, style: colors.dim },
    ...columns.map(({ cells }) => cells[row]),
    ...(cut ? [CUT] : []),
    ...extraCells.map((cells) => cells[row + 1]),
  ]);
  const left = leftOut(columns.length, rows.length, table);
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

function leftOut(columns: number, rows: number, table: NumberTable): string | undefined {
  const share = (shown: number, all: number, noun: string) =>
    shown < all ? [`${count(shown)} of ${count(all)} ${noun}`] : [];
  const parts = [
    ...share(columns, table.columns.length, table.columnNoun),
    ...share(rows, table.rows.length, table.rowNoun),
  ];
  return parts.length === 0 ? undefined : `the first ${parts.join(", the first ")}`;
}
