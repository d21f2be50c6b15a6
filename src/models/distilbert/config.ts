/**
 * The numbers that define a DistilBERT, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Sanh et al., "DistilBERT, a distilled version of BERT" (2019), and `DistilBertConfig` of
 * transformers, whose key names differ from BERT's.
 */
import * as z from "zod";
import type { HiddenAct } from "../blocks/activations.ts";
import { hiddenAct } from "../blocks/activations.ts";
import type { ConfigFormat, EncoderConfig } from "../config-format.ts";
import { dropout, encoderFields } from "../config-format.ts";

/** Sizes are positive integers, dropout probabilities lie in [0, 1). */
export interface DistilBertConfig extends EncoderConfig {
  readonly hiddenDropoutProb: number;
  readonly attentionProbsDropoutProb: number;
  /** Dropout before the classifier. */
  readonly classifierDropout: number;
  readonly hiddenAct: HiddenAct;
}

/** DistilBERT has no key for LayerNorm's epsilon: it is this everywhere. */
const layerNormEps = 1e-12;

const keys = {
  vocabSize: "vocab_size",
  hiddenSize: "dim",
  numHiddenLayers: "n_layers",
  numAttentionHeads: "n_heads",
  intermediateSize: "hidden_dim",
  maxPositionEmbeddings: "max_position_embeddings",
  hiddenDropoutProb: "dropout",
  attentionProbsDropoutProb: "attention_dropout",
  classifierDropout: "seq_classif_dropout",
  initializerRange: "initializer_range",
  hiddenAct: "activation",
  padTokenId: "pad_token_id",
  layerNormEps: "layer_norm_eps",
} as const;

export const distilBertFormat: ConfigFormat<DistilBertConfig> = {
  modelType: "distilbert",
  architecture: "DistilBertForSequenceClassification",
  schema: z.strictObject({
    ...encoderFields,
    hiddenDropoutProb: dropout,
    attentionProbsDropoutProb: dropout,
    classifierDropout: dropout,
    hiddenAct,
  }),
  defaults: {
    vocabSize: 30522,
    hiddenSize: 768,
    numHiddenLayers: 6,
    numAttentionHeads: 12,
    intermediateSize: 3072,
    maxPositionEmbeddings: 512,
    layerNormEps,
    hiddenDropoutProb: 0.1,
    attentionProbsDropoutProb: 0.1,
    classifierDropout: 0.2,
    initializerRange: 0.02,
    hiddenAct: "gelu",
    padTokenId: 0,
  },
  keys,
  fixed: {},
  written: {},
  // transformers computes with 1e-12 whatever a file says
  read: (values) => {
    values.layerNormEps = layerNormEps;
  },
};
