/**
 * RoBERTa and XLM-R: BERT without token types, positions counted from behind the padding token, and a head of its own.
 *
 * Sources: Liu et al. 2019; Conneau et al. 2020; parameter paths of transformers' `RobertaForSequenceClassification` and
 * `XLMRobertaForSequenceClassification`, which are one architecture:
 *
 *     position of token i = padTokenId + (number of tokens up to and with i that are not the padding token),
 *                           or padTokenId where token i is the padding token
 *     logits = W_o dropout(tanh(W_d dropout(h_<s>) + b_d)) + b_o
 *
 * Multilingual MiniLM is an XLM-R by its config.json.
 */
import type { Scope } from "../../nn/index.ts";
import { causalMask, paddingBias } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { add, cast, constant, equal, gemm, mul, scalar, sub, tanh, transpose } from "../../tensor/index.ts";
import { bertCheckpoint, withBertDropout } from "../bert/family.ts";
import { embeddings } from "../blocks/embeddings.ts";
import { denseHead, firstToken } from "../blocks/heads.ts";
import type { ModelInputs } from "../blocks/inputs.ts";
import { bertLayerNames, postNormLayers } from "../blocks/post-norm-layer.ts";
import type { BackboneOptions, EncoderOutputs, Family, ModelType } from "../family.ts";
import { defineFamily } from "../family.ts";
import type { RobertaConfig } from "./config.ts";
import { firstPosition, robertaFormat } from "./config.ts";

export const roberta: Family = robertaFamily("RoBERTa", "roberta", "RobertaForSequenceClassification");

export const xlmRoberta: Family = robertaFamily(
  "XLM-RoBERTa",
  "xlm-roberta",
  "XLMRobertaForSequenceClassification",
);

function robertaFamily(name: string, modelType: ModelType, architecture: string): Family {
  const names = bertCheckpoint("roberta");
  return defineFamily<RobertaConfig>({
    name,
    modelType,
    format: robertaFormat(modelType, architecture),
    checkpoint: {
      ...names,
      mayBeFresh: [],
      ignored: [
        "lm_head.",
        "roberta.pooler.",
        "roberta.embeddings.position_ids",
        "roberta.embeddings.token_type_ids",
      ],
    },
    tokenTypes: () => false,
    maxTokens: (config) => config.maxPositionEmbeddings - firstPosition(config),
    withDropout: withBertDropout,
    layerScope: (layer) => `roberta.encoder.layer.${layer}`,
    headReads: () => "cls",
    backbone,
    classify: (root, { hiddenStates }, _inputs, config, labels) =>
      denseHead(root.at("classifier"), firstToken(hiddenStates), {
        ...config,
        activation: tanh,
        dropout: config.classifierDropout ?? config.hiddenDropoutProb,
        labels,
      }),
  });
}

function backbone(
  scope: Scope,
  inputs: ModelInputs,
  config: RobertaConfig,
  { lastLayer }: BackboneOptions,
): EncoderOutputs {
  const sizes = { ...config, embeddingSize: config.hiddenSize };
  const positions = positionsOf(inputs.inputIds, config.padTokenId);
  const embedded = embeddings(scope.at("embeddings"), inputs, sizes, positions);
  const hiddenStates = postNormLayers(scope.at("encoder").at("layer"), embedded, config, {
    bias: paddingBias(inputs.attentionMask, config.numAttentionHeads),
    names: bertLayerNames,
    lastLayer,
  });
  return { hiddenStates };
}

/**
 * Rows of the position table, int32 [t, b], for ids [b, t]. Tokens are counted by a product with a triangle of ones,
 * exact in float32 as far as there are positions.
 */
function positionsOf(inputIds: Tensor, padTokenId: number): Tensor {
  const padding = equal(inputIds, idScalar(inputIds, padTokenId));
  const real = sub(scalar(1), cast(padding, "float32")); // [b, t]
  const t = inputIds.shape[1];
  const upTo = sub(scalar(1), cast(causalMask(t), "float32")); // [t, t]: 1 where key s is not behind query t
  const counted = gemm(real, upTo, { transB: true }); // [b, t]
  const places = add(mul(counted, real), scalar(padTokenId));
  return transpose(cast(places, "int32"), [1, 0]);
}

function idScalar({ dtype }: Tensor, value: number): Tensor {
  return dtype === "int64"
    ? constant({ dtype, shape: [], data: BigInt64Array.of(BigInt(value)) })
    : constant({ dtype: "int32", shape: [], data: Int32Array.of(value) });
}
