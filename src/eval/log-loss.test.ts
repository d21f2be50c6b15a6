import { expect, it } from "vitest";
import { binaryLogLoss, logLoss } from "./log-loss.ts";

it("is the mean of minus the logarithm of the true label's probability", () => {
  const probabilities = Float64Array.of(0.5, 0.25, 0.25, 0.125, 0.75, 0.125);
  expect(logLoss([1, 2], probabilities, 3)).toBeCloseTo((2 + 3) * (Math.LN2 / 2), 15);
});

it("counts both answers of a yes-or-no decision", () => {
  expect(binaryLogLoss([1, 0], Float64Array.of(0.25, 0.75))).toBeCloseTo(2 * Math.LN2, 15);
});

it("clips at the resolution of the array's type", () => {
  expect(logLoss([0], Float64Array.of(0, 1), 2)).toBeCloseTo(52 * Math.LN2, 12);
  expect(logLoss([0], Float32Array.of(0, 1), 2)).toBeCloseTo(23 * Math.LN2, 12);
  expect(binaryLogLoss([0], Float64Array.of(1))).toBeCloseTo(52 * Math.LN2, 12);
  expect(binaryLogLoss([0], Float32Array.of(1))).toBeCloseTo(23 * Math.LN2, 12);
  expect(logLoss([1], Float32Array.of(0, 1), 2)).toBeCloseTo(2 ** -23, 12);
});
