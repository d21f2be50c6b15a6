/**
 * A traced classifier of any family, and the losses that training differentiates.
 *
 * Serves single-label (softmax, cross-entropy) and multi-label (sigmoid, binary cross-entropy) alike; the head is
 * the same, only the loss differs.
 */
import type { DropoutSite, ParameterSpec } from "../nn/index.ts";
import { binaryCrossEntropy, crossEntropy } from "../nn/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { input } from "../tensor/index.ts";
import type { ModelInputs } from "./blocks/inputs.ts";
import type { ClassificationHead } from "./head-config.ts";

/** A traced classifier: symbolic logits and what they depend on. */
export interface ClassifierGraph<Inputs extends ModelInputs = ModelInputs> {
  readonly inputs: Inputs;
  /** [b, c] */
  readonly logits: Tensor;
  readonly parameters: readonly ParameterSpec[];
  readonly dropouts: readonly DropoutSite[];
}

/** A classifier with its loss: what training differentiates. */
export interface TrainingGraph<Inputs extends ModelInputs = ModelInputs> extends ClassifierGraph<Inputs> {
  /** int32 [b] for single-label, float32 [b, c] of 0 and 1 for multi-label. */
  readonly labels: Tensor;
  /** float32 [b]: the share of each example in the step's loss, 1/n for a plain mean. */
  readonly exampleWeights: Tensor;
  /** [1] */
  readonly loss: Tensor;
}

export interface ClassifierOptions {
  /** "int64" is what other ONNX tools feed; "int32" saves the host from BigInt. */
  readonly idType: "int32" | "int64";
  /**
   * Takes what the layers record on the way, by path. The last layer then goes through every token instead of the
   * first alone, so that there is as much to see as in the others; the logits are the same.
   */
  readonly steps?: Map<string, Tensor>;
}

export interface ClassificationLossOptions {
  /** Share of each single label's target spread over all labels, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
}

/** A classifier traced in training mode, together with the loss of its problem type. */
export function withLoss<Inputs extends ModelInputs>(
  graph: ClassifierGraph<Inputs>,
  head: ClassificationHead,
  options: ClassificationLossOptions = {},
): TrainingGraph<Inputs> {
  const exampleWeights = input("example_weights", "float32", ["b"]);
  if (head.problemType === "multi_label_classification") {
    const labels = input("labels", "float32", ["b", head.labels.length]);
    return {
      ...graph,
      labels,
      exampleWeights,
      loss: binaryCrossEntropy(graph.logits, labels, { exampleWeights }),
    };
  }
  const labels = input("labels", "int32", ["b"]);
  return {
    ...graph,
    labels,
    exampleWeights,
    loss: crossEntropy(graph.logits, labels, { ...options, exampleWeights }),
  };
}
