/** Reads the goldens of fixtures/bert-tiny-gradients. */
import { readFileSync } from "node:fs";
import { goldenMask, goldenWeights } from "../../fixtures/bert-tiny-gradients/formula.ts";
import type { HostTensor } from "../../src/base/dtype.ts";
import { elementCount, evaluateDim } from "../../src/base/shape.ts";
import type { ProblemType, SequenceClassificationConfig } from "../../src/models/bert/config.ts";
import type { TrainingGraph } from "../../src/models/classifier.ts";

const folder = new URL("../../fixtures/bert-tiny-gradients/", import.meta.url);

interface Case {
  readonly loss: number;
  readonly logits: readonly (readonly number[])[];
}

interface Expected {
  readonly batch: Record<
    "inputIds" | "tokenTypeIds" | "attentionMask" | "multiLabels",
    readonly (readonly number[])[]
  > & {
    readonly labels: readonly number[];
  };
  readonly singleLabel: Case;
  readonly multiLabel: Case;
  readonly training: {
    readonly optimizer: {
      readonly lr: number;
      readonly betas: readonly [number, number];
      readonly eps: number;
      readonly weightDecay: number;
    };
    readonly losses: readonly number[];
    readonly gradientNorms: readonly number[];
  };
}

export const expected = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as Expected;

export const batch = {
  b: expected.batch.inputIds.length,
  t: expected.batch.inputIds[0].length,
  inputIds: expected.batch.inputIds.flat(),
  tokenTypeIds: expected.batch.tokenTypeIds.flat(),
  attentionMask: expected.batch.attentionMask.flat(),
  multiLabels: expected.batch.multiLabels.flat(),
  labels: expected.batch.labels,
};

export function config(problemType: ProblemType, dropout: number): SequenceClassificationConfig {
  return {
    vocabSize: 61,
    hiddenSize: 128,
    numHiddenLayers: 2,
    numAttentionHeads: 2,
    intermediateSize: 512,
    maxPositionEmbeddings: 37,
    typeVocabSize: 2,
    layerNormEps: 1e-12,
    hiddenDropoutProb: dropout,
    attentionProbsDropoutProb: dropout,
    classifierDropout: null,
    initializerRange: 0.02,
    hiddenAct: "gelu",
    padTokenId: 0,
    problemType,
    labels: ["one", "two", "three"],
  };
}

export function int32(shape: readonly number[], values: readonly number[]): HostTensor {
  return { dtype: "int32", shape, data: Int32Array.from(values) };
}

export function float32(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: "float32", shape, data };
}

/** Everything that one step on the golden batch is fed: texts, labels, weights and dropout masks. */
export function goldenFeeds(
  graph: TrainingGraph,
  { problemType }: SequenceClassificationConfig,
): Record<string, HostTensor> {
  const { b, t } = batch;
  const feeds: Record<string, HostTensor> = {
    input_ids: int32([b, t], batch.inputIds),
    attention_mask: int32([b, t], batch.attentionMask),
    token_type_ids: int32([b, t], batch.tokenTypeIds),
    labels:
      problemType === "single_label_classification"
        ? int32([b], batch.labels)
        : float32([b, 3], Float32Array.from(batch.multiLabels)),
    example_weights: float32([b], new Float32Array(b).fill(1 / b)),
  };
  for (const { name, shape } of graph.parameters)
    feeds[name] = float32(shape, goldenWeights(name, elementCount(shape)));
  for (const { name, mask } of graph.dropouts) {
    const sizes = mask.shape.map((dim) => evaluateDim(dim, { b, t }));
    feeds[`mask:${name}`] = float32(sizes, goldenMask(name, elementCount(sizes)));
  }
  return feeds;
}

/** The float32 tensors of one safetensors file by name, read by hand so that this test does not lean on our reader. */
export function readGolden(name: string): Map<string, Float32Array> {
  const bytes = readFileSync(new URL(name, folder));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerLength)) as Record<
    string,
    { data_offsets?: [number, number] }
  >;
  const tensors = new Map<string, Float32Array>();
  for (const [key, { data_offsets: offsets }] of Object.entries(header)) {
    if (offsets === undefined) continue;
    const data = bytes.subarray(8 + headerLength + offsets[0], 8 + headerLength + offsets[1]);
    tensors.set(key, new Float32Array(Uint8Array.from(data).buffer));
  }
  return tensors;
}
