/**
 * Tables in columns of text, no wider than asked.
 *
 * One column may be flexible: its cells are cut to fit. Widths are of plain text; a cell's style is put on after
 * padding. Does not wrap cells.
 */
import { padEnd, padStart, stringWidth, truncate } from "./width.ts";

export interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
  /** Cut this column's cells where the table would be too wide. */
  readonly flexible?: boolean;
}

export interface StyledCell {
  readonly text: string;
  readonly style: (text: string) => string;
}

export type Cell = string | StyledCell;

export interface TableOptions {
  /** Most columns of the terminal that a line may take. */
  readonly width: number;
  /** Spaces in front of each line. Default 0. */
  readonly indent?: number;
  /** Spaces between columns. Default 2. */
  readonly gap?: number;
  /** How headings look. Default plain. */
  readonly headingStyle?: (text: string) => string;
}

const NARROWEST = 4;

/**
 * Lines of a table: the headings, then the rows.
 *
 * @example
 * formatTable([{ heading: "label", align: "left" }, { heading: "F1", align: "right" }], [["spam", "0.91"]], { width: 80 });
 * // ["label    F1", "spam   0.91"]
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string[] {
  const { indent = 0, gap = 2 } = options;
  const widths = columns.map((column, i) =>
    Math.max(stringWidth(column.heading), ...rows.map((row) => stringWidth(textOf(row[i] ?? "")))),
  );
  const excess = indent + total(widths) + gap * (columns.length - 1) - options.width;
  const flexible = columns.findIndex((column) => column.flexible);
  if (excess > 0 && flexible >= 0) widths[flexible] = Math.max(NARROWEST, widths[flexible] - excess);
  const line = (cells: readonly Cell[]) =>
    (" ".repeat(indent) + formatCells(cells, columns, widths).join(" ".repeat(gap))).trimEnd();
  const style = options.headingStyle ?? ((text: string) => text);
  return [line(columns.map(({ heading }) => ({ text: heading, style }))), ...rows.map(line)];
}

function formatCells(
  cells: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
): string[] {
  return columns.map(({ align }, i) => {
    const cell = cells[i] ?? "";
    const text = truncate(textOf(cell), widths[i]);
    const pad = align === "right" ? padStart : padEnd;
    // nothing follows the last column, so nothing needs padding there
    const full = i === columns.length - 1 && align === "left" ? text : pad(text, widths[i]);
    return typeof cell === "string" ? full : cell.style(full);
  });
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}
