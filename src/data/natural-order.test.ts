import fc from "fast-check";
import { expect, it } from "vitest";
import { Random } from "../base/random.ts";
import { compareNatural } from "./natural-order.ts";

it("orders numbers by value, alone and inside names", () => {
  const sorted = ["-2", "-1.5", "0", "2", "10", "a", "a2", "a10", "a10b", "b1", "中", "文"];
  expect([...sorted].reverse().sort(compareNatural)).toEqual(sorted);
});

it("is a total order: the result does not depend on where the names stood", () => {
  const name = fc.string({ unit: fc.constantFrom("0", "1", "9", "a", "-", ".", "b"), maxLength: 5 });
  const names = fc.uniqueArray(name, { maxLength: 8 });
  fc.assert(
    fc.property(names, fc.nat(1000), (one, seed) => {
      const sorted = [...one].sort(compareNatural);
      expect(new Random(seed, "test").shuffle([...one]).sort(compareNatural)).toEqual(sorted);
      for (let i = 1; i < sorted.length; i++)
        expect(compareNatural(sorted[i - 1], sorted[i])).toBeLessThan(0);
    }),
    { numRuns: 2000 },
  );
});
