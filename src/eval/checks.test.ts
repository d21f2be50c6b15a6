/** Input that cannot be measured is refused, with the place of the fault. */
import { describe, expect, it } from "vitest";
import { evaluateMultiLabel, evaluateSingleLabel } from "./index.ts";

const labelNames = ["a", "b"];
const probabilities = Float64Array.of(0.75, 0.25, 0.5, 0.5);
const single = { labelNames, truth: [0, 1], probabilities };
const multi = { labelNames, truth: [0, 1, 1, 1], probabilities };

describe("evaluateSingleLabel refuses", () => {
  it.each([
    ["an empty set", { truth: [], probabilities: new Float64Array(0) }, /^ERR_EVAL_EMPTY/],
    ["truth without predictions", { probabilities: new Float64Array(0) }, /^ERR_EVAL_LENGTHS: .*2 true/],
    ["too little truth", { truth: [0] }, /^ERR_EVAL_LENGTHS: .*1 true labels .* 4 probabilities/],
    ["a cut row", { probabilities: probabilities.subarray(0, 3) }, /^ERR_EVAL_LENGTHS/],
    ["no labels", { labelNames: [] }, /^ERR_EVAL_LABEL_NAMES: .*no label names/],
    ["a repeated name", { labelNames: ["a", "a"] }, /^ERR_EVAL_LABEL_NAMES: .*"a" twice/],
    ["a label past the end", { truth: [0, 2] }, /^ERR_EVAL_TRUTH: .*0\.\.1; 2 at position 1/],
    ["a negative label", { truth: [-1, 0] }, /^ERR_EVAL_TRUTH: .*-1 at position 0/],
    ["half a label", { truth: [0.5, 0] }, /^ERR_EVAL_TRUTH/],
    [
      "NaN",
      { probabilities: Float64Array.of(1, 0, Number.NaN, 1) },
      /^ERR_EVAL_PROBABILITY: .*NaN for label "a" of example 1/,
    ],
    [
      "more than 1",
      { probabilities: Float32Array.of(1, 0, 0, 1.5) },
      /^ERR_EVAL_PROBABILITY: .*1\.5 for label "b"/,
    ],
    ["less than 0", { probabilities: Float64Array.of(1, -0.1, 0, 1) }, /^ERR_EVAL_PROBABILITY: .*-0\.1/],
    [
      "sigmoids",
      { probabilities: Float64Array.of(0.5, 0.5, 0.9, 0.9) },
      /^ERR_EVAL_ROW_SUM: .*1\.8 at example 1/,
    ],
  ])("%s", (_, change, message) => {
    expect(() => evaluateSingleLabel({ ...single, ...change })).toThrow(message);
  });

  it("nothing of the set that the cases above were made from", () => {
    expect(evaluateSingleLabel(single).examples).toBe(2);
  });
});

describe("evaluateMultiLabel refuses", () => {
  it.each([
    ["an empty set", { truth: [], probabilities: new Float64Array(0) }, /^ERR_EVAL_EMPTY/],
    ["truth by example", { truth: [0, 1] }, /^ERR_EVAL_LENGTHS: .*2 true labels at 2 an example/],
    [
      "a cut row on both sides",
      { truth: [0, 1, 1], probabilities: probabilities.subarray(1) },
      /^ERR_EVAL_LENGTHS/,
    ],
    ["truth other than 0 and 1", { truth: [0, 1, 2, 1] }, /^ERR_EVAL_TRUTH: .*0\.\.1; 2 at position 2/],
    ["a threshold above 1", { threshold: 50 }, /^ERR_EVAL_THRESHOLD: .*50/],
    ["a threshold that is NaN", { threshold: Number.NaN }, /^ERR_EVAL_THRESHOLD: .*NaN/],
    ["NaN", { probabilities: Float64Array.of(1, 0, 0, Number.NaN) }, /^ERR_EVAL_PROBABILITY/],
  ])("%s", (_, change, message) => {
    expect(() => evaluateMultiLabel({ ...multi, ...change })).toThrow(message);
  });

  it("nothing of the set that the cases above were made from", () => {
    expect(evaluateMultiLabel(multi)).toMatchObject({ examples: 2, threshold: 0.5 });
  });
});
