/**
 * Which columns hold the text, its pair and the label, with an error that helps where one is missing.
 */
import { AttuneError, nearest } from "../base/errors.ts";
import { quote } from "./rows.ts";

export interface ColumnOptions {
  /** Default "text". */
  readonly textColumn?: string;
  /** Default "label". */
  readonly labelColumn?: string;
  /** The second text of a pair; null for none. Default "text_pair" where that column exists, else none. */
  readonly textPairColumn?: string | null;
  /** Whether every row must have a label. Default true; with false the column itself may be absent. */
  readonly requireLabels?: boolean;
}

/** Names of columns that exist; undefined for what the source does not have and need not have. */
export interface Columns {
  readonly text: string;
  readonly textPair: string | undefined;
  readonly label: string | undefined;
}

const DEFAULT_PAIR = "text_pair";
const SHOWN = 20;

/** @throws ERR_COLUMN_MISSING, which lists the columns found and names the nearest */
export function chooseColumns(found: readonly string[], file: string, options: ColumnOptions): Columns {
  const { textColumn = "text", labelColumn = "label", textPairColumn, requireLabels = true } = options;
  const require = (column: string, role: string, flag: string) => {
    if (!found.includes(column)) throw missing(column, role, flag, found, file);
    return column;
  };
  const pair = textPairColumn === undefined && found.includes(DEFAULT_PAIR) ? DEFAULT_PAIR : textPairColumn;
  const labelNeeded = requireLabels || options.labelColumn !== undefined || found.includes(labelColumn);
  return {
    text: require(textColumn, "text", "--text"),
    textPair: pair === undefined || pair === null ? undefined : require(pair, "second text", "--text-pair"),
    label: labelNeeded ? require(labelColumn, "label", "--label") : undefined,
  };
}

function missing(
  column: string,
  role: string,
  flag: string,
  found: readonly string[],
  file: string,
): AttuneError {
  const shown = found.slice(0, SHOWN).map((name) => quote(name));
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : "";
  return new AttuneError("ERR_COLUMN_MISSING", {
    rule: `the ${role} column must exist`,
    found: `there is no "${column}" among ${shown.join(", ")}${more}`,
    next: advice(nearest(column, found), flag, found),
    file,
  });
}

function advice(near: string | undefined, flag: string, found: readonly string[]): string {
  if (near !== undefined) return `pass ${flag} ${near}`;
  if (looksLikeData(found)) return "the first row looks like data: put a header such as text,label above it";
  return `pass ${flag} with one of these names`;
}

/** Column names are short words; numbers and sentences are not. */
function looksLikeData(columns: readonly string[]): boolean {
  return columns.some(
    (name) => name.length > 40 || name.split(/\s+/).length > 4 || /^-?\d+(\.\d+)?$/.test(name),
  );
}
