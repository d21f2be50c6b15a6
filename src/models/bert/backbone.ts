/**
 * BERT's encoder as published: embeddings, post-LayerNorm Transformer layers, tanh pooler.
 *
 * Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (NAACL 2019), sections 3 and A.2;
 * Vaswani et al. 2017 for the layer. Parameter paths are those of Hugging Face's `BertModel`, so a checkpoint's
 * keys are this model's names. Embeddings and layers are those of models/blocks/, which other families share.
 *
 * Activations are sequence-first, [t, b, h]. Legend: b batch, t tokens, h hidden, v vocabulary.
 */
import { internal } from "../../base/errors.ts";
import type { Scope } from "../../nn/index.ts";
import { paddingBias } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { embeddings } from "../blocks/embeddings.ts";
import { firstToken, tanhPooler } from "../blocks/heads.ts";
import type { ModelInputs } from "../blocks/inputs.ts";
import { modelInputs } from "../blocks/inputs.ts";
import type { Rows } from "../blocks/post-norm-layer.ts";
import { bertLayerNames, postNormLayers } from "../blocks/post-norm-layer.ts";
import type { BackboneOptions } from "../family.ts";
import type { BertConfig } from "./config.ts";

export { start } from "../blocks/start.ts";
export type { BackboneOptions } from "../family.ts";

/** What a BERT graph is fed, all [b, t]: ids, 1 for tokens and 0 for padding, 0 or 1 for the first or second text. */
export interface BertInputs extends ModelInputs {
  readonly tokenTypeIds: Tensor;
}

/** The graph inputs under the names that transformers and transformers.js feed. */
export function bertInputs(dtype: "int32" | "int64"): BertInputs {
  const { tokenTypeIds, ...others } = modelInputs(dtype, true);
  if (tokenTypeIds === undefined) throw internal("the inputs of a BERT have token types");
  return { ...others, tokenTypeIds };
}

export interface BertOutputs {
  /** The last layer's hidden states: [t, b, h], or [p, b, h] of the rows that are wanted. */
  readonly hiddenStates: Tensor;
  /** tanh(W h_[CLS] + b), [b, h]. */
  readonly pooled: Tensor;
}

type EncoderNumbers = BertConfig & { readonly taskTypeVocabSize?: number };

/** Builds encoder and pooler under `scope` (usually `root.at("bert")`). */
export function bertBackbone(
  scope: Scope,
  inputs: ModelInputs,
  config: EncoderNumbers,
  options: BackboneOptions,
): BertOutputs {
  const hiddenStates = bertEncoder(scope, inputs, config, options.lastLayer);
  return { hiddenStates, pooled: bertPooler(scope, hiddenStates, config) };
}

/** The encoder without its pooler: the last layer's hidden states, [t, b, h], or [p, b, h] of the rows wanted. */
export function bertEncoder(
  scope: Scope,
  inputs: ModelInputs,
  config: EncoderNumbers,
  lastLayer: Rows,
): Tensor {
  const bias = paddingBias(inputs.attentionMask, config.numAttentionHeads);
  const sizes = { ...config, embeddingSize: config.hiddenSize };
  const embedded = embeddings(scope.at("embeddings"), inputs, sizes);
  const names = bertLayerNames;
  return postNormLayers(scope.at("encoder").at("layer"), embedded, config, { bias, names, lastLayer });
}

/** tanh(W h_[CLS] + b): hidden states [t, b, h] whose first row is [CLS] -> [b, h]. */
export function bertPooler(scope: Scope, hiddenStates: Tensor, config: BertConfig): Tensor {
  return tanhPooler(scope.at("pooler").at("dense"), firstToken(hiddenStates), config);
}
