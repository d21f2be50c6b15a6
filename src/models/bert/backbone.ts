/**
 * BERT's encoder as published: embeddings, post-LayerNorm Transformer layers, tanh pooler.
 *
 * Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (NAACL 2019), sections 3 and A.2;
 * Vaswani et al. 2017 for the layer. Parameter paths are those of Hugging Face's `BertModel`, so a checkpoint's
 * keys are this model's names.
 *
 * Activations are sequence-first, [t, b, h]. Legend: b batch, t tokens, h hidden, v vocabulary.
 */
import type { Initializer, Scope } from "../../nn/index.ts";
import {
  dropout,
  embedding,
  layerNorm,
  linear,
  paddingBias,
  scaledDotProductAttention,
} from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { add, arange, gelu, input, reshape, slice, tanh, transpose } from "../../tensor/index.ts";
import type { BertConfig } from "./config.ts";

/** What a BERT graph is fed, all [b, t]: ids, 1 for tokens and 0 for padding, 0 or 1 for the first or second text. */
export interface BertInputs {
  readonly inputIds: Tensor;
  readonly attentionMask: Tensor;
  readonly tokenTypeIds: Tensor;
}

/** The graph inputs under the names that transformers and transformers.js feed. */
export function bertInputs(dtype: "int32" | "int64"): BertInputs {
  return {
    inputIds: input("input_ids", dtype, ["b", "t"]),
    attentionMask: input("attention_mask", dtype, ["b", "t"]),
    tokenTypeIds: input("token_type_ids", dtype, ["b", "t"]),
  };
}

export interface BertOutputs {
  /** The last layer's hidden states: [t, b, h], or [p, b, h] of the rows that are wanted. */
  readonly hiddenStates: Tensor;
  /** tanh(W h_[CLS] + b), [b, h]. */
  readonly pooled: Tensor;
}

export interface BackboneOptions {
  /**
   * "cls" computes the last layer for the first token alone: a classifier reads nothing else, so the result and
   * every gradient are the same, in 7 to 30% less time. A function picks other rows out of [t, b, h]: what it gives,
   * [p, b, h], goes through the last layer, and must have the first token as its first row.
   */
  readonly lastLayer: "all" | "cls" | ((x: Tensor) => Tensor);
}

/** Builds encoder and pooler under `scope` (usually `root.at("bert")`). */
export function bertBackbone(
  scope: Scope,
  inputs: BertInputs,
  config: BertConfig,
  options: BackboneOptions,
): BertOutputs {
  const hiddenStates = bertEncoder(scope, inputs, config, options);
  return { hiddenStates, pooled: bertPooler(scope, hiddenStates, config) };
}

/** The encoder without its pooler: the last layer's hidden states, [t, b, h], or [p, b, h] of the rows wanted. */
export function bertEncoder(
  scope: Scope,
  inputs: BertInputs,
  config: BertConfig,
  options: BackboneOptions,
): Tensor {
  const bias = paddingBias(inputs.attentionMask, config.numAttentionHeads);
  let hidden = embeddings(scope.at("embeddings"), inputs, config);
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const rows = layer === config.numHiddenLayers - 1 ? rowsOf(hidden, options.lastLayer) : hidden;
    hidden = encoderLayer(scope.at("encoder").at("layer").at(layer), hidden, rows, bias, config);
  }
  return hidden;
}

/** tanh(W h_[CLS] + b): hidden states [t, b, h] whose first row is [CLS] -> [b, h]. */
export function bertPooler(scope: Scope, hidden: Tensor, config: BertConfig): Tensor {
  const first = hidden.shape[0] === 1 ? hidden : slice(hidden, { axis: 0, start: 0, end: 1 }); // [1, b, h]
  const cls = reshape(first, [first.shape[1], config.hiddenSize]); // [b, h]
  const dense = linear(scope.at("pooler").at("dense"), cls, {
    outFeatures: config.hiddenSize,
    ...start(config),
  });
  return tanh(dense);
}

