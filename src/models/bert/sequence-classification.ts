/**
 * BERT with a linear classifier on the pooled [CLS] vector, and its losses.
 *
 * Source: Devlin et al. 2019, section 4.1; parameter paths of Hugging Face's `BertForSequenceClassification`. What a
 * classifier is in general is in models/classifier.ts; family.ts here makes a BERT one of the families.
 */
import { dropout, linear, Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type {
  ClassificationLossOptions,
  ClassifierGraph,
  ClassifierOptions,
  TrainingGraph,
} from "../classifier.ts";
import { withLoss } from "../classifier.ts";
import type { BackboneOptions, BertInputs } from "./backbone.ts";
import { bertBackbone, bertInputs, start } from "./backbone.ts";
import type { BertConfig, SequenceClassificationConfig } from "./config.ts";

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
): ClassifierGraph<BertInputs> {
  const root = Scope.root({ training: false });
  return steps === undefined
    ? trace(root, config, bertInputs(idType), "cls")
    : trace(root.recordingInto(steps), config, bertInputs(idType), "all");
}

/** Traces the classifier in training mode together with the loss of its problem type. */
export function bertClassifierLoss(
  config: SequenceClassificationConfig,
  options: ClassificationLossOptions = {},
): TrainingGraph<BertInputs> {
  return withLoss(trace(Scope.root({ training: true }), config, bertInputs("int32"), "cls"), config, options);
}

/** Dropout and the linear classifier, [b, h] -> [b, labels]. */
export function pooledClassifier(
  root: Scope,
  pooled: Tensor,
  config: Pick<BertConfig, "classifierDropout" | "hiddenDropoutProb" | "initializerRange">,
  labels: number,
): Tensor {
  const dropped = dropout(root.at("dropout"), pooled, config.classifierDropout ?? config.hiddenDropoutProb);
  return linear(root.at("classifier"), dropped, { outFeatures: labels, ...start(config) });
}

function trace(
  root: Scope,
  config: SequenceClassificationConfig,
  inputs: BertInputs,
  lastLayer: BackboneOptions["lastLayer"],
): ClassifierGraph<BertInputs> {
  const { pooled } = bertBackbone(root.at("bert"), inputs, config, { lastLayer });
  const logits = pooledClassifier(root, pooled, config, config.labels.length);
  return { inputs, logits, parameters: root.parameters, dropouts: root.dropouts };
}
