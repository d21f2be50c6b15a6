import { expect, it } from "vitest";
import { expectedCalibrationError } from "./calibration-error.ts";

function ece(decisions: readonly (readonly [confidence: number, correct: boolean])[]): number {
  return expectedCalibrationError(
    decisions.length,
    (i) => decisions[i][0],
    (i) => decisions[i][1],
  );
}

it("weighs each bin's gap by its share", () => {
  // 0.9 and 0.92 share a bin (13/15, 14/15]: |0.5 - 0.91| over 2 of 3; 0.7 alone: |1 - 0.7| over 1 of 3
  const decisions = [
    [0.9, true],
    [0.92, false],
    [0.7, true],
  ] as const;
  expect(ece(decisions)).toBeCloseTo((2 / 3) * 0.41 + (1 / 3) * 0.3, 15);
});

it("puts an edge into the bin below it", () => {
  // 0.2 = 3/15 shares bin 3 with 0.19, where the two gaps cancel, and not bin 4 with 0.21
  expect(
    ece([
      [0.2, true],
      [0.19, false],
    ]),
  ).toBeCloseTo(Math.abs(1 - 0.39) / 2, 15);
  expect(
    ece([
      [0.2, true],
      [0.21, false],
    ]),
  ).toBeCloseTo((0.8 + 0.21) / 2, 15);
});

it("keeps 0 in the first bin and 1 in the last", () => {
  expect(
    ece([
      [0, true],
      [1, true],
    ]),
  ).toBe(0.5);
});
