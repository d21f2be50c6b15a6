/**
 * A confusion matrix in a terminal: the whole matrix where it fits, else the most frequent confusions.
 *
 * Rows are the true labels, columns the predicted ones. Columns are headed by name where all names fit, else by the
 * number of the row that has the same label.
 */
import type { Confusion } from "../eval/index.ts";
import { count, counted } from "./format.ts";
import { type Cell, formatTable } from "./table.ts";
import type { Layout } from "./terminal.ts";
import { printable, stringWidth, truncate } from "./width.ts";

const MOST_PAIRS = 12;
/** Label names of rows are cut to no less than this. */
const NARROWEST_NAME = 12;

/** The matrix, or a list of pairs, under a heading that says how to read it. */
export function confusionLines(confusion: Confusion, layout: Layout): string[] {
  const names = confusion.labels.map(printable);
  const cell = countWidth(confusion);
  const name = Math.max(...names.map(stringWidth));
  const byName =
    name + names.reduce((sum, heading) => sum + NAME_GAP + Math.max(cell, stringWidth(heading)), 0);
  if (byName <= layout.width) return matrixLines(confusion, names, names, layout);

  const numbers = names.map((_, i) => String(i + 1));
  const digits = numbers[numbers.length - 1].length;
  const column = Math.max(cell, digits);
  const byNumber =
    digits + NUMBER_GAP + Math.min(name, NARROWEST_NAME) + numbers.length * (NUMBER_GAP + column);
  const even = numbers.map((number) => number.padStart(column));
  if (byNumber <= layout.width) return matrixLines(confusion, names, even, layout);
  return pairLines(confusion, names, layout);
}

const NAME_GAP = 2;
const NUMBER_GAP = 1;

function matrixLines(
  { counts }: Confusion,
  names: readonly string[],
  headings: readonly string[],
  { width, colors }: Layout,
): string[] {
  const numbered = headings !== names;
  const columns = [
    ...(numbered ? [{ heading: "", align: "right" as const }] : []),
    { heading: "", align: "left" as const, flexible: true },
    ...headings.map((heading) => ({ heading, align: "right" as const })),
  ];
  const rows = counts.map((row, i): Cell[] => [
    ...(numbered ? [{ text: headings[i].trim(), style: colors.dim }] : []),
    names[i],
    ...row.map((value, j) => {
      if (i === j) return { text: count(value), style: colors.green };
      return value === 0 ? { text: ".", style: colors.dim } : { text: count(value), style: colors.yellow };
    }),
  ]);
  const gap = numbered ? NUMBER_GAP : NAME_GAP;
  return [
    "confusion: rows are true labels, columns predicted ones",
    ...formatTable(columns, rows, { width, gap, headingStyle: colors.dim }),
  ];
}

const TIMES = "times";

function pairLines({ counts }: Confusion, names: readonly string[], { width, colors }: Layout): string[] {
  const pairs = counts.flatMap((row, truth) =>
    row.flatMap((value, predicted) =>
      value > 0 && truth !== predicted ? [{ value, truth, predicted }] : [],
    ),
  );
  if (pairs.length === 0) return ["confusion: none, every prediction is right"];
  pairs.sort((a, b) => b.value - a.value);
  const kinds = counted(pairs.length, "kind");
  const shown = pairs.slice(0, MOST_PAIRS);
  // two names side by side share what the counts leave, since the table cuts one column only
  const longest = Math.floor((width - TIMES.length - 2 * NAME_GAP) / 2);
  return [
    shown.length < pairs.length
      ? `confusion: the ${shown.length} most frequent of ${kinds}`
      : `confusion: ${kinds}`,
    ...formatTable(
      [
        { heading: TIMES, align: "right" },
        { heading: "true label", align: "left" },
        { heading: "predicted", align: "left", flexible: true },
      ],
      shown.map(({ value, truth, predicted }) => [
        count(value),
        truncate(names[truth], longest),
        names[predicted],
      ]),
      { width, headingStyle: colors.dim },
    ),
  ];
}

function countWidth({ counts }: Confusion): number {
  return Math.max(...counts.map((row) => Math.max(...row.map((value) => count(value).length))));
}
