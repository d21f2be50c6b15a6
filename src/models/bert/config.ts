/**
 * The numbers that define a BERT model, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (NAACL 2019), and
 * `BertConfig` of Hugging Face transformers (configuration_bert.py), whose key names config.json has.
 *
 * Accepts only what the model here computes: another activation, relative positions, a decoder or pruned heads are
 * refused by name rather than computed wrongly. How a table becomes a reader is in config-format.ts. Does not read
 * files: it is given parsed JSON.
 */
import * as z from "zod";
import type { HiddenAct } from "../blocks/activations.ts";
import { hiddenAct } from "../blocks/activations.ts";
import type { ConfigFormat, EncoderConfig, ParsedConfig } from "../config-format.ts";
import {
  checkConfig,
  dropout,
  encoderFields,
  formatConfig,
  parseConfig,
  requireHead,
  size,
} from "../config-format.ts";
import type { ClassificationHead } from "../head-config.ts";

export type { ClassificationHead, ProblemType } from "../head-config.ts";

/** The encoder. Sizes are positive integers, dropout probabilities lie in [0, 1). */
export interface BertConfig extends EncoderConfig {
  readonly typeVocabSize: number;
  readonly hiddenDropoutProb: number;
  readonly attentionProbsDropoutProb: number;
  /** Dropout before the classifier; null stands for `hiddenDropoutProb`. */
  readonly classifierDropout: number | null;
  /** Of the feed-forward layer. BERT's own is "gelu": x * Phi(x) with the error function. */
  readonly hiddenAct: HiddenAct;
}

/** The encoder with a classification head on the pooled [CLS] state. */
export interface SequenceClassificationConfig extends BertConfig, ClassificationHead {}

/** What a config.json says. */
export type ParsedBertConfig = ParsedConfig<BertConfig>;

/** What absent keys mean: transformers' defaults, which are BERT-base, uncased, English. */
export const bertDefaults: BertConfig = {
  vocabSize: 30522,
  hiddenSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  maxPositionEmbeddings: 512,
  typeVocabSize: 2,
  layerNormEps: 1e-12,
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  classifierDropout: null,
  initializerRange: 0.02,
  hiddenAct: "gelu",
  padTokenId: 0,
};

/** Keys that would change what is computed, the same in all families with BERT's layers. */
export const bertFixedKeys = {
  position_embedding_type: z.literal("absolute", 'must be "absolute"').nullish(),
};

/** The fields of `BertConfig` and what they may be. */
export const bertFields = {
  ...encoderFields,
  typeVocabSize: size,
  hiddenDropoutProb: dropout,
  attentionProbsDropoutProb: dropout,
  classifierDropout: dropout.nullable(),
  hiddenAct,
};

/** The names of `BertConfig` in config.json. */
export const bertKeys = {
  vocabSize: "vocab_size",
  hiddenSize: "hidden_size",
  numHiddenLayers: "num_hidden_layers",
  numAttentionHeads: "num_attention_heads",
  intermediateSize: "intermediate_size",
  maxPositionEmbeddings: "max_position_embeddings",
  typeVocabSize: "type_vocab_size",
  layerNormEps: "layer_norm_eps",
  hiddenDropoutProb: "hidden_dropout_prob",
  attentionProbsDropoutProb: "attention_probs_dropout_prob",
  classifierDropout: "classifier_dropout",
  initializerRange: "initializer_range",
  hiddenAct: "hidden_act",
  padTokenId: "pad_token_id",
} as const;

/** How a BERT stands in config.json. */
export const bertFormat: ConfigFormat<BertConfig> = {
  modelType: "bert",
  architecture: "BertForSequenceClassification",
  schema: z.strictObject(bertFields),
  defaults: bertDefaults,
  keys: bertKeys,
  fixed: bertFixedKeys,
  written: { position_embedding_type: "absolute" },
};

/**
 * Reads the content of a config.json; absent keys take transformers' defaults.
 *
 * @param json the parsed file
 * @param source the file's path, for messages
 * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS naming the key and the value found
 * @example
 * const { encoder } = parseBertConfig({ hidden_size: 128, num_attention_heads: 2 }, "config.json");
 */
export function parseBertConfig(json: unknown, source: string): ParsedBertConfig {
  return parseConfig(bertFormat, json, source);
}

/**
 * Reads the config.json of a trained classifier.
 *
 * @throws AttuneError as `parseBertConfig`, and ERR_CONFIG_NO_HEAD where the file describes another kind of model
 */
export function parseSequenceClassificationConfig(
  json: unknown,
  source: string,
): SequenceClassificationConfig {
  const parsed = parseBertConfig(json, source);
  return { ...parsed.encoder, ...requireHead(parsed, source) };
}

/**
 * Checks a configuration that was put together from options; returns it.
 *
 * @param source where the options come from, for messages
 * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS
 */
export function checkSequenceClassificationConfig(
  config: SequenceClassificationConfig,
  source: string,
): SequenceClassificationConfig {
  const { labels, problemType, ...encoder } = config;
  checkConfig(bertFormat, encoder, { labels, problemType }, source);
  return config;
}

/**
 * The same of an encoder without a classifier.
 *
 * @throws AttuneError ERR_CONFIG
 */
export function checkBertConfig(config: BertConfig, source: string): BertConfig {
  checkConfig(bertFormat, config, undefined, source);
  return config;
}

/** The config.json of a pre-trained model: with the sentence head's `BertForPreTraining`, or without it. */
export function toPretrainedConfig(
  config: BertConfig,
  architecture: "BertForMaskedLM" | "BertForPreTraining",
): Record<string, unknown> {
  return formatConfig({ ...bertFormat, architecture }, config, undefined);
}

/** The config.json of a classifier that transformers and transformers.js read, keys in a fixed order. */
export function toHuggingFaceConfig(config: SequenceClassificationConfig): Record<string, unknown> {
  const { labels, problemType, ...encoder } = config;
  return formatConfig(bertFormat, encoder, { labels, problemType });
}
