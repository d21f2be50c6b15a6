import fc from "fast-check";
import { expect, it } from "vitest";
import { type Pair, PairQueue } from "./pair-queue.ts";

const symbol = fc.integer({ min: 0, max: 5 });
const pair: fc.Arbitrary<Pair> = fc
  .tuple(symbol, symbol, fc.integer({ min: 1, max: 4 }))
  .map(([left, right, count]) => ({ left, right, count, words: [] }));

function popAll(queue: PairQueue): number[][] {
  const popped: number[][] = [];
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    popped.push([entry.count, entry.pair.left, entry.pair.right]);
  }
  return popped;
}

it("gives the most frequent first, then the smaller symbols, whatever the order of pushes", () => {
  fc.assert(
    fc.property(fc.array(pair), (pairs) => {
      const queue = new PairQueue();
      for (const p of pairs) queue.push(p);
      const expected = pairs
        .map((p) => [p.count, p.left, p.right])
        .sort((a, b) => b[0] - a[0] || a[1] - b[1] || a[2] - b[2]);
      expect(popAll(queue)).toEqual(expected);
    }),
  );
});

it("remembers the count a pair was put in with", () => {
  const queue = new PairQueue();
  const changing = { left: 0, right: 1, count: 7, words: [] };
  queue.push(changing);
  changing.count = 2;
  expect(queue.pop()?.count).toBe(7);
  expect(queue.pop()).toBeUndefined();
});
