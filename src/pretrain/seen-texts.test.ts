import fc from "fast-check";
import { expect, it } from "vitest";
import { hashText, SeenHashes } from "./seen-texts.ts";

it("tells new hashes from seen ones, as a set does", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2 ** 48 - 1 }))), (hashes) => {
      const seen = new SeenHashes();
      const set = new Set<number>();
      for (const hash of hashes) {
        expect(seen.add(hash)).toBe(!set.has(hash));
        set.add(hash);
      }
    }),
  );
});

it("spreads texts over its parts: none fills up long before the others", () => {
  const counts = new Array<number>(256).fill(0);
  for (let i = 0; i < 5120; i++) counts[hashText(`text ${i}`) % 256]++;
  expect(Math.max(...counts)).toBeLessThan(50); // 20 each
  expect(Math.min(...counts)).toBeGreaterThan(3);
});
