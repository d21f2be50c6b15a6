/**
 * Scaled dot-product attention over many heads (Vaswani et al. 2017, section 3.2).
 *
 *     attention(Q, K, V) = softmax(Q K^T / sqrt(d) + bias) V
 *
 * Activations are sequence-first, [t, b, h], and heads are cut out by reshaping alone: [t, b*heads, d] with
 * h = heads * d. The products read that layout in place, so nothing is transposed on the way in. The projections
 * before and after belong to the model (their parameter names differ between families).
 *
 * Legend: t queries, s keys, b batch, h hidden, d size of a head.
 */
import { product, quotient } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import {
  add,
  batchMatmul,
  cast,
  expand,
  mul,
  reshape,
  scalar,
  shapeError,
  softmax,
  sub,
  transpose,
} from "../tensor/index.ts";
import { dropout } from "./layers.ts";
import type { Scope } from "./scope.ts";

/** The lowest finite float32: masked keys get no weight, and a row with every key masked stays finite (uniform). */
const LOWEST = -3.4028234663852886e38;

export interface MultiHeadOptions {
  readonly numHeads: number;
  /** [b*heads, 1 or t, s], added to the scores: see paddingBias. */
  readonly bias?: Tensor;
  /** Share of attention weights dropped in training. */
  readonly dropout: number;
}

/**
 * Attention of queries [t, b, h] over keys and values [s, b, h]; gives [t, b, h].
 * `scope` names the dropout site.
 *
 * @throws ERR_SHAPE where h is not divisible by `numHeads`.
 */
export function multiHeadAttention(
  scope: Scope,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: MultiHeadOptions,
): Tensor {
  const { numHeads, bias } = options;
  const [qHeads, kHeads, vHeads] = [q, k, v].map((x) => splitHeads(scope, x, numHeads)); // [t or s, b*heads, d]
  const scores = batchMatmul(qHeads, kHeads, {
    batchA: "second",
    batchB: "second",
    transB: true,
    alpha: 1 / Math.sqrt(Number(qHeads.shape[2])),
  }); // [b*heads, t, s]
  const weights = softmax(bias === undefined ? scores : add(scores, bias)); // [b*heads, t, s]
  const dropped = dropout(scope.at("dropout"), weights, options.dropout);
  const context = batchMatmul(dropped, vHeads, { batchB: "second" }); // [b*heads, t, d]
  return reshape(transpose(context, [1, 0, 2]), q.shape); // [t, b, h]
}

/**
 * The bias that hides padding: attention mask [b, s] (1 = token, 0 = padding; any integer type) to
 * [b*heads, 1, s] with 0 for tokens and the lowest float for padding.
 */
export function paddingBias(attentionMask: Tensor, numHeads: number): Tensor {
  if (attentionMask.rank !== 2) {
    throw shapeError(
      "paddingBias",
      "the attention mask must be [batch, sequence]",
      [attentionMask],
      "pass the tokenizer's mask",
    );
  }
  const [b, s] = attentionMask.shape;
  const bias = mul(sub(scalar(1), cast(attentionMask, "float32")), scalar(LOWEST)); // [b, s]
  const perHead = expand(reshape(bias, [b, 1, 1, s]), [b, numHeads, 1, s]);
  return reshape(perHead, [product([b, numHeads]), 1, s]);
}

/** [t, b, h] -> [t, b*heads, d] */
function splitHeads(scope: Scope, x: Tensor, numHeads: number): Tensor {
  const [t, b, h] = x.shape;
  const headSize = x.rank === 3 ? quotient(h, numHeads) : undefined;
  if (typeof headSize !== "number") {
    throw shapeError(
      scope.path,
      `attention needs [t, b, h] with h divisible by the ${numHeads} heads`,
      [x],
      "change the hidden size or the number of heads",
    );
  }
  return reshape(x, [t, product([b, numHeads]), headSize]);
}
