/**
 * The training engine with a BERT classifier in it: its graphs, and batches as its feeds.
 *
 * Knows what a classifier is fed; how a step is done is the engine's (engine/training-engine.ts).
 */
import type { HostTensor } from "../base/dtype.ts";
import { internal } from "../base/errors.ts";
import type { CollatedBatch } from "../data/index.ts";
import type { EngineOptions } from "../engine/index.ts";
import { TrainingEngine } from "../engine/index.ts";
import type { SequenceClassificationConfig } from "../models/bert/config.ts";
import { bertClassifier, bertClassifierLoss } from "../models/bert/sequence-classification.ts";
import type { Tensors } from "../runtime/index.ts";
import type { LossGraph } from "../engine/index.ts";
import type { ClassificationLossOptions } from "../models/bert/sequence-classification.ts";

/** Part of a step that goes through the graph at once. */
export interface MicroBatch {
  readonly inputs: CollatedBatch;
  /** int32 [b], or float32 [b, c] for several labels. */
  readonly labels: Int32Array | Float32Array;
}

export type ClassifierEngineOptions = Omit<EngineOptions, "training" | "evaluation" | "maxRows"> &
  ClassificationLossOptions & {
    readonly config: SequenceClassificationConfig;
    /** The most padded tokens that a micro-batch may hold. */
    readonly maxTokens: number;
  };

/** Traces the classifier and loads it. Weights are zero until they are filled in. */
export function createClassifierEngine(options: ClassifierEngineOptions): Promise<TrainingEngine> {
  const { config, maxTokens } = options;
  const { inputs, logits } = bertClassifier(config, { idType: "int32" });
  return TrainingEngine.create({
    ...options,
    maxRows: maxTokens,
    training: classifierLossGraph(config, options),
    evaluation: {
      inputs: [inputs.inputIds, inputs.attentionMask, inputs.tokenTypeIds],
      outputs: { logits },
    },
  });
}

/** The loss of a classifier as the engine takes it, with its logits as a further output. */
export function classifierLossGraph(
  config: SequenceClassificationConfig,
  options: ClassificationLossOptions = {},
): LossGraph {
  const graph = bertClassifierLoss(config, options);
  const { inputs, labels, exampleWeights, logits, loss, parameters, dropouts } = graph;
  return {
    inputs: [inputs.inputIds, inputs.attentionMask, inputs.tokenTypeIds, labels, exampleWeights],
    loss,
    parameters,
    dropouts,
    outputs: { logits },
  };
}

/** The feeds of one step's micro-batches, whose examples all weigh the same. */
export function classifierFeeds(microBatches: readonly MicroBatch[], classes: number): Tensors[] {
  const examples = microBatches.reduce((sum, { inputs }) => sum + inputs.batch, 0);
  return microBatches.map(({ inputs, labels }) => {
    const b = inputs.batch;
    return {
      ...inputFeeds(inputs),
      labels:
        labels instanceof Int32Array
          ? { dtype: "int32", shape: [b], data: labels }
          : { dtype: "float32", shape: [b, classes], data: labels },
      example_weights: { dtype: "float32", shape: [b], data: new Float32Array(b).fill(1 / examples) },
    };
  });
}

/** Logits [b, c] of the engine's present weights or their average, dropout off. */
export async function classifierLogits(engine: TrainingEngine, inputs: CollatedBatch): Promise<Float32Array> {
  const { logits } = await engine.evaluate(inputFeeds(inputs));
  if (!(logits.data instanceof Float32Array)) throw internal(`logits are ${logits.dtype}, not float32`);
  return logits.data;
}

function inputFeeds({ inputIds, attentionMask, tokenTypeIds, batch, length }: CollatedBatch): Tensors {
  const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [batch, length], data });
  return {
    input_ids: int32(inputIds),
    attention_mask: int32(attentionMask),
    token_type_ids: int32(tokenTypeIds),
  };
}
