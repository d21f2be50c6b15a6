/**
 * ALBERT: narrow embeddings projected to the width of the layers, and layers that share their weights.
 *
 * Source: Lan et al. 2020, section 3.1; parameter paths of transformers' `AlbertForSequenceClassification`. Layer i of n
 * belongs to group floor(i / (n / groups)), whose inner layers are applied one after the other. There is no dropout
 * behind the feed-forward layer. The head is BERT's.
 */
import type { Scope } from "../../nn/index.ts";
import { linear, paddingBias } from "../../nn/index.ts";
import { requirePooled, withBertDropout } from "../bert/family.ts";
import { pooledClassifier } from "../bert/sequence-classification.ts";
import { embeddings } from "../blocks/embeddings.ts";
import { firstToken, tanhPooler } from "../blocks/heads.ts";
import type { ModelInputs } from "../blocks/inputs.ts";
import type { LayerNames } from "../blocks/post-norm-layer.ts";
import { postNormLayer } from "../blocks/post-norm-layer.ts";
import { start } from "../blocks/start.ts";
import type { BackboneOptions, EncoderOutputs, Family } from "../family.ts";
import { defineFamily } from "../family.ts";
import type { AlbertConfig } from "./config.ts";
import { albertFormat } from "./config.ts";

const layerNames: LayerNames = {
  self: "attention",
  query: "attention.query",
  key: "attention.key",
  value: "attention.value",
  attention: { dense: "attention.dense", dropout: "attention.output_dropout", norm: "attention.LayerNorm" },
  inner: "ffn_activation",
  intermediate: "ffn",
  output: { dense: "ffn_output", dropout: undefined, norm: "full_layer_layer_norm" },
};

export const albert: Family = defineFamily<AlbertConfig>({
  name: "ALBERT",
  modelType: "albert",
  format: albertFormat,
  checkpoint: {
    prefix: "albert",
    layers: "albert.encoder.",
    classifier: ["classifier."],
    mayBeFresh: ["albert.pooler."],
    ignored: ["predictions.", "sop_classifier.", "albert.embeddings.position_ids"],
  },
  tokenTypes: () => true,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  withDropout: withBertDropout,
  headReads: () => "cls",
  backbone,
  classify: (root, outputs, _inputs, config, labels) =>
    pooledClassifier(root, requirePooled(outputs), config, labels),
});

function backbone(
  scope: Scope,
  inputs: ModelInputs,
  config: AlbertConfig,
  { lastLayer }: BackboneOptions,
): EncoderOutputs {
  const { numHiddenLayers: layers, numHiddenGroups: groups, innerGroupNum: inner } = config;
  const bias = paddingBias(inputs.attentionMask, config.numAttentionHeads);
  const encoder = scope.at("encoder");
  const narrow = embeddings(scope.at("embeddings"), inputs, config);
  let hiddenStates = linear(encoder.at("embedding_hidden_mapping_in"), narrow, {
    outFeatures: config.hiddenSize,
    ...start(config),
  });
  for (let layer = 0; layer < layers; layer++) {
    const group = encoder.at("albert_layer_groups").at(Math.floor(layer / (layers / groups)));
    for (let i = 0; i < inner; i++) {
      const last = layer === layers - 1 && i === inner - 1;
      hiddenStates = postNormLayer(group.at("albert_layers").at(i), hiddenStates, config, {
        bias,
        names: layerNames,
        rows: last ? lastLayer : "all",
      });
    }
  }
  return { hiddenStates, pooled: tanhPooler(scope.at("pooler"), firstToken(hiddenStates), config) };
}
