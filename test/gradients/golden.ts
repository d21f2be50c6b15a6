/** Reads the goldens of fixtures/bert-tiny-gradients, and what tests of other goldens share. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { goldenMask, goldenWeights } from "../../fixtures/bert-tiny-gradients/formula.ts";
import type { HostTensor } from "../../src/base/dtype.ts";
import { elementCount, evaluateDim } from "../../src/base/shape.ts";
import type { ProblemType, SequenceClassificationConfig } from "../../src/models/bert/config.ts";
import type { GradientGraph } from "../../src/engine/index.ts";
import type { TrainingGraph } from "../../src/models/classifier.ts";
import type { Tensors } from "../../src/runtime/index.ts";
import { numbers } from "../compute.ts";

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

/** Every gradient in the parameter's shape: what a step's graph gives dense, and its rows added up. */
export function gradientsOf(
  program: GradientGraph,
  parameters: TrainingGraph["parameters"],
  results: Tensors,
): Map<string, Float32Array> {
  const gradients = new Map<string, Float32Array>();
  for (const [name, output] of program.dense)
    gradients.set(name, Float32Array.from(numbers(results[output])));
  for (const { parameter, indices, rows } of program.rows) {
    const spec = parameters.find(({ name }) => name === parameter);
    const dims = spec?.shape ?? [0, 0];
    const total = gradients.get(parameter) ?? new Float32Array(elementCount(dims));
    numbers(results[indices]).forEach((row, i) => {
      for (let j = 0; j < dims[1]; j++) total[row * dims[1] + j] += numbers(results[rows])[i * dims[1] + j];
    });
    gradients.set(parameter, total);
  }
  return gradients;
}

/** That a gradient is the golden one, to 1e-5 of its largest value. */
export function expectGradient(name: string, got: Float32Array | undefined, want: Float32Array): void {
  expect(got?.length).toBe(want.length);
  const scale = Math.max(...want.map(Math.abs));
  // the true gradient of key biases is zero (softmax ignores a shift), so there the tolerance is absolute
  const tolerance = name.endsWith("key.bias") ? 1e-7 : 1e-5 * scale;
  const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - (got?.[i] ?? NaN))), 0);
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** The float32 tensors of one safetensors file by name, read by hand so that this test does not lean on our reader. */
export function readGolden(name: string, from: URL = folder): Map<string, Float32Array> {
  const bytes = readFileSync(new URL(name, from));
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
