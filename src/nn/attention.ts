/**
 * Scaled dot-product attention over many heads (Vaswani et al. 2017, sections 3.2.1 and 3.2.2).
 *
 *     attention(Q, K, V) = softmax(Q K^T / sqrt(d) + bias) V
 *
 * Activations are sequence-first, [t, b, h], and heads are cut out by reshaping alone: [t, b*heads, d] with
 * h = heads * d. The products read that layout in place, so nothing is transposed on the way in. The projections
 * before and after belong to the layer (multi-head-attention.ts) or the model (their parameter names differ between
 * families).
 *
 * Legend: t queries, s keys, b batch, h hidden, d size of a head.
 */
import { product, quotient, sameShape } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { add, batchMatmul, reshape, scalar, shapeError, softmax, transpose, where } from "../tensor/index.ts";
import { dropout } from "./layers.ts";
import type { HeadMasks } from "./masks.ts";
import { LOWEST } from "./masks.ts";
import type { Scope } from "./scope.ts";

export interface AttentionOptions extends HeadMasks {
  readonly numHeads: number;
  /** Share of attention weights dropped in training. Default 0. */
  readonly dropout?: number;
}

export interface Attended {
  /** [t, b, h] */
  readonly context: Tensor;
  /** What each query took from each key, [b*heads, t, s]: rows of sum 1, or of zeros where every key is hidden. */
  readonly weights: Tensor;
}

/**
 * Attention of queries [t, b, h] over keys and values [s, b, h]. `scope` names the dropout site, and records `q`,
 * `k`, `v` (by heads), `scores` and `weights`.
 *
 * `bias` [b*heads, 1 or t, s] is added to the scores; `hidden`, of the same shape or one that broadcasts, gives keys
 * no weight at all.
 *
 * @throws ERR_SHAPE where the three do not agree, or h is not divisible by `numHeads`.
 */
export function scaledDotProductAttention(
  scope: Scope,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions,
): Attended {
  const { numHeads, bias, hidden } = options;
  const qHeads = scope.record("q", splitHeads(scope, q, numHeads)); // [t, b*heads, d]
  requireAgreement(scope.label, q, k, v);
  const kHeads = scope.record("k", splitHeads(scope, k, numHeads)); // [s, b*heads, d]
  const vHeads = scope.record("v", splitHeads(scope, v, numHeads)); // [s, b*heads, d]
  const scores = batchMatmul(qHeads, kHeads, {
    batchA: "second",
    batchB: "second",
    transB: true,
    alpha: 1 / Math.sqrt(Number(qHeads.shape[2])),
  }); // [b*heads, t, s]
  scope.record("scores", scores);
  const weights = scope.record("weights", maskedSoftmax(scores, { bias, hidden })); // [b*heads, t, s]
  const dropped = dropout(scope.at("dropout"), weights, options.dropout ?? 0);
  const context = batchMatmul(dropped, vHeads, { batchB: "second" }); // [b*heads, t, d]
  return { context: reshape(transpose(context, [1, 0, 2]), q.shape), weights };
}

/** @throws ERR_SHAPE unless queries are [t, b, h], and keys and values [s, b, h]. */
export function requireAgreement(label: string, q: Tensor, k: Tensor, v: Tensor): void {
  const expected = [k.shape[0], ...q.shape.slice(1)];
  const agree = sameShape(k.shape, expected) && sameShape(v.shape, expected);
  if (agree) return;
  throw shapeError(
    label,
    "query [t, b, h], key and value [s, b, h] must agree in b and h, and key and value in s",
    [q, k, v],
    "give the batch and the lengths one size each",
  );
}

/** Softmax of the last axis among the keys that are not hidden. */
function maskedSoftmax(scores: Tensor, { bias, hidden }: HeadMasks): Tensor {
  const biased = bias === undefined ? scores : add(scores, bias);
  if (hidden === undefined) return softmax(biased);
  // twice: the first makes hidden keys weigh nothing beside others, the second where there are no others
  return where(hidden, scalar(0), softmax(where(hidden, scalar(LOWEST), biased)));
}

/** [t, b, h] -> [t, b*heads, d] */
function splitHeads(scope: Scope, x: Tensor, numHeads: number): Tensor {
  const [t, b, h] = x.shape;
  const headSize = x.rank === 3 ? quotient(h, numHeads) : undefined;
  if (typeof headSize !== "number") {
    throw shapeError(
      scope.label,
      `attention needs [t, b, h] with h divisible by the ${numHeads} heads`,
      [x],
      "change the hidden size or the number of heads",
    );
  }
  return reshape(x, [t, product([b, numHeads]), headSize]);
}
