/**
 * DistilBERT: BERT with half the layers, without token types and without a pooler.
 *
 * Source: Sanh et al. 2019, section 3; parameter paths and head of transformers' `DistilBertForSequenceClassification`:
 *
 *     logits = W_c dropout(relu(W_p h_[CLS] + b_p)) + b_c
 *
 * There is no dropout behind attention's output projection. Position tables that were filled with sinusoids
 * (`sinusoidal_pos_embds`) are weights like others.
 */
import type { Scope } from "../../nn/index.ts";
import { dropout, linear, paddingBias } from "../../nn/index.ts";
import { relu } from "../../tensor/index.ts";
import { withBertDropout } from "../bert/family.ts";
import { embeddings } from "../blocks/embeddings.ts";
import { firstToken } from "../blocks/heads.ts";
import type { ModelInputs } from "../blocks/inputs.ts";
import type { LayerNames } from "../blocks/post-norm-layer.ts";
import { postNormLayers } from "../blocks/post-norm-layer.ts";
import { start } from "../blocks/start.ts";
import type { BackboneOptions, EncoderOutputs, Family } from "../family.ts";
import { defineFamily } from "../family.ts";
import type { DistilBertConfig } from "./config.ts";
import { distilBertFormat } from "./config.ts";

const layerNames: LayerNames = {
  self: "attention",
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  attention: { dense: "attention.out_lin", dropout: undefined, norm: "sa_layer_norm" },
  inner: "ffn",
  intermediate: "ffn.lin1",
  output: { dense: "ffn.lin2", dropout: "ffn.dropout", norm: "output_layer_norm" },
};

export const distilbert: Family = defineFamily<DistilBertConfig>({
  name: "DistilBERT",
  modelType: "distilbert",
  format: distilBertFormat,
  checkpoint: {
    prefix: "distilbert",
    layers: "distilbert.transformer.",
    classifier: ["pre_classifier.", "classifier."],
    mayBeFresh: [],
    ignored: ["vocab_", "distilbert.embeddings.position_ids"],
  },
  tokenTypes: () => false,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  withDropout: withBertDropout,
  headReads: () => "cls",
  backbone,
  classify(root, { hiddenStates }, _inputs, config, labels) {
    const dense = linear(root.at("pre_classifier"), firstToken(hiddenStates), {
      outFeatures: config.hiddenSize,
      ...start(config),
    });
    const dropped = dropout(root.at("dropout"), relu(dense), config.classifierDropout);
    return linear(root.at("classifier"), dropped, { outFeatures: labels, ...start(config) });
  },
});

function backbone(
  scope: Scope,
  inputs: ModelInputs,
  config: DistilBertConfig,
  { lastLayer }: BackboneOptions,
): EncoderOutputs {
  const sizes = { ...config, embeddingSize: config.hiddenSize, typeVocabSize: 0 };
  const embedded = embeddings(scope.at("embeddings"), inputs, sizes);
  const hiddenStates = postNormLayers(scope.at("transformer").at("layer"), embedded, config, {
    bias: paddingBias(inputs.attentionMask, config.numAttentionHeads),
    names: layerNames,
    lastLayer,
  });
  return { hiddenStates };
}
