/**
 * The training engine with a classifier in it: its graphs, and batches as its feeds.
 *
 * Knows what a classifier is fed; how a step is done is the engine's (engine/training-engine.ts).
 */
import type { HostTensor } from "../base/dtype.ts";
import { internal } from "../base/errors.ts";
import type { CollatedBatch } from "../data/index.ts";
import type { EngineOptions } from "../engine/index.ts";
import { TrainingEngine } from "../engine/index.ts";
import { inputList } from "../models/blocks/inputs.ts";
import type { ClassificationLossOptions, TrainingGraph } from "../models/classifier.ts";
import type { ClassifierModel } from "../models/family.ts";
import type { Tensors } from "../runtime/index.ts";
import type { LossGraph } from "../engine/index.ts";

/** Part of a step that goes through the graph at once. */
export interface MicroBatch {
  readonly inputs: CollatedBatch;
  /** int32 [b], or float32 [b, c] for several labels. */
  readonly labels: Int32Array | Float32Array;
}

export type ClassifierEngineOptions = Omit<EngineOptions, "training" | "evaluation" | "maxRows"> &
  ClassificationLossOptions & {
    readonly model: ClassifierModel;
    /** The most padded tokens that a micro-batch may hold. */
    readonly maxTokens: number;
  };

/** Traces the classifier and loads it. Weights are zero until they are filled in. */
export function createClassifierEngine(options: ClassifierEngineOptions): Promise<TrainingEngine> {
  const { model, maxTokens } = options;
  const { inputs, logits } = model.trace({ idType: "int32" });
  return TrainingEngine.create({
    ...options,
    maxRows: maxTokens,
    training: classifierLossGraph(model.traceLoss(options)),
    evaluation: { inputs: inputList(inputs), outputs: { logits } },
  });
}

/** The loss of a classifier as the engine takes it, with its logits as a further output. */
export function classifierLossGraph(graph: TrainingGraph): LossGraph {
  const { inputs, labels, exampleWeights, logits, loss, parameters, dropouts } = graph;
  return {
    inputs: [...inputList(inputs), labels, exampleWeights],
    loss,
    parameters,
    dropouts,
    outputs: { logits },
  };
}

/** The feeds of one step's micro-batches, whose examples all weigh the same. */
export function classifierFeeds(
  microBatches: readonly MicroBatch[],
  model: Pick<ClassifierModel, "config" | "takesTokenTypes">,
): Tensors[] {
  const classes = model.config.labels.length;
  const examples = microBatches.reduce((sum, { inputs }) => sum + inputs.batch, 0);
  return microBatches.map(({ inputs, labels }) => {
    const b = inputs.batch;
    return {
      ...inputFeeds(inputs, model),
      labels:
        labels instanceof Int32Array
          ? { dtype: "int32", shape: [b], data: labels }
          : { dtype: "float32", shape: [b, classes], data: labels },
      example_weights: { dtype: "float32", shape: [b], data: new Float32Array(b).fill(1 / examples) },
    };
  });
}

/** Logits [b, c] of the engine's present weights or their average, dropout off. */
export async function classifierLogits(
  engine: TrainingEngine,
  inputs: CollatedBatch,
  model: Pick<ClassifierModel, "takesTokenTypes">,
): Promise<Float32Array> {
  const { logits } = await engine.evaluate(inputFeeds(inputs, model));
  if (!(logits.data instanceof Float32Array)) throw internal(`logits are ${logits.dtype}, not float32`);
  return logits.data;
}

function inputFeeds(
  { inputIds, attentionMask, tokenTypeIds, batch, length }: CollatedBatch,
  { takesTokenTypes }: Pick<ClassifierModel, "takesTokenTypes">,
): Tensors {
  const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [batch, length], data });
  return {
    input_ids: int32(inputIds),
    attention_mask: int32(attentionMask),
    ...(takesTokenTypes ? { token_type_ids: int32(tokenTypeIds) } : {}),
  };
}
