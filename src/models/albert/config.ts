/**
 * The numbers that define an ALBERT, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Lan et al., "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations" (ICLR
 * 2020), and `AlbertConfig` of transformers (ALBERT-xxlarge). BERT's keys and a few more.
 */
import * as z from "zod";
import type { BertConfig } from "../bert/config.ts";
import { bertDefaults, bertFields, bertFixedKeys, bertKeys } from "../bert/config.ts";
import type { ConfigFormat } from "../config-format.ts";
import { dropout, relationError, size } from "../config-format.ts";

export interface AlbertConfig extends BertConfig {
  /** Width of the embeddings, which are projected to `hiddenSize`. */
  readonly embeddingSize: number;
  /** Groups of layers with weights of their own; each serves an equal share of `numHiddenLayers`. */
  readonly numHiddenGroups: number;
  /** Layers with weights of their own inside a group, all applied at each of its turns. */
  readonly innerGroupNum: number;
  /** Dropout before the classifier: never null, since it does not follow `hiddenDropoutProb`. */
  readonly classifierDropout: number;
}

export const albertFormat: ConfigFormat<AlbertConfig> = {
  modelType: "albert",
  architecture: "AlbertForSequenceClassification",
  schema: z.strictObject({
    ...bertFields,
    classifierDropout: dropout,
    embeddingSize: size,
    numHiddenGroups: size,
    innerGroupNum: size,
  }),
  defaults: {
    ...bertDefaults,
    vocabSize: 30000,
    embeddingSize: 128,
    hiddenSize: 4096,
    numAttentionHeads: 64,
    intermediateSize: 16384,
    numHiddenGroups: 1,
    innerGroupNum: 1,
    hiddenAct: "gelu_new",
    hiddenDropoutProb: 0,
    attentionProbsDropoutProb: 0,
    classifierDropout: 0.1,
  },
  keys: {
    ...bertKeys,
    classifierDropout: "classifier_dropout_prob",
    embeddingSize: "embedding_size",
    numHiddenGroups: "num_hidden_groups",
    innerGroupNum: "inner_group_num",
  },
  fixed: bertFixedKeys,
  written: { position_embedding_type: "absolute" },
  check({ numHiddenGroups, numHiddenLayers }, source) {
    if (numHiddenGroups <= numHiddenLayers) return;
    throw relationError(
      "there must be at least as many layers as groups of them",
      `found ${numHiddenLayers} layers and ${numHiddenGroups} groups`,
      source,
    );
  },
};
