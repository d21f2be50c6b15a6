import fc from "fast-check";
import pico from "picocolors";
import { describe, expect, it } from "vitest";
import { mixedText } from "../../test/mixed-text.ts";
import type { Prediction } from "../tasks/types.ts";
import { predictionLines } from "./prediction-view.ts";
import { stringWidth } from "./width.ts";

const all = { tokens: 9, truncatedTokens: 0, unknownTokens: 0 };
const layout = { width: 80, colors: pico.createColors(false), labels: ["refund", "退款咨询"] };

describe("a prediction of one label", () => {
  const refund: Prediction = {
    label: "refund",
    score: 0.915,
    scores: { refund: 0.915, 退款咨询: 0.085 },
    receipt: all,
  };

  it("is a line: label, bar, probability, text", () => {
    expect(predictionLines("Where is my money?", refund, layout)).toEqual([
      "refund    █████████▏ 0.915  Where is my money?",
    ]);
  });

  it("does without the bar in a narrow terminal, and cuts the text to what is left", () => {
    expect(
      predictionLines("我想退掉上周买的毛衣，退款要几天才能到账？", refund, { ...layout, width: 40 }),
    ).toEqual(["refund    0.915  我想退掉上周买的毛衣，…"]);
  });

  it("says what the model did not read", () => {
    const receipt = { tokens: 128, truncatedTokens: 1037, unknownTokens: 1 };
    expect(predictionLines("☃", { ...refund, receipt }, layout)).toEqual([
      "refund    █████████▏ 0.915  ☃",
      "                            ! 1,037 tokens left out, only 128 fit; 1 unknown",
      "                              word",
    ]);
  });

  it("shows both texts of a pair, on one line", () => {
    const [line] = predictionLines({ text: "a\nb", textPair: "c\u001b[2J" }, refund, layout);
    expect(line).toBe("refund    █████████▏ 0.915  a b / c\ufffd[2J");
  });
});

describe("a prediction of several labels", () => {
  const scores = { refund: 0.25, 退款咨询: 0.75 };

  it("has the labels under the text", () => {
    expect(predictionLines("Where?", { labels: ["退款咨询"], scores, receipt: all }, layout)).toEqual([
      "Where?",
      "  退款咨询 0.750",
    ]);
  });

  it("says what was likeliest where none holds", () => {
    expect(
      predictionLines("Where?", { labels: [], scores, receipt: { ...all, unknownTokens: 2 } }, layout),
    ).toEqual(["Where?", "  no label; the likeliest is 退款咨询 0.750", "  ! 2 unknown words"]);
  });
});

it("is never wider than the terminal, whatever labels and texts", () => {
  const counts = fc.nat(1_000_000);
  const width = fc.integer({ min: 50, max: 120 });
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.uniqueArray(mixedText, { minLength: 2, size: "medium" }),
      mixedText,
      fc.record({ tokens: counts, truncatedTokens: counts, unknownTokens: counts }),
      score,
      width,
      (labels, text, receipt, p, columns) => {
        const scores = Object.fromEntries(labels.map((label) => [label, p]));
        const wide = { ...layout, labels, width: columns };
        const lines = [
          ...predictionLines(text.repeat(9), { label: labels[0], score: p, scores, receipt }, wide),
          ...predictionLines({ text, textPair: text }, { labels, scores, receipt }, wide),
        ];
        expect(Math.max(...lines.map(stringWidth))).toBeLessThanOrEqual(columns);
      },
    ),
  );
});
