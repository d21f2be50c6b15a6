import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findLeaks } from "./duplicates.ts";
import type { Example } from "./examples.ts";
import { splitExamples } from "./split.ts";

const examples = (labels: readonly (readonly string[])[], text = (i: number) => `text ${i}`): Example[] =>
  labels.map((one, i) => ({ text: text(i), labels: one, row: i + 2 }));

/** How often each label occurs. */
function counts(set: readonly Example[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const label of set.flatMap((one) => one.labels)) found[label] = (found[label] ?? 0) + 1;
  return found;
}

const rows = (set: readonly Example[]) => set.map((one) => one.row);

describe("splitExamples", () => {
  it("gives each label its share and keeps the order of the source", () => {
    const labels = Array.from({ length: 1000 }, (_, i) => [i < 700 ? "a" : i < 900 ? "b" : "c"]);
    const { train, dev } = splitExamples(examples(labels), { devShare: 0.1, seed: 1 });
    expect(counts(dev)).toEqual({ a: 70, b: 20, c: 10 });
    expect(counts(train)).toEqual({ a: 630, b: 180, c: 90 });
    expect(rows(dev)).toEqual(rows(dev).sort((x, y) => x - y));
    expect(rows(train)).toEqual(rows(train).sort((x, y) => x - y));
  });

  it("carries fractions from label to label, so that many small labels still give a share", () => {
    const labels = Array.from({ length: 260 }, (_, i) => [`label ${i % 65}`]); // 4 examples each, 0.4 for dev
    const { dev } = splitExamples(examples(labels), { devShare: 0.1, seed: 3 });
    expect(dev).toHaveLength(26);
    expect(Math.max(...Object.values(counts(dev)))).toBe(1);
  });

  it("is the same for the same seed and differs for another", () => {
    const set = examples(Array.from({ length: 100 }, (_, i) => [String(i % 3)]));
    const dev = (seed: number) => rows(splitExamples(set, { devShare: 0.2, seed }).dev);
    expect(dev(1)).toEqual(dev(1));
    expect(dev(1)).not.toEqual(dev(2));
  });

  it("splits texts without labels", () => {
    const { train, dev } = splitExamples(examples(Array.from({ length: 10 }, () => [])), {
      devShare: 0.3,
      seed: 1,
    });
    expect([train.length, dev.length]).toEqual([7, 3]);
  });

  it("keeps every label of multi-label data near its share", () => {
    const labels = Array.from({ length: 2000 }, (_, i) =>
      ["a", "b", "c", "d"].filter((_label, k) => i % (k * 3 + 2) === 0),
    );
    const set = examples(labels);
    const { dev } = splitExamples(set, { devShare: 0.2, seed: 5 });
    expect(dev).toHaveLength(400);
    const all = counts(set);
    for (const [label, found] of Object.entries(counts(dev))) expect(found / all[label]).toBeCloseTo(0.2, 1);
  });

  it("gives a rare label its share though it stands beside common ones", () => {
    const labels = Array.from({ length: 1000 }, (_, i) => (i % 50 === 0 ? ["common", "rare"] : ["common"]));
    for (const seed of [1, 2, 3]) {
      const { dev } = splitExamples(examples(labels), { devShare: 0.2, seed });
      expect(counts(dev)).toEqual({ common: 200, rare: 4 });
    }
  });

  it("holds its laws on any data: a partition, labels stay in train, equal texts on one side", () => {
    const label = fc.constantFrom("a", "b", "c", "d", "e");
    const row = fc.record({ text: fc.nat(12), labels: fc.uniqueArray(label, { maxLength: 3 }) });
    const share = fc.double({ min: 0.05, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 4, maxLength: 40 }),
        share,
        fc.nat(1000),
        (data, devShare, seed) => {
          const set = data.map(({ text, labels }, i) => ({
            text: `t${" ".repeat(i % 3)} ${text}`,
            labels,
            row: i,
          }));
          let parts: ReturnType<typeof splitExamples>;
          try {
            parts = splitExamples(set, { devShare, seed });
          } catch (error) {
            expect(error).toMatchObject({ code: "ERR_SPLIT_SHARE" });
            return;
          }
          const { train, dev } = parts;
          expect([...rows(train), ...rows(dev)].sort((a, b) => a - b)).toEqual(rows(set));
          expect(Object.keys(counts(train)).sort()).toEqual(Object.keys(counts(set)).sort());
          expect(findLeaks(train, dev)).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("ERR_SPLIT_SHARE", () => {
  it.each([0, 1, -0.1, Number.NaN])("for a share of %d", (devShare) => {
    expect(() => splitExamples(examples([["a"], ["b"]]), { devShare, seed: 1 })).toThrow(
      expect.objectContaining({
        code: "ERR_SPLIT_SHARE",
        message: expect.stringContaining(`found ${devShare}`),
      }),
    );
  });

  it("when a side would be empty", () => {
    const few = examples([["a"], ["a"], ["b"]]);
    expect(() => splitExamples(few, { devShare: 0.1, seed: 1 })).toThrow(
      "0.1 of 3 different texts leaves dev empty",
    );
    const same = examples([["a"], ["a"], ["a"]], () => "same");
    expect(() => splitExamples(same, { devShare: 0.9, seed: 1 })).toThrow("leaves dev empty");
    const unlabelled = examples([[], []], () => "same");
    expect(() => splitExamples(unlabelled, { devShare: 0.9, seed: 1 })).toThrow("leaves train empty");
  });
});
