import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isKept } from "./keep-rule.ts";

describe("isKept", () => {
  // of 96 rows, 88 right: p = 90/100, sqrt(0.9 * 0.1 / 100) = 0.03, which is 2.88 rows
  it("keeps what is within one standard error of the highest, and nothing lower", () => {
    expect(isKept(86 / 96, 88 / 96, 96)).toBe(true);
    expect(isKept(85 / 96, 88 / 96, 96)).toBe(false);
  });

  it("is stricter where dev is larger", () => {
    expect(isKept(0.88, 0.9, 100)).toBe(true);
    expect(isKept(0.88, 0.9, 10_000)).toBe(false);
  });

  it("allows one mistake among a hundred after a perfect epoch", () => {
    expect(isKept(0.99, 1, 100)).toBe(true);
    expect(isKept(0.98, 1, 100)).toBe(false);
  });

  it("always keeps an epoch that is the highest", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 1000 }), (right, n) =>
        isKept(Math.min(right, n) / n, Math.min(right, n) / n, n),
      ),
    );
  });
});
