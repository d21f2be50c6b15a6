import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cursor, cutDocuments, RunOrder, type Sequences } from "./sequences.ts";

/** Documents of these lengths, one after the other in a store. */
function documents(lengths: readonly number[]) {
  let end = 0;
  return lengths.map((length) => ({ start: end, end: (end += length) }));
}

const first: Cursor = { epoch: 0, window: 0, step: 0 };
const anyLengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 });

describe("cutDocuments", () => {
  it("covers every token of every document once, within documents, in parts of at most one token more", () => {
    fc.assert(
      fc.property(anyLengths, fc.integer({ min: 1, max: 130 }), (lengths, most) => {
        const { starts, lengths: cut } = cutDocuments(documents(lengths), most);
        let sequence = 0;
        for (const { start, end } of documents(lengths)) {
          const parts: number[] = [];
          for (let at = start; at < end; at += cut[sequence++]) {
            expect(starts[sequence]).toBe(at);
            parts.push(cut[sequence]);
          }
          expect(parts.reduce((a, b) => a + b)).toBe(end - start); // the last part ends where the document does
          expect(Math.max(...parts)).toBeLessThanOrEqual(most);
          expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
          expect(parts).toHaveLength(Math.ceil((end - start) / most));
        }
        expect(sequence).toBe(starts.length);
      }),
    );
  });

  it("takes nothing from an empty document, and places beyond 32 bits", () => {
    const far = 2 ** 40;
    const { starts, lengths } = cutDocuments(
      [
        { start: 5, end: 5 },
        { start: far, end: far + 3 },
      ],
      2,
    );
    expect([...starts]).toEqual([far, far + 1]);
    expect([...lengths]).toEqual([1, 2]);
  });
});

describe("the order of a run", () => {
  const orderOf = (sequences: Sequences, stepTokens: number, seed = 1) =>
    new RunOrder(sequences, { seed, stepTokens, specialTokens: 3 });

  it("visits every sequence once an epoch, in steps within the budget, as many as it counts", () => {
    const budget = fc.integer({ min: 8, max: 600 });
    fc.assert(
      fc.property(anyLengths, budget, fc.nat(), fc.nat({ max: 5 }), (lengths, stepTokens, seed, epoch) => {
        const sequences = cutDocuments(documents(lengths), 125);
        const order = orderOf(sequences, stepTokens, seed);
        const visited: number[] = [];
        let steps = 0;
        let at: Cursor = { ...first, epoch };
        for (; at.epoch === epoch; at = order.next(at)) {
          const step = order.sequences(at);
          visited.push(...step);
          steps++;
          const longest = Math.max(...step.map((sequence) => sequences.lengths[sequence] + 3));
          if (step.length > 1) expect(longest * step.length).toBeLessThanOrEqual(stepTokens);
          expect(step.length).toBeGreaterThan(0);
        }
        expect(at).toEqual({ epoch: epoch + 1, window: 0, step: 0 });
        expect(visited.sort((a, b) => a - b)).toEqual([...sequences.starts.keys()]);
        expect(order.countSteps(epoch)).toBe(steps);
      }),
      { numRuns: 60 },
    );
  });

  const sequences = cutDocuments(documents(Array.from({ length: 3000 }, (_, i) => 1 + ((i * 37) % 60))), 125);

  it("is found at any place without walking there", () => {
    const walked = orderOf(sequences, 256);
    expect(walked.windows).toBeGreaterThan(3);
    const trail: { at: Cursor; step: readonly number[] }[] = [];
    for (let at = first; at.epoch < 2; at = walked.next(at)) trail.push({ at, step: walked.sequences(at) });
    const jumping = orderOf(sequences, 256);
    for (let i = trail.length - 1; i >= 0; i -= 17) {
      expect(jumping.sequences(trail[i].at)).toEqual(trail[i].step);
      expect(jumping.next(trail[i].at)).toEqual(trail[i + 1]?.at ?? { epoch: 2, window: 0, step: 0 });
    }
  });

  it("differs from epoch to epoch and from seed to seed", () => {
    const order = orderOf(sequences, 256);
    expect(order.sequences(first)).not.toEqual(order.sequences({ ...first, epoch: 1 }));
    expect(order.sequences(first)).not.toEqual(orderOf(sequences, 256, 2).sequences(first));
  });

  it("wastes little: sequences of a step are of about one length", () => {
    const order = orderOf(sequences, 1024);
    let [tokens, padded] = [0, 0];
    for (let at = first; at.epoch === 0; at = order.next(at)) {
      const lengths = order.sequences(at).map((sequence) => sequences.lengths[sequence] + 3);
      tokens += lengths.reduce((a, b) => a + b);
      padded += Math.max(...lengths) * lengths.length;
    }
    expect(tokens / padded).toBeGreaterThan(0.95);
  });
});
