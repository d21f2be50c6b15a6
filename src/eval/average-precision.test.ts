import { expect, it } from "vitest";
import { averagePrecision } from "./average-precision.ts";

it("adds precision at each new positive", () => {
  // ranks of the positives are 1, 3 and 4: (1/1 + 2/3 + 3/4) / 3
  expect(averagePrecision([0, 1, 1, 1], [0.7, 0.9, 0.6, 0.1])).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 15);
});

it("takes examples of equal score together, whatever their order", () => {
  // threshold 0.5 brings one positive among two, then 0.1 the other of three in all
  const expected = 0.5 * (1 / 2) + 0.5 * (2 / 3);
  expect(averagePrecision([1, 0, 1], [0.5, 0.5, 0.1])).toBeCloseTo(expected, 15);
  expect(averagePrecision([0, 1, 1], [0.5, 0.5, 0.1])).toBeCloseTo(expected, 15);
});

it("is 0 without a positive example and 1 with nothing else", () => {
  expect(averagePrecision([0, 0], [0.2, 0.8])).toBe(0);
  expect(averagePrecision([1, 1], [0.2, 0.8])).toBe(1);
});
