/** Evaluation reports as tables: totals, one line a label, and what was taken for what. */
import type { Report } from "../train/events.ts";
import { confusionLines } from "./confusion-view.ts";
import { count, score } from "./format.ts";
import { type Column, formatTable, type StyledCell } from "./table.ts";
import type { Layout } from "./terminal.ts";
import { printable } from "./width.ts";

/** Everything that a report says. */
export function reportLines(report: Report, layout: Layout): string[] {
  const lines = [...totalsLines({ "": report }, layout), "", ...perLabelLines(report, layout)];
  if (report.kind === "single") lines.push("", ...confusionLines(report.confusion, layout));
  return lines;
}

/**
 * The numbers over all labels, one column a report.
 *
 * @param reports by name, all of one kind: `{ dev, test }`
 */
export function totalsLines(reports: Readonly<Record<string, Report>>, layout: Layout): string[] {
  const names = Object.keys(reports);
  const columns = Object.values(reports).map((report) => totals(report));
  const rows = columns[0].map(([name], i) => [name, ...columns.map((column) => column[i][1])]);
  const table = formatTable(
    [{ heading: "", align: "left" }, ...names.map((heading): Column => ({ heading, align: "right" }))],
    rows,
    { width: layout.width, headingStyle: layout.colors.dim },
  );
  return names.length === 1 && names[0] === "" ? table.slice(1) : table;
}

/** [name, value] of each number over all labels. */
function totals(report: Report): [string, string][] {
  const shared: [string, string][] = [
    ["macro F1", score(report.macroF1)],
    ["weighted F1", score(report.weightedF1)],
    ["log loss", score(report.logLoss)],
    ["calibration error", score(report.ece)],
  ];
  if (report.kind === "single") {
    return [["examples", count(report.examples)], ["accuracy", score(report.accuracy)], ...shared];
  }
  return [
    ["examples", count(report.examples)],
    ["all labels right", score(report.subsetAccuracy)],
    ["micro F1", score(report.microF1)],
    ...shared,
  ];
}

/** Precision, recall and F1 of each label; the weakest labels stand out. */
export function perLabelLines(report: Report, { width, colors }: Layout): string[] {
  const numbers = [
    "precision",
    "recall",
    "F1",
    ...(report.kind === "multi" ? ["avg. precision"] : []),
    "examples",
  ];
  const rows = Object.entries(report.perLabel).map(([label, scores]) => {
    const weak = scores.f1 < WEAK_F1 && scores.support > 0;
    const f1: StyledCell = { text: score(scores.f1), style: weak ? colors.yellow : (text) => text };
    const average = report.kind === "multi" ? [score(report.perLabel[label].averagePrecision)] : [];
    return [
      printable(label),
      score(scores.precision),
      score(scores.recall),
      f1,
      ...average,
      count(scores.support),
    ];
  });
  return formatTable(
    [
      { heading: "label", align: "left", flexible: true },
      ...numbers.map((heading): Column => ({ heading, align: "right" })),
    ],
    rows,
    { width, headingStyle: colors.dim },
  );
}

const WEAK_F1 = 0.5;
