import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import { type BatchBudget, inferenceBatches, trainingBatches } from "./batches.ts";

const budgets = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 400 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
  batchTokens: fc.integer({ min: 1, max: 200 }),
});

/** Every index once, and both budgets kept but by a single text that is longer than the second. */
function expectLawful(batches: readonly number[][], { lengths, batchSize, batchTokens }: BatchBudget) {
  expect(batches.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
  for (const batch of batches) {
    const padded = batch.length * Math.max(...batch.map((index) => lengths[index]));
    expect(batch.length).toBeGreaterThan(0);
    expect(batch.length).toBeLessThanOrEqual(batchSize);
    expect(batch.length === 1 || padded <= batchTokens).toBe(true);
  }
}

const padding = (batches: readonly number[][], lengths: readonly number[]) =>
  batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map((index) => lengths[index])), 0);

describe("trainingBatches", () => {
  it("covers every index once within the budgets, the same for equal arguments", () => {
    fc.assert(
      fc.property(budgets, fc.nat(5), fc.nat(5), (budget, seed, epoch) => {
        const batches = trainingBatches({ ...budget, seed, epoch });
        expectLawful(batches, budget);
        expect(trainingBatches({ ...budget, seed, epoch })).toEqual(batches);
      }),
    );
  });

  const lengths = Array.from({ length: 3000 }, (_, i) => 5 + ((i * 7919) % 120));
  const budget = { lengths, batchSize: 16, batchTokens: 16 * 124 };

  it("differs from epoch to epoch and from seed to seed", () => {
    const first = trainingBatches({ ...budget, seed: 1, epoch: 0 });
    expect(trainingBatches({ ...budget, seed: 1, epoch: 1 })).not.toEqual(first);
    expect(trainingBatches({ ...budget, seed: 2, epoch: 0 })).not.toEqual(first);
  });

  it("wastes little padding and leaves batches in no order of length", () => {
    const batches = trainingBatches({ ...budget, seed: 1, epoch: 0 });
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    expect(padding(batches, lengths) / tokens).toBeLessThan(1.05);
    const longest = batches.map((batch) => lengths[batch[0]]);
    const rises = longest.slice(1).filter((length, i) => length > longest[i]).length;
    expect(rises / longest.length).toBeGreaterThan(0.35);
    expect(rises / longest.length).toBeLessThan(0.65);
  });
});

describe("inferenceBatches", () => {
  it("covers every index once within the budgets, the longest first", () => {
    fc.assert(
      fc.property(budgets, (budget) => {
        const batches = inferenceBatches(budget);
        expectLawful(batches, budget);
        const order = batches.flat().map((index) => budget.lengths[index]);
        expect(order).toEqual([...budget.lengths].sort((a, b) => b - a));
      }),
    );
  });

  it("cuts by examples and by tokens, and gives a long text a batch of its own", () => {
    const lengths = [4, 100, 4, 10, 4, 9];
    expect(inferenceBatches({ lengths, batchSize: 2, batchTokens: 20 })).toEqual([[1], [3, 5], [0, 2], [4]]);
    expect(inferenceBatches({ lengths: [], batchSize: 2, batchTokens: 20 })).toEqual([]);
  });
});

describe("ERR_BATCH_BUDGET", () => {
  it.each([
    [0, 8],
    [8, 0],
    [1.5, 8],
    [8, Number.NaN],
  ])("for %d examples and %d tokens", async (batchSize, batchTokens) => {
    const budget = { lengths: [1], batchSize, batchTokens };
    const message = `ERR_BATCH_BUDGET: batch size and batch tokens must be positive whole numbers; found ${batchSize} and ${batchTokens};`;
    expect(await messageOf(() => inferenceBatches(budget))).toContain(message);
    expect(await messageOf(() => trainingBatches({ ...budget, seed: 1, epoch: 0 }))).toContain(message);
  });
});