/** The positions whose states are asked for. */
function rowsOf(x: Tensor, wanted: BackboneOptions["lastLayer"]): Tensor {
  if (wanted === "all") return x;
  return wanted === "cls" ? slice(x, { axis: 0, start: 0, end: 1 }) : wanted(x);
}

/**
 * The published first values of a linear layer: a truncated normal, whose deviation, 0.02 there, is configured, and
 * biases of zero.
 */
export function start(config: BertConfig): { readonly init: Initializer; readonly bias: Initializer } {
  return { init: { kind: "truncatedNormal", std: config.initializerRange }, bias: { kind: "zeros" } };
}

function embeddings(scope: Scope, inputs: BertInputs, config: BertConfig): Tensor {
  const { hiddenSize: embeddingDim } = config;
  const { init } = start(config);
  const table = (name: string, indices: Tensor, numEmbeddings: number) =>
    embedding(scope.at(name), indices, { numEmbeddings, embeddingDim, init });
  const words = table("word_embeddings", transpose(inputs.inputIds, [1, 0]), config.vocabSize); // [t, b, h]
  const positions = table(
    "position_embeddings",
    arange(inputs.inputIds.shape[1]),
    config.maxPositionEmbeddings,
  ); // [t, h]
  const types = table("token_type_embeddings", transpose(inputs.tokenTypeIds, [1, 0]), config.typeVocabSize); // [t, b, h]
  const total = add(add(words, types), reshape(positions, [positions.shape[0], 1, embeddingDim]));
  const normalized = layerNorm(scope.at("LayerNorm"), total, { eps: config.layerNormEps });
  return dropout(scope.at("dropout"), normalized, config.hiddenDropoutProb);
}

/**
 * One post-LayerNorm layer: x + attention, normalise, + feed-forward, normalise. `rows` [p, b, h] of x [t, b, h] look
 * at all of x and go on: [p, b, h].
 *
 * Records `input`, attention's steps, its `context`, each dense layer's `output`, and what the norms read and give.
 */
function encoderLayer(scope: Scope, x: Tensor, rows: Tensor, bias: Tensor, config: BertConfig): Tensor {
  const { hiddenSize } = config;
  const attention = scope.at("attention");
  const self = attention.at("self");
  scope.record("input", x);
  self.record("mask", bias);
  const q = linear(self.at("query"), rows, { outFeatures: hiddenSize, ...start(config) });
  const k = linear(self.at("key"), x, { outFeatures: hiddenSize, ...start(config) });
  const v = linear(self.at("value"), x, { outFeatures: hiddenSize, ...start(config) });
  const { context } = scaledDotProductAttention(self, q, k, v, {
    numHeads: config.numAttentionHeads,
    bias,
    dropout: config.attentionProbsDropoutProb,
  });
  self.record("context", context);
  const attended = sublayerOutput(attention.at("output"), context, rows, config);
  const intermediate = scope.at("intermediate");
  const wide = linear(intermediate.at("dense"), attended, {
    outFeatures: config.intermediateSize,
    ...start(config),
  });
  const activated = intermediate.record("output", gelu(wide));
  return sublayerOutput(scope.at("output"), activated, attended, config);
}

/** LayerNorm(residual + dropout(dense(x))): the end of both halves of a layer. */
function sublayerOutput(scope: Scope, x: Tensor, residual: Tensor, config: BertConfig): Tensor {
  const dense = linear(scope.at("dense"), x, { outFeatures: config.hiddenSize, ...start(config) });
  scope.at("dense").record("output", dense);
  const dropped = dropout(scope.at("dropout"), dense, config.hiddenDropoutProb);
  const norm = scope.at("LayerNorm");
  const before = norm.record("before", add(dropped, residual));
  return norm.record("after", layerNorm(norm, before, { eps: config.layerNormEps }));
}
