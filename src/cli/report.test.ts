import fc from "fast-check";
import pico from "picocolors";
import { describe, expect, it } from "vitest";
import { fakeReport } from "../../test/fake-cli.ts";
import { mixedText } from "../../test/mixed-text.ts";
import { evaluateMultiLabel, evaluateSingleLabel } from "../eval/index.ts";
import { confusionLines } from "./confusion-view.ts";
import { reportLines, totalsLines } from "./report.ts";
import { stringWidth } from "./width.ts";

const layout = { width: 80, colors: pico.createColors(false) };

/** A report in which example i has label i % c and is taken for label (i * step) % c. */
function singleReport(labelNames: readonly string[], examples: number, step = 1) {
  const c = labelNames.length;
  const truth = Array.from({ length: examples }, (_, i) => i % c);
  const probabilities = new Float64Array(examples * c);
  truth.forEach((_, i) => probabilities.fill(1, i * c + ((i * step) % c), i * c + ((i * step) % c) + 1));
  return evaluateSingleLabel({ labelNames, truth, probabilities });
}

function multiReport(labelNames: readonly string[]) {
  const truth = labelNames.map((_, i) => i % 2);
  return evaluateMultiLabel({
    labelNames,
    truth,
    probabilities: Float64Array.from(truth, (t) => (t + 0.4) / 2),
  });
}

describe("a report of few labels", () => {
  it("shows totals, labels and the matrix under their names", () => {
    expect(reportLines(fakeReport, layout)).toEqual([
      "examples                8",
      "accuracy           0.7500",
      "macro F1           0.7333",
      "weighted F1        0.7433",
      "log loss           0.5000",
      "calibration error  0.1000",
      "",
      "label  precision  recall      F1  examples",
      "short     0.6667  0.6667  0.6667         3",
      "long      0.8000  0.8000  0.8000         5",
      "",
      "confusion: rows are true labels, columns predicted ones",
      "       short  long",
      "short      2     1",
      "long       1     4",
    ]);
  });

  it("puts two reports side by side", () => {
    const test = { ...fakeReport, macroF1: 1 };
    expect(totalsLines({ dev: fakeReport, test }, layout).slice(0, 4)).toEqual([
      "                      dev    test",
      "examples                8       8",
      "accuracy           0.7500  0.7500",
      "macro F1           0.7333  1.0000",
    ]);
  });

  it("has average precision and no matrix where a text may have several labels", () => {
    const lines = reportLines(multiReport(["billing", "urgent"]), layout);
    expect(lines).toContain("label    precision  recall      F1  avg. precision  examples");
    expect(lines).toContain("urgent      1.0000  1.0000  1.0000          1.0000         1");
    expect(lines[1]).toBe("all labels right   1.0000");
    expect(lines.some((line) => line.startsWith("confusion"))).toBe(false);
  });
});

describe("the confusion matrix", () => {
  const confusionOf = (names: readonly string[], examples: number, step = 1) => {
    const lines = reportLines(singleReport(names, examples, step), layout);
    return lines.slice(lines.findIndex((line) => line.startsWith("confusion")));
  };

  it("is headed by numbers where the names are too long", () => {
    const names = [
      "账户",
      "complaint",
      "delivery",
      "payment",
      "product_question",
      "refund",
      "shop_opening_hours",
    ];
    expect(confusionOf(names, 700, 2)).toEqual([
      "confusion: rows are true labels, columns predicted ones",
      "                       1   2   3   4   5   6   7",
      "1 账户               100   .   .   .   .   .   .",
      "2 complaint            .   0 100   .   .   .   .",
      "3 delivery             .   .   0   . 100   .   .",
      "4 payment              .   .   .   0   .   . 100",
      "5 product_question     . 100   .   .   0   .   .",
      "6 refund               .   .   . 100   .   0   .",
      "7 shop_opening_hours   .   .   .   .   . 100   0",
    ]);
  });

  it("gives way to the most frequent confusions where it does not fit", () => {
    const names = Array.from({ length: 77 }, (_, i) => `balance_not_updated_after_bank_transfer_${i}`);
    const lines = confusionOf(names, 770, 3);
    expect(lines.slice(0, 3)).toEqual([
      "confusion: the 12 most frequent of 76 kinds",
      "times  true label                           predicted",
      "   10  balance_not_updated_after_bank_tra…  balance_not_updated_after_bank_tran…",
    ]);
    expect(lines).toHaveLength(14);
    expect(confusionOf(names, 770)).toEqual(["confusion: none, every prediction is right"]);
  });
});

it("lists the most frequent confusion first", () => {
  const labels = Array.from({ length: 40 }, (_, i) => `label ${i}`);
  const counts = labels.map((_, i) => labels.map((__, j) => (i === j ? 5 : i === 7 && j < 3 ? 10 + j : 0)));
  expect(confusionLines({ labels, counts }, layout)).toEqual([
    "confusion: 3 kinds",
    "times  true label  predicted",
    "   12  label 7     label 2",
    "   11  label 7     label 1",
    "   10  label 7     label 0",
  ]);
});

describe("no line is wider than 80 columns, whatever the labels", () => {
  const names = fc
    .integer({ min: 2, max: 90 })
    .chain((c) => fc.uniqueArray(mixedText, { minLength: c, maxLength: c, size: "max" }));
  const widest = (lines: readonly string[]) => Math.max(...lines.map(stringWidth));

  it("in a whole report", () => {
    fc.assert(
      fc.property(names, fc.nat(500), fc.integer({ min: 1, max: 5 }), (labels, more, step) => {
        expect(
          widest(reportLines(singleReport(labels, labels.length + more, step), layout)),
        ).toBeLessThanOrEqual(80);
        expect(widest(reportLines(multiReport(labels), layout))).toBeLessThanOrEqual(80);
      }),
      { numRuns: 50 },
    );
  });

  it("in a matrix of large counts", () => {
    fc.assert(
      fc.property(names, fc.nat(2_000_000), (labels, most) => {
        const counts = labels.map((_, i) => labels.map((__, j) => (most * (i + 2 * j)) % (most + 1)));
        expect(widest(confusionLines({ labels, counts }, layout))).toBeLessThanOrEqual(80);
      }),
    );
  });
});
