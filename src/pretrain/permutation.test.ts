import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chiSquare, chiSquareLimit } from "../../test/chi-square.ts";
import { permutation } from "./permutation.ts";

const all = (n: number, seed = 1, stream = "epoch/0") => {
  const order = permutation(n, seed, stream);
  return Array.from({ length: n }, (_, i) => order(i));
};

describe("permutation", () => {
  it("gives each number once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.maxSafeNat(), fc.string(), (n, seed, stream) => {
        expect(all(n, seed, stream).sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
      }),
    );
    for (const n of [1, 2, 3, 4, 5, 15, 16, 17, 255, 256, 257, 1023, 1024, 1025])
      expect(new Set(all(n)).size).toBe(n);
  });

  it("stays below n where n is large", () => {
    for (const n of [2 ** 31 - 1, 2 ** 32 + 15, 2 ** 52]) {
      const order = permutation(n, 9, "large");
      const some = Array.from({ length: 200 }, (_, i) => order(n - 1 - i));
      expect(new Set(some).size).toBe(200);
      expect(some.every((value) => Number.isSafeInteger(value) && value >= 0 && value < n)).toBe(true);
      expect(Math.max(...some)).toBeGreaterThan(0.9 * n);
      expect(Math.min(...some)).toBeLessThan(0.1 * n);
    }
  });

  it("is the same of one seed and stream, and another of others", () => {
    expect(all(100, 1, "a")).toEqual(all(100, 1, "a"));
    expect(all(100, 1, "a")).not.toEqual(all(100, 1, "b"));
    expect(all(100, 1, "a")).not.toEqual(all(100, 2, "a"));
    expect(all(100, 2 ** 40 + 1, "a")).not.toEqual(all(100, 1, "a"));
  });

  it("puts every number everywhere equally often, and no two neighbours together more than chance does", () => {
    const n = 30;
    const rounds = 1500;
    const places = new Array<number>(n).fill(0); // of number 7
    const steps = new Array<number>(n).fill(0); // from a number to the next
    for (let round = 0; round < rounds; round++) {
      const order = all(n, 5, `${round}`);
      places[order.indexOf(7)]++;
      steps[(order[11] - order[10] + n) % n]++;
    }
    expect(chiSquare(places, rounds / n)).toBeLessThan(chiSquareLimit(n - 1));
    // the next number is none that was there before: every difference but 0 equally often
    expect(steps[0]).toBe(0);
    expect(chiSquare(steps.slice(1), rounds / (n - 1))).toBeLessThan(chiSquareLimit(n - 2));
  });

  it("refuses a place outside", () => {
    const order = permutation(5, 1, "a");
    for (const place of [-1, 5, Number.NaN]) expect(() => order(place)).toThrow(/internal/);
  });
});
