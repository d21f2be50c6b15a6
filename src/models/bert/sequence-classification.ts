/**
 * BERT with a linear classifier on the pooled [CLS] vector, and its losses.
 *
 * Source: Devlin et al. 2019, section 4.1; parameter paths of Hugging Face's `BertForSequenceClassification`.
 * Serves single-label (softmax, cross-entropy) and multi-label (sigmoid, binary cross-entropy) alike; the head is
 * the same, only the loss differs.
 */
import { dropout, linear, Scope } from "../../nn/index.ts";
import type { DropoutSite, ParameterSpec } from "../../nn/index.ts";
import { binaryCrossEntropy, crossEntropy } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { input } from "../../tensor/index.ts";
import type { BackboneOptions, BertInputs } from "./backbone.ts";
import { bertBackbone, bertInputs, start } from "./backbone.ts";
import type { SequenceClassificationConfig } from "./config.ts";

/** A traced classifier: symbolic logits and what they depend on. */
export interface ClassifierGraph {
  readonly inputs: BertInputs;
  /** [b, c] */
  readonly logits: Tensor;
  readonly parameters: readonly ParameterSpec[];
  readonly dropouts: readonly DropoutSite[];
}

/** A classifier with its loss: what training differentiates. */
export interface TrainingGraph extends ClassifierGraph {
  /** int32 [b] for single-label, float32 [b, c] of 0 and 1 for multi-label. */
  readonly labels: Tensor;
  /** float32 [b]: the share of each example in the step's loss, 1/n for a plain mean. */
  readonly exampleWeights: Tensor;
  /** [1] */
  readonly loss: Tensor;
}

export interface ClassifierOptions {
  readonly idType: "int32" | "int64";
  /**
   * Takes what the layers record on the way, by path. The last layer then goes through every token instead of [CLS]
   * alone, so that there is as much to see as in the others; the logits are the same.
   */
  readonly steps?: Map<string, Tensor>;
}

/**
 * Traces the classifier. `idType` "int64" is what other ONNX tools feed; "int32" saves the host from BigInt.
 *
 * @example
 * const head = { labels: ["no", "yes"], problemType: "single_label_classification" } as const;
 * const graph = bertClassifier(bertPreset("tiny", { vocabSize: 3000, ...head }), { idType: "int64" });
 * graph.logits.shape; // ["b", 2]
 */
export function bertClassifier(
  config: SequenceClassificationConfig,
  { idType, steps }: ClassifierOptions,
): ClassifierGraph {
  const root = Scope.root({ training: false });
  return steps === undefined
    ? trace(root, config, bertInputs(idType))
    : trace(root.recordingInto(steps), config, bertInputs(idType), "all");
}

export interface ClassificationLossOptions {
  /** Share of each single label's target spread over all labels, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
}

/** Traces the classifier in training mode together with the loss of its problem type. */
export function bertClassifierLoss(
  config: SequenceClassificationConfig,
  options: ClassificationLossOptions = {},
): TrainingGraph {
  const graph = trace(Scope.root({ training: true }), config, bertInputs("int32"));
  const exampleWeights = input("example_weights", "float32", ["b"]);
  if (config.problemType === "multi_label_classification") {
    const labels = input("labels", "float32", ["b", config.labels.length]);
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

function trace(
  root: Scope,
  config: SequenceClassificationConfig,
  inputs: BertInputs,
  lastLayer: BackboneOptions["lastLayer"] = "cls",
): ClassifierGraph {
  const { pooled } = bertBackbone(root.at("bert"), inputs, config, { lastLayer });
  const dropped = dropout(root.at("dropout"), pooled, config.classifierDropout ?? config.hiddenDropoutProb);
  const logits = linear(root.at("classifier"), dropped, {
    outFeatures: config.labels.length,
    ...start(config),
  });
  return { inputs, logits, parameters: root.parameters, dropouts: root.dropouts };
}
