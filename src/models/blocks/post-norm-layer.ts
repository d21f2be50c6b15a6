/**
 * The post-LayerNorm Transformer layer as BERT's family has it, under the names of each family's checkpoints.
 *
 *     a = LayerNorm(x + dropout(W_o attention(x)));  y = LayerNorm(a + dropout(W_2 act(W_1 a)))
 *
 * Source: Vaswani et al. 2017, section 3.1; Devlin et al. 2019, section 3. BERT, RoBERTa, ELECTRA and ERNIE share
 * `bertLayerNames`; DistilBERT and ALBERT differ in names and in where dropout acts.
 *
 * Activations are sequence-first, [t, b, h]. Legend: b batch, t tokens, h hidden.
 */
import type { Scope } from "../../nn/index.ts";
import { dropout, layerNorm, linear, scaledDotProductAttention } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { add, slice } from "../../tensor/index.ts";
import type { HiddenAct } from "./activations.ts";
import { activate } from "./activations.ts";
import { start } from "./start.ts";

/** Numbers of a layer. */
export interface LayerSizes {
  readonly hiddenSize: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  readonly layerNormEps: number;
  readonly hiddenAct: HiddenAct;
  readonly hiddenDropoutProb: number;
  readonly attentionProbsDropoutProb: number;
  readonly initializerRange: number;
}

/** Paths inside a layer. */
export interface LayerNames {
  /** Where attention records its steps, and the path of its dropout. */
  readonly self: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  /** Each half ends in `dense`, `dropout` (undefined: none there) and `norm`. */
  readonly attention: HalfEnd;
  /** Where the activated units are recorded. */
  readonly inner: string;
  readonly intermediate: string;
  readonly output: HalfEnd;
}

interface HalfEnd {
  readonly dense: string;
  readonly dropout: string | undefined;
  readonly norm: string;
}

/** Those of `BertLayer` and its many copies in transformers. */
export const bertLayerNames: LayerNames = {
  self: "attention.self",
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  attention: {
    dense: "attention.output.dense",
    dropout: "attention.output.dropout",
    norm: "attention.output.LayerNorm",
  },
  inner: "intermediate",
  intermediate: "intermediate.dense",
  output: { dense: "output.dense", dropout: "output.dropout", norm: "output.LayerNorm" },
};

/** How one layer is applied. */
export interface LayerCall {
  /** Hides padding, [b*heads, 1, t]. */
  readonly bias: Tensor;
  readonly names: LayerNames;
  /** Which rows are asked for: every token is still looked at. */
  readonly rows: Rows;
}

/**
 * Rows of [t, b, h] that a layer computes: all, the first token's, or what a function picks of them, [p, b, h], whose
 * first row must be the first token's.
 */
export type Rows = "all" | "cls" | ((x: Tensor) => Tensor);

/** The encoder stack: layers under `scope.0`, `scope.1`, ...; the last one for the rows of `lastLayer` alone. */
export function postNormLayers(
  scope: Scope,
  x: Tensor,
  sizes: LayerSizes & { readonly numHiddenLayers: number },
  { lastLayer, ...call }: Omit<LayerCall, "rows"> & { readonly lastLayer: Rows },
): Tensor {
  let hidden = x;
  for (let i = 0; i < sizes.numHiddenLayers; i++) {
    const rows = i === sizes.numHiddenLayers - 1 ? lastLayer : "all";
    hidden = postNormLayer(scope.at(i), hidden, sizes, { ...call, rows });
  }
  return hidden;
}

/**
 * One layer, [t, b, h] -> [t, b, h], or [p, b, h] of the rows asked for.
 *
 * Records `input`, attention's steps, its `context`, each dense layer's `output`, and what the norms read and give.
 */
export function postNormLayer(scope: Scope, x: Tensor, sizes: LayerSizes, call: LayerCall): Tensor {
  const { hiddenSize } = sizes;
  const { names, bias } = call;
  const self = scope.at(names.self);
  scope.record("input", x);
  self.record("mask", bias);
  const rows = rowsOf(x, call.rows);
  const q = linear(scope.at(names.query), rows, { outFeatures: hiddenSize, ...start(sizes) });
  const k = linear(scope.at(names.key), x, { outFeatures: hiddenSize, ...start(sizes) });
  const v = linear(scope.at(names.value), x, { outFeatures: hiddenSize, ...start(sizes) });
  const { context } = scaledDotProductAttention(self, q, k, v, {
    numHeads: sizes.numAttentionHeads,
    bias,
    dropout: sizes.attentionProbsDropoutProb,
  });
  self.record("context", context);
  const attended = halfEnd(scope, names.attention, context, rows, sizes);
  const wide = linear(scope.at(names.intermediate), attended, {
    outFeatures: sizes.intermediateSize,
    ...start(sizes),
  });
  const activated = scope.at(names.inner).record("output", activate(sizes.hiddenAct, wide));
  return halfEnd(scope, names.output, activated, attended, sizes);
}

function rowsOf(x: Tensor, rows: Rows): Tensor {
  if (rows === "all") return x;
  return rows === "cls" ? slice(x, { axis: 0, start: 0, end: 1 }) : rows(x);
}

/** LayerNorm(residual + dropout(dense(x))): the end of both halves of a layer. */
function halfEnd(scope: Scope, names: HalfEnd, x: Tensor, residual: Tensor, sizes: LayerSizes): Tensor {
  const dense = linear(scope.at(names.dense), x, { outFeatures: sizes.hiddenSize, ...start(sizes) });
  scope.at(names.dense).record("output", dense);
  const dropped =
    names.dropout === undefined ? dense : dropout(scope.at(names.dropout), dense, sizes.hiddenDropoutProb);
  const norm = scope.at(names.norm);
  const before = norm.record("before", add(dropped, residual));
  return norm.record("after", layerNorm(norm, before, { eps: sizes.layerNormEps }));
}
