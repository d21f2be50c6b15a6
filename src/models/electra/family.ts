/**
 * ELECTRA: BERT with narrow embeddings that are projected to the width of the layers, and a head of its own.
 *
 * Source: Clark et al. 2020, section 3.3 and its table of sizes; parameter paths and head of transformers'
 * `ElectraForSequenceClassification`:
 *
 *     logits = W_o dropout(gelu(W_d dropout(h_[CLS]) + b_d)) + b_o
 *
 * Discriminators and generators load alike; the discriminator is the one that was made for fine-tuning.
 */
import type { Scope } from "../../nn/index.ts";
import { linear, paddingBias } from "../../nn/index.ts";
import { gelu } from "../../tensor/index.ts";
import { bertCheckpoint, withBertDropout } from "../bert/family.ts";
import { embeddings } from "../blocks/embeddings.ts";
import { denseHead, firstToken } from "../blocks/heads.ts";
import type { ModelInputs } from "../blocks/inputs.ts";
import { bertLayerNames, postNormLayers } from "../blocks/post-norm-layer.ts";
import { start } from "../blocks/start.ts";
import type { BackboneOptions, EncoderOutputs, Family } from "../family.ts";
import { defineFamily } from "../family.ts";
import type { ElectraConfig } from "./config.ts";
import { electraFormat } from "./config.ts";

export const electra: Family = defineFamily<ElectraConfig>({
  name: "ELECTRA",
  modelType: "electra",
  format: electraFormat,
  checkpoint: {
    ...bertCheckpoint("electra"),
    mayBeFresh: [],
    ignored: [
      "discriminator_predictions.",
      "generator_predictions.",
      "generator_lm_head.",
      "electra.embeddings.position_ids",
    ],
  },
  tokenTypes: () => true,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  withDropout: withBertDropout,
  layerScope: (layer) => `electra.encoder.layer.${layer}`,
  headReads: () => "cls",
  backbone,
  classify: (root, { hiddenStates }, _inputs, config, labels) =>
    denseHead(root.at("classifier"), firstToken(hiddenStates), {
      ...config,
      activation: gelu,
      dropout: config.classifierDropout ?? config.hiddenDropoutProb,
      labels,
    }),
});

function backbone(
  scope: Scope,
  inputs: ModelInputs,
  config: ElectraConfig,
  { lastLayer }: BackboneOptions,
): EncoderOutputs {
  const narrow = embeddings(scope.at("embeddings"), inputs, config);
  const { hiddenSize } = config;
  const wide =
    config.embeddingSize === hiddenSize
      ? narrow
      : linear(scope.at("embeddings_project"), narrow, { outFeatures: hiddenSize, ...start(config) });
  const hiddenStates = postNormLayers(scope.at("encoder").at("layer"), wide, config, {
    bias: paddingBias(inputs.attentionMask, config.numAttentionHeads),
    names: bertLayerNames,
    lastLayer,
  });
  return { hiddenStates };
}
