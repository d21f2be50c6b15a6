/**
 * ModernBERT: pre-norm layers without biases, rotary positions, gated feed-forward, attention that alternates between
 * all tokens and a window.
 *
 * Source: Warner et al. 2024, section 2.1; parameter paths and head of transformers'
 * `ModernBertForSequenceClassification`:
 *
 *     x = x + W_o attention(rotary(W_qkv norm(x)));  x = x + W_o (act(a) * g),  [a, g] = W_i norm(x)
 *     logits = W_c dropout(norm(act(W_d p))) + b_c,  p the first token's state or the mean of all tokens'
 *
 * The first layer's attention reads the embeddings as they are, which were normalised already. In a sliding layer token
 * i sees token j where |i - j| <= floor(localAttention / 2).
 *
 * Activations are sequence-first, [t, b, h]. Legend: b batch, t tokens, h hidden.
 */
import type { RotaryTables, Scope } from "../../nn/index.ts";
import {
  dropout,
  embedding,
  layerNorm,
  linear,
  paddingBias,
  rotaryTables,
  scaledDotProductAttention,
  turn,
} from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import {
  abs,
  add,
  arange,
  cast,
  div,
  greater,
  mul,
  reshape,
  scalar,
  slice,
  sub,
  sum,
  transpose,
} from "../../tensor/index.ts";
import { activate } from "../blocks/activations.ts";
import { firstToken } from "../blocks/heads.ts";
import type { ModelInputs } from "../blocks/inputs.ts";
import { start } from "../blocks/start.ts";
import type { BackboneOptions, EncoderOutputs, Family } from "../family.ts";
import { defineFamily } from "../family.ts";
import type { LayerType, ModernBertConfig } from "./config.ts";
import { modernBertFormat } from "./config.ts";

export const modernbert: Family = defineFamily<ModernBertConfig>({
  name: "ModernBERT",
  modelType: "modernbert",
  format: modernBertFormat,
  checkpoint: {
    prefix: "model",
    layers: "model.layers.",
    classifier: ["classifier."],
    // pre-trained for masked words, it has a head of the same names and shapes, which transformers takes over as well
    mayBeFresh: ["head."],
    ignored: ["decoder."],
  },
  tokenTypes: () => false,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  withDropout: (config, rate) => ({
    ...config,
    embeddingDropout: rate,
    attentionDropout: rate,
    mlpDropout: rate,
    classifierDropout: rate,
  }),
  headReads: ({ classifierPooling }) => (classifierPooling === "cls" ? "cls" : "all"),
  backbone,
  classify(root, { hiddenStates }, inputs, config, labels) {
    const pooled =
      config.classifierPooling === "cls"
        ? firstToken(hiddenStates)
        : meanOverTokens(hiddenStates, inputs.attentionMask);
    const head = root.at("head");
    const dense = linear(head.at("dense"), pooled, matrix(config, config.hiddenSize, config.classifierBias));
    const normed = norm(head.at("norm"), activate(config.classifierActivation, dense), config);
    const dropped = dropout(root.at("drop"), normed, config.classifierDropout);
    return linear(root.at("classifier"), dropped, { outFeatures: labels, ...start(config) });
  },
});

/** What the layers of one type share. */
interface View {
  readonly bias: Tensor;
  readonly hidden?: Tensor;
  readonly tables: RotaryTables;
}

function backbone(
  scope: Scope,
  inputs: ModelInputs,
  config: ModernBertConfig,
  { lastLayer }: BackboneOptions,
): EncoderOutputs {
  const { vocabSize: numEmbeddings, hiddenSize: embeddingDim, layerTypes } = config;
  const at = scope.at("embeddings");
  const { init } = start(config);
  const words = embedding(at.at("tok_embeddings"), transpose(inputs.inputIds, [1, 0]), {
    numEmbeddings,
    embeddingDim,
    init,
  });
  let x = dropout(at.at("drop"), norm(at.at("norm"), words, config), config.embeddingDropout);
  const bias = paddingBias(inputs.attentionMask, config.numAttentionHeads);
  const tables = (base: number) =>
    rotaryTables(inputs.inputIds.shape[1], config.hiddenSize / config.numAttentionHeads, {
      base,
      maxPositions: config.maxPositionEmbeddings,
    });
  const views: Readonly<Record<LayerType, View>> = {
    full_attention: { bias, tables: tables(config.globalRopeTheta) },
    sliding_attention: { bias, tables: tables(config.localRopeTheta), hidden: outside(inputs, config) },
  };
  for (const [i, type] of layerTypes.entries()) {
    const firstOnly = lastLayer === "cls" && i === layerTypes.length - 1;
    x = layer(scope.at("layers").at(i), x, views[type], config, { normed: i === 0, firstOnly });
  }
  return { hiddenStates: norm(scope.at("final_norm"), x, config) };
}

