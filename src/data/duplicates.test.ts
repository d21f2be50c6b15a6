import { expect, it } from "vitest";
import { findLeaks, groupByText } from "./duplicates.ts";
import type { Example } from "./examples.ts";

const example = (row: number, text: string, label: string, textPair?: string): Example => ({
  row,
  text,
  labels: [label],
  ...(textPair === undefined ? {} : { textPair }),
});

it("finds texts of one set in another, whatever their white space, and says whether labels agree", () => {
  const train = [
    example(2, "money  back\n", "refund"),
    example(3, "money back", "refund"),
    example(4, "hello", "other"),
  ];
  const test = [
    example(2, " money back", "refund"),
    example(3, "Hello", "other"),
    example(4, "hello", "greeting"),
  ];
  expect(findLeaks(train, test)).toEqual([
    { example: test[0], trainExample: train[0], sameLabels: true },
    { example: test[2], trainExample: train[2], sameLabels: false },
  ]);
});

it("compares pairs as pairs", () => {
  const train = [example(2, "a", "yes", "b c"), example(3, "a b", "yes", "c"), example(4, "a", "yes")];
  expect(findLeaks(train, [example(2, "a", "yes", "b  c")]).map((leak) => leak.trainExample.row)).toEqual([
    2,
  ]);
  expect(findLeaks(train, [example(2, "a", "yes", "d"), example(3, "a b c", "yes")])).toEqual([]);
});

it("ignores the order of labels", () => {
  const one = { text: "a", labels: ["x", "y"], row: 2 };
  expect(findLeaks([one], [{ ...one, labels: ["y", "x"] }])[0].sameLabels).toBe(true);
  expect(findLeaks([one], [{ ...one, labels: ["y"] }])[0].sameLabels).toBe(false);
});

it("groups equal texts in order of appearance", () => {
  const texts = ["b", "a", " b", "c", "a", "b\t"].map((text, i) => example(i, text, "x"));
  expect(groupByText(texts)).toEqual([[0, 2, 5], [1, 4], [3]]);
});
