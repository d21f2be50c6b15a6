/**
 * The numbers that define a ModernBERT, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Warner et al., "Smarter, Better, Faster, Longer: A Modern Bidirectional Encoder" (2024), and
 * `ModernBertConfig` of transformers, old (`global_attn_every_n_layers`, `global_rope_theta`, `local_rope_theta`) and new
 * (`layer_types`, `rope_parameters`). Both forms are read and both are written. Rotary positions that are scaled
 * (`rope_type` other than "default") are refused.
 */
import * as z from "zod";
import type { HiddenAct } from "../blocks/activations.ts";
import { hiddenAct } from "../blocks/activations.ts";
import type { ConfigFormat, EncoderConfig } from "../config-format.ts";
import { dropout, encoderFields, positive, relationError, size } from "../config-format.ts";

/** How far a layer looks. */
export type LayerType = "full_attention" | "sliding_attention";

export interface ModernBertConfig extends EncoderConfig {
  /** One a layer. */
  readonly layerTypes: readonly LayerType[];
  /** Tokens in the window of a sliding layer: half of them on either side. */
  readonly localAttention: number;
  /** Base of the rotary angles in layers with full attention, and in sliding ones. */
  readonly globalRopeTheta: number;
  readonly localRopeTheta: number;
  readonly hiddenAct: HiddenAct;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly normBias: boolean;
  readonly embeddingDropout: number;
  readonly attentionDropout: number;
  readonly mlpDropout: number;
  /** What the head reads: the first token, or the mean over all. */
  readonly classifierPooling: "cls" | "mean";
  readonly classifierDropout: number;
  readonly classifierBias: boolean;
  readonly classifierActivation: HiddenAct;
}

const flag = z.boolean("must be true or false");
const layerTypes: readonly LayerType[] = ["full_attention", "sliding_attention"];

const rope = z.looseObject({
  rope_type: z.literal("default", 'must be "default"').optional(),
  rope_theta: positive.optional(),
});

export const modernBertFormat: ConfigFormat<ModernBertConfig> = {
  modelType: "modernbert",
  architecture: "ModernBertForSequenceClassification",
  schema: z.strictObject({
    ...encoderFields,
    layerTypes: z.array(z.enum(layerTypes, `must be ${layerTypes.map((type) => `"${type}"`).join(" or ")}`)),
    localAttention: size,
    globalRopeTheta: positive,
    localRopeTheta: positive,
    hiddenAct,
    attentionBias: flag,
    mlpBias: flag,
    normBias: flag,
    embeddingDropout: dropout,
    attentionDropout: dropout,
    mlpDropout: dropout,
    classifierPooling: z.enum(["cls", "mean"], 'must be "cls" or "mean"'),
    classifierDropout: dropout,
    classifierBias: flag,
    classifierActivation: hiddenAct,
  }),
  defaults: {
    vocabSize: 50368,
    hiddenSize: 768,
    numHiddenLayers: 22,
    numAttentionHeads: 12,
    intermediateSize: 1152,
    maxPositionEmbeddings: 8192,
    layerNormEps: 1e-5,
    initializerRange: 0.02,
    padTokenId: 50283,
    layerTypes: [],
    localAttention: 128,
    globalRopeTheta: 160000,
    localRopeTheta: 10000,
    hiddenAct: "gelu",
    attentionBias: false,
    mlpBias: false,
    normBias: false,
    embeddingDropout: 0,
    attentionDropout: 0,
    mlpDropout: 0,
    classifierPooling: "cls",
    classifierDropout: 0,
    classifierBias: false,
    classifierActivation: "gelu",
  },
  keys: {
    vocabSize: "vocab_size",
    hiddenSize: "hidden_size",
    numHiddenLayers: "num_hidden_layers",
    numAttentionHeads: "num_attention_heads",
    intermediateSize: "intermediate_size",
    maxPositionEmbeddings: "max_position_embeddings",
    layerNormEps: "norm_eps",
    initializerRange: "initializer_range",
    padTokenId: "pad_token_id",
    layerTypes: "layer_types",
    localAttention: "local_attention",
    globalRopeTheta: "global_rope_theta",
    localRopeTheta: "local_rope_theta",
    hiddenAct: "hidden_activation",
    attentionBias: "attention_bias",
    mlpBias: "mlp_bias",
    normBias: "norm_bias",
    embeddingDropout: "embedding_dropout",
    attentionDropout: "attention_dropout",
    mlpDropout: "mlp_dropout",
    classifierPooling: "classifier_pooling",
    classifierDropout: "classifier_dropout",
    classifierBias: "classifier_bias",
    classifierActivation: "classifier_activation",
  },
  fixed: {
    global_attn_every_n_layers: size.nullish(),
    rope_scaling: z.null("must be absent").optional(),
    rope_parameters: z
      .looseObject({ full_attention: rope.nullish(), sliding_attention: rope.nullish() })
      .nullish(),
  },
  written: {},
  read: fillIn,
  write: ({ layerTypes: types, globalRopeTheta, localRopeTheta }) => {
    const every = globalEvery(types);
    return {
      ...(every === undefined ? {} : { global_attn_every_n_layers: every }),
      rope_parameters: {
        full_attention: { rope_type: "default", rope_theta: globalRopeTheta },
        sliding_attention: { rope_type: "default", rope_theta: localRopeTheta },
      },
    };
  },
  check({ layerTypes: types, numHiddenLayers, hiddenSize, numAttentionHeads }, source) {
    if (types.length !== numHiddenLayers) {
      throw relationError(
        'there must be one entry of "layer_types" a layer',
        `found ${types.length} and ${numHiddenLayers} layers`,
        source,
      );
    }
    if ((hiddenSize / numAttentionHeads) % 2 === 0) return;
    throw relationError(
      "rotary positions need heads of an even width",
      `found hidden size ${hiddenSize} and ${numAttentionHeads} heads`,
      source,
    );
  },
};

/** Layer types and rotary bases, wherever they stand. An old file's `local_rope_theta` of null means the global one. */
function fillIn(values: Record<string, unknown>, file: Readonly<Record<string, unknown>>): void {
  const types = values.layerTypes;
  if (types === null || (Array.isArray(types) && types.length === 0)) {
    const every = Number(file.global_attn_every_n_layers ?? 3);
    values.layerTypes = Array.from({ length: Number(values.numHiddenLayers) || 0 }, (_, layer) =>
      layer % every === 0 ? "full_attention" : "sliding_attention",
    );
  }
  const parameters = z
    .object({ full_attention: rope.nullish(), sliding_attention: rope.nullish() })
    .nullish()
    .parse(file.rope_parameters);
  values.globalRopeTheta = parameters?.full_attention?.rope_theta ?? values.globalRopeTheta;
  values.localRopeTheta =
    parameters?.sliding_attention?.rope_theta ?? values.localRopeTheta ?? values.globalRopeTheta;
}

/** n where every n-th layer, the first included, is a full one and no other is. */
function globalEvery(types: readonly LayerType[]): number | undefined {
  const second = types.indexOf("full_attention", 1);
  const every = second === -1 ? types.length : second;
  const regular = types.every((type, i) => (type === "full_attention") === (i % every === 0));
  return regular ? every : undefined;
}
