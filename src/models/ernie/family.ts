/**
 * ERNIE 2.0 and 3.0: BERT whose embeddings may have a task's added.
 *
 * Source: Sun et al. 2021; parameter paths of transformers' `ErnieForSequenceClassification`. The task is 0 everywhere,
 * which is transformers' default too: an exported model is fed what a BERT is, and no `task_type_ids`.
 *
 * ERNIE's that were converted as BERTs say so in config.json and load as such.
 */
import { bertBackbone } from "../bert/backbone.ts";
import { bertCheckpoint, requirePooled, withBertDropout } from "../bert/family.ts";
import { pooledClassifier } from "../bert/sequence-classification.ts";
import type { Family } from "../family.ts";
import { defineFamily } from "../family.ts";
import type { ErnieConfig } from "./config.ts";
import { ernieFormat } from "./config.ts";

export const ernie: Family = defineFamily<ErnieConfig>({
  name: "ERNIE",
  modelType: "ernie",
  format: ernieFormat,
  checkpoint: bertCheckpoint("ernie"),
  tokenTypes: () => true,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  withDropout: withBertDropout,
  layerScope: (layer) => `ernie.encoder.layer.${layer}`,
  headReads: () => "cls",
  backbone(scope, inputs, { taskTypeVocabSize, useTaskId, ...config }, options) {
    return bertBackbone(scope, inputs, useTaskId ? { ...config, taskTypeVocabSize } : config, options);
  },
  classify: (root, outputs, _inputs, config, labels) =>
    pooledClassifier(root, requirePooled(outputs), config, labels),
});
