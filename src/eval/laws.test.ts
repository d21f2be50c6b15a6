/** What holds for every set: orders do not matter, and perfect predictions score 1. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { snap } from "../../test/snap.ts";
import { Random } from "../base/random.ts";
import { evaluateMultiLabel, evaluateSingleLabel, type MultiLabelSet, type SingleLabelSet } from "./index.ts";
import { softmaxRows } from "./probabilities.ts";

interface Size {
  readonly n: number;
  readonly c: number;
  readonly seed: number;
}

const sizes: fc.Arbitrary<Size> = fc.record({
  n: fc.integer({ min: 1, max: 30 }),
  c: fc.integer({ min: 2, max: 6 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

function randomSingle({ n, c, seed }: Size): SingleLabelSet {
  const random = new Random(seed, "single");
  const truth = range(n).map(() => random.int(c));
  const logits = range(n * c).map(() => 4 * random.uniform());
  return { labelNames: range(c).map((j) => `label ${j}`), truth, probabilities: softmaxRows(logits, c) };
}

function randomMulti({ n, c, seed }: Size): MultiLabelSet {
  const random = new Random(seed, "multi");
  const truth = range(n * c).map(() => random.int(2));
  const probabilities = Float64Array.from(truth, () => random.uniform());
  return { labelNames: range(c).map((j) => `label ${j}`), truth, probabilities };
}

/** Rows and columns of an [n, c] array in another order. */
function reordered(
  values: ArrayLike<number>,
  rows: readonly number[],
  columns: readonly number[],
): Float64Array {
  return Float64Array.from(
    rows.flatMap((row) => columns.map((column) => values[row * columns.length + column])),
  );
}

/** Numbers may differ by the order in which they were added up. */
const TOLERANCE = 1e-12;

describe("single label", () => {
  it("does not depend on the order of examples", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const set = randomSingle(size);
        const rows = new Random(size.seed, "rows").shuffle(range(size.n));
        const truth = rows.map((row) => set.truth[row]);
        const probabilities = reordered(set.probabilities, rows, range(size.c));
        const permuted = evaluateSingleLabel({ ...set, truth, probabilities });
        const original = evaluateSingleLabel(set);
        expect(snap(permuted, original, TOLERANCE)).toEqual(original);
      }),
    );
  });

  it("permutes with the labels and changes nothing else", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const set = randomSingle(size);
        const order = new Random(size.seed, "labels").shuffle(range(size.c));
        const permuted = evaluateSingleLabel({
          labelNames: order.map((label) => set.labelNames[label]),
          truth: Array.from(set.truth, (label) => order.indexOf(label)),
          probabilities: reordered(set.probabilities, range(size.n), order),
        });
        const original = evaluateSingleLabel(set);
        const counts = order.map((i) => order.map((j) => original.confusion.counts[i][j]));
        const labels = order.map((label) => original.confusion.labels[label]);
        const expected = { ...original, confusion: { labels, counts } };
        expect(snap(permuted, expected, TOLERANCE)).toEqual(expected);
      }),
    );
  });

  it("gives 1 for certain and right predictions, and no loss", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const { labelNames, truth } = randomSingle(size);
        const probabilities = new Float64Array(size.n * size.c);
        for (let i = 0; i < size.n; i++) probabilities[i * size.c + truth[i]] = 1;
        const report = evaluateSingleLabel({ labelNames, truth, probabilities });
        const perfect = { accuracy: 1, weightedF1: 1, ece: 0, logLoss: 0 };
        expect(snap(report, perfect, TOLERANCE)).toMatchObject(perfect);
        for (const score of Object.values(report.perLabel)) {
          const one = score.support > 0 ? 1 : 0;
          expect(score).toEqual({ precision: one, recall: one, f1: one, support: score.support });
        }
      }),
    );
  });
});

describe("multi-label", () => {
  it("does not depend on the order of examples or labels", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const set = randomMulti(size);
        const rows = new Random(size.seed, "rows").shuffle(range(size.n));
        const columns = new Random(size.seed, "labels").shuffle(range(size.c));
        const permuted = evaluateMultiLabel({
          labelNames: columns.map((label) => set.labelNames[label]),
          truth: reordered(set.truth, rows, columns),
          probabilities: reordered(set.probabilities, rows, columns),
        });
        const original = evaluateMultiLabel(set);
        const confusion = {
          labels: columns.map((label) => set.labelNames[label]),
          counts: columns.map((label) => original.confusion.counts[label]),
        };
        const expected = { ...original, confusion };
        expect(snap(permuted, expected, TOLERANCE)).toEqual(expected);
      }),
    );
  });

  it("gives 1 for certain and right predictions, and no loss", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const { labelNames, truth } = randomMulti(size);
        const report = evaluateMultiLabel({ labelNames, truth, probabilities: Float64Array.from(truth) });
        const anyTrue = Array.from(truth).includes(1) ? 1 : 0;
        const perfect = { subsetAccuracy: 1, microF1: anyTrue, weightedF1: anyTrue, ece: 0, logLoss: 0 };
        expect(snap(report, perfect, TOLERANCE)).toMatchObject(perfect);
        for (const score of Object.values(report.perLabel)) {
          expect(score.averagePrecision).toBe(score.support > 0 ? 1 : 0);
        }
      }),
    );
  });
});

it("keeps labels whose names an object could mistake for its own", () => {
  const report = evaluateSingleLabel({
    labelNames: ["__proto__", "constructor"],
    truth: [0, 1],
    probabilities: Float64Array.of(1, 0, 0, 1),
  });
  expect(Object.keys(report.perLabel)).toEqual(["__proto__", "constructor"]);
});
