/** What losses refuse: each error names the loss, what it expects and what it found. Nothing is broadcast. */
import { describe, expect, it } from "vitest";
import type { DType } from "../base/dtype.ts";
import type { Shape } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { input } from "../tensor/index.ts";
import { binaryCrossEntropy, crossEntropy, focalLoss, klDivergence, meanSquaredError } from "./losses.ts";

const x = (...shape: Shape): Tensor => input("x", "float32", shape);
const other = (dtype: DType, ...shape: Shape): Tensor => input("other", dtype, shape);

/** What happens, its error up to the next step, and what to call. */
type Refusal = readonly [what: string, error: string, call: () => unknown];

describe("what does not belong to logits", () => {
  const logits = x("n", 3);
  const labels = other("int32", "n");

  it.each<Refusal>([
    [
      "logits of rank 1",
      "ERR_SHAPE: loss: logits must be [..., classes]; float32[3]",
      () => crossEntropy(x(3), other("int32")),
    ],
    [
      "labels of another length",
      "ERR_SHAPE: crossEntropy: labels must be int32 or int64 [n] where logits are [n, 3]; int32[m]",
      () => crossEntropy(logits, other("int32", "m")),
    ],
    [
      "shares as labels",
      "ERR_SHAPE: crossEntropy: labels must be int32 or int64 [n] where logits are [n, 3]; float32[n, 3]",
      () => crossEntropy(logits, x("n", 3)),
    ],
    [
      "class weights",
      "ERR_OPTION: crossEntropy: classWeights must be 3 numbers; there are 1",
      () => crossEntropy(logits, labels, { classWeights: [1] }),
    ],
    [
      "smoothing",
      "ERR_OPTION: crossEntropy: labelSmoothing must be in [0, 1); it is 1",
      () => crossEntropy(logits, labels, { labelSmoothing: 1 }),
    ],
    [
      "half a label",
      "ERR_OPTION: crossEntropy: ignoreIndex must be a whole number; it is 0.5",
      () => crossEntropy(logits, labels, { ignoreIndex: 0.5 }),
    ],
    [
      "weights of other examples",
      "ERR_SHAPE: loss: exampleWeights must be float32 [n]; float32[m]",
      () => crossEntropy(logits, labels, { exampleWeights: x("m") }),
    ],
    [
      "targets that would broadcast",
      "ERR_SHAPE: binaryCrossEntropy: targets must be float32 [n, 3], like the logits; float32[n, 3] and float32[1, 3]",
      () => binaryCrossEntropy(logits, x(1, 3)),
    ],
    [
      "targets the wrong way round",
      "ERR_SHAPE: binaryCrossEntropy: targets must be float32 [t, b, 3], like the logits; float32[t, b, 3] and float32[b, t, 3]",
      () => binaryCrossEntropy(x("t", "b", 3), x("b", "t", 3)),
    ],
    [
      "targets of whole numbers",
      "ERR_SHAPE: binaryCrossEntropy: targets must be float32 [n, 3], like the logits; float32[n, 3] and int32[n, 3]",
      () => binaryCrossEntropy(logits, other("int32", "n", 3)),
    ],
    [
      "weights of yes",
      "ERR_OPTION: binaryCrossEntropy: posWeights must be 3 numbers; there are 2",
      () => binaryCrossEntropy(logits, logits, { posWeights: [1, 2] }),
    ],
    [
      "targets of the focal loss",
      "ERR_SHAPE: focalLoss: targets must be float32 [n, 3], like the logits; float32[n, 3] and float32[n, 4]",
      () => focalLoss(logits, x("n", 4)),
    ],
    [
      "gamma",
      "ERR_OPTION: focalLoss: gamma must be a number, 0 or more; it is -1",
      () => focalLoss(logits, logits, { gamma: -1 }),
    ],
    [
      "alpha",
      "ERR_OPTION: focalLoss: alpha must be in [0, 1]; it is 2",
      () => focalLoss(logits, logits, { alpha: 2 }),
    ],
    [
      "a teacher of other classes",
      "ERR_SHAPE: klDivergence: targetLogits must be float32 [6, 4], like the logits; float32[6, 4] and float32[8, 3]",
      () => klDivergence(x(6, 4), x(8, 3)),
    ],
    [
      "a target that would broadcast",
      "ERR_SHAPE: meanSquaredError: target must be float32 [n, 3], like the prediction; float32[n, 3] and float32[3]",
      () => meanSquaredError(logits, x(3)),
    ],
  ])("%s", (_, error, call) => {
    expect(call).toThrow(`${error}; `);
  });
});