/** bool [1, t, t]: true where a key lies outside the query's window. */
function outside({ inputIds }: ModelInputs, { localAttention }: ModernBertConfig): Tensor {
  const t = inputIds.shape[1];
  const places = cast(arange(t), "float32");
  const distance = abs(sub(reshape(places, [1, t, 1]), reshape(places, [1, 1, t])));
  return greater(distance, scalar(Math.floor(localAttention / 2)));
}

/** [t, b, h] -> [t, b, h], or [1, b, h] with `firstOnly`. `normed`: what comes in needs no norm before attention. */
function layer(
  scope: Scope,
  x: Tensor,
  view: View,
  config: ModernBertConfig,
  { normed, firstOnly }: { readonly normed: boolean; readonly firstOnly: boolean },
): Tensor {
  const only = (rows: Tensor) => (firstOnly ? slice(rows, { axis: 0, start: 0, end: 1 }) : rows);
  scope.record("input", x);
  const read = normed ? x : norm(scope.at("attn_norm"), x, config);
  const attended = add(only(x), attention(scope.at("attn"), read, view, config, only));
  const mlp = scope.at("mlp");
  const wide = linear(
    mlp.at("Wi"),
    norm(scope.at("mlp_norm"), attended, config),
    matrix(config, 2 * config.intermediateSize, config.mlpBias),
  );
  const [left, right] = halves(wide, config.intermediateSize);
  const inner = mlp.record("inner", mul(activate(config.hiddenAct, left), right));
  const dropped = dropout(mlp.at("drop"), inner, config.mlpDropout);
  return add(attended, linear(mlp.at("Wo"), dropped, matrix(config, config.hiddenSize, config.mlpBias)));
}

function attention(
  scope: Scope,
  x: Tensor,
  { bias, tables, hidden }: View,
  config: ModernBertConfig,
  only: (rows: Tensor) => Tensor,
): Tensor {
  const { hiddenSize: h, numAttentionHeads: numHeads, attentionDropout } = config;
  const packed = linear(scope.at("Wqkv"), x, matrix(config, 3 * h, config.attentionBias)); // [t, b, 3h]
  const part = (i: number) => slice(packed, { axis: 2, start: i * h, end: (i + 1) * h });
  const turned = (i: number) => turn(part(i), tables, numHeads);
  const { context } = scaledDotProductAttention(scope, only(turned(0)), turned(1), part(2), {
    numHeads,
    bias,
    ...(hidden === undefined ? {} : { hidden: onlyQuery(hidden, only) }),
    dropout: attentionDropout,
  });
  const out = linear(scope.at("Wo"), context, matrix(config, h, config.attentionBias));
  return dropout(scope.at("out_drop"), out, attentionDropout);
}

/** The window of the queries that are asked for: [1, t or 1, t]. */
function onlyQuery(hidden: Tensor, only: (rows: Tensor) => Tensor): Tensor {
  return transpose(only(transpose(hidden, [1, 0, 2])), [1, 0, 2]);
}

/** The mean of the states of each text's tokens, padding left out: [t, b, h] and [b, t] -> [b, h]. */
function meanOverTokens(hiddenStates: Tensor, attentionMask: Tensor): Tensor {
  const [t, b, h] = hiddenStates.shape;
  const mask = reshape(transpose(cast(attentionMask, "float32"), [1, 0]), [t, b, 1]);
  return reshape(div(sum(mul(hiddenStates, mask), [0]), sum(mask, [0])), [b, h]);
}

function norm(scope: Scope, x: Tensor, { layerNormEps: eps, normBias: bias }: ModernBertConfig): Tensor {
  return layerNorm(scope, x, { eps, bias });
}

function matrix(config: ModernBertConfig, outFeatures: number, bias: boolean) {
  const { init, bias: zeros } = start(config);
  return { outFeatures, init, bias: bias ? zeros : (false as const) };
}

function halves(x: Tensor, width: number): readonly [Tensor, Tensor] {
  const axis = x.rank - 1;
  return [slice(x, { axis, start: 0, end: width }), slice(x, { axis, start: width, end: 2 * width })];
}
