/**
 * A matrix as coloured cells: attention weights with their tokens, tables of positions.
 *
 * Two scales: from white to dark blue for values that begin at 0; from orange over white to blue for values of both
 * signs. Where there are few cells, each shows its number, so that nothing hangs on colour alone.
 */
import type { Panel } from "./svg.ts";
import { FAINT, INK, n, rectangle, text, textWidth } from "./svg.ts";

export interface HeatMapOptions {
  /** [rows][columns] */
  readonly values: readonly ArrayLike<number>[];
  /** A label a row; an empty one leaves it blank. Default none. */
  readonly rows?: readonly string[];
  readonly columns?: readonly string[];
  /** Above the matrix. */
  readonly title?: string;
  /** What rows and columns are. */
  readonly rowTitle?: string;
  readonly columnTitle?: string;
  /** The value of the darkest cell; a two-sided scale ends at its negative. Default: the largest there is. */
  readonly limit?: number;
  /** For values of both signs. Default false. */
  readonly twoSided?: boolean;
  /** Digits behind the point of the numbers in the cells. Default: no numbers. */
  readonly digits?: number;
  /** Pixels; one number for squares. Default 40, or what numbers need. */
  readonly cell?: number | { readonly width: number; readonly height: number };
}

export function heatMap(options: HeatMapOptions): Panel {
  const { values, rows = [], columns = [], title, rowTitle, columnTitle, twoSided = false, digits } = options;
  const cell = typeof options.cell === "object" ? options.cell : square(options.cell ?? 40);
  const all = values.flatMap((row) => Array.from(row, Math.abs));
  const limit = options.limit ?? Math.max(...all);
  const slanted = columns.some((label) => textWidth(label) > cell.width - 2);
  const left =
    Math.max(0, ...rows.map((label) => textWidth(label))) + (rows.length > 0 ? 8 : 0) + (rowTitle ? 20 : 0);
  const longest = Math.max(0, ...columns.map((label) => textWidth(label)));
  const heads = columns.length === 0 ? 0 : slanted ? longest * 0.75 + 16 : 20;
  const top = (title === undefined ? 0 : 24) + (columnTitle === undefined ? 0 : 20) + heads;
  const [width, height] = [values[0].length * cell.width, values.length * cell.height];
  const parts: string[] = [];
  if (title !== undefined) parts.push(text(title, left, 12, { weight: "600" }));
  if (columnTitle !== undefined)
    parts.push(
      text(columnTitle, left + width / 2, title === undefined ? 12 : 34, { anchor: "middle", fill: FAINT }),
    );
  if (rowTitle !== undefined)
    parts.push(text(rowTitle, 12, top + height / 2, { anchor: "middle", fill: FAINT, turn: -90 }));
  columns.forEach((label, j) => {
    const x = left + (j + 0.5) * cell.width;
    if (label !== "")
      parts.push(
        slanted ? text(label, x - 2, top - 6, { turn: -45 }) : text(label, x, top - 6, { anchor: "middle" }),
      );
  });
  values.forEach((row, i) => {
    const y = top + i * cell.height;
    if (rows[i]) parts.push(text(rows[i], left - 8, y + cell.height / 2 + 4.5, { anchor: "end" }));
    Array.from(row).forEach((value, j) => {
      const at = { x: left + j * cell.width, y, width: cell.width, height: cell.height };
      parts.push(rectangle(at, colourOf(value / limit, twoSided)));
      if (digits !== undefined) {
        const fill = Math.abs(value / limit) > 0.55 ? "#ffffff" : INK;
        parts.push(
          text(decimal(value, digits), at.x + cell.width / 2, y + cell.height / 2 + 4.5, {
            ...{ anchor: "middle", fill, size: 12 },
          }),
        );
      }
    });
  });
  parts.push(frame(left, top, width, height));
  const overhang = slanted ? longest * 0.75 : 0;
  return { width: left + width + overhang, height: top + height, body: parts.join("\n") };
}

const WHITE = [255, 255, 255];
const BLUE = [8, 64, 129];
const ORANGE = [179, 70, 4];

/** `share` in -1..1 as a colour; the root spreads small values. */
function colourOf(share: number, twoSided: boolean): string {
  const strength = Math.min(1, Math.abs(share)) ** 0.8;
  const end = twoSided && share < 0 ? ORANGE : BLUE;
  const mixed = WHITE.map((white, i) => Math.round(white + (end[i] - white) * strength));
  return `rgb(${mixed.join(",")})`;
}

/** -0.04 as "0.0". */
function decimal(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^-(?=[0.]*$)/, "");
}

function frame(x: number, y: number, width: number, height: number): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="none" stroke="${FAINT}"/>`;
}

function square(size: number) {
  return { width: size, height: size };
}
