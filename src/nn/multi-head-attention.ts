/**
 * Multi-head attention with its projections (Vaswani et al. 2017, section 3.2.2).
 *
 *     head_i = attention(Q W_i^Q, K W_i^K, V W_i^V);   output = concat(head_1, ..., head_n) W^O
 *
 * Options, parameter names and packing are those of PyTorch's `nn.MultiheadAttention`: one `in_proj_weight` [3e, e]
 * where queries, keys and values are equally wide, else three, and `out_proj`. Self-attention where all three inputs
 * are one tensor; then one product makes all three projections. `addBiasKv` and `addZeroAttn` are not offered.
 *
 * Legend: t queries, s keys, b batch, e embedDim.
 */
import type { Dim } from "../base/shape.ts";
import { formatShape, product, sameShape } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { add, expand, mean, reshape, shapeError, slice } from "../tensor/index.ts";
import { requireAgreement, scaledDotProductAttention } from "./attention.ts";
import type { MatrixStart } from "./layers.ts";
import { linear, matrixStart, matrixStarts, project, xavierUniform } from "./layers.ts";
import { enterMasks, layoutOf } from "./layout.ts";
import type { AttentionMasks } from "./masks.ts";
import { headMasks } from "./masks.ts";
import type { Seeded } from "./module.ts";
import {
  requireDivisible,
  requireEvenHeads,
  requireKnown,
  requireOneOf,
  requirePositiveIntegers,
  requireRates,
  unusedOption,
} from "./option-checks.ts";
import type { RotaryOptions } from "./rotary.ts";
import { requireRotary, rotary } from "./rotary.ts";
import type { Scope } from "./scope.ts";

export interface MultiHeadAttentionOptions extends Seeded {
  readonly embedDim: number;
  readonly numHeads: number;
  /** Share of attention weights dropped in training. Default 0. */
  readonly dropout?: number;
  /** Whether projections have biases. Default true. */
  readonly bias?: boolean;
  /** Width of keys. Default embedDim. */
  readonly kDim?: number;
  /** Width of values. Default embedDim. */
  readonly vDim?: number;
  /** Inputs are [b, s, d]. Default false: [s, b, d]. */
  readonly batchFirst?: boolean;
  /** First values of `out_proj`. Default "kaiming", as in `nn.Linear`. */
  readonly matrices?: MatrixStart;
  /** Turns queries and keys by their places (rotary.ts). Default none. */
  readonly rotary?: RotaryOptions;
}

export interface MultiHeadAttentionCall extends AttentionMasks {
  /** Also give the attention weights. Default false. */
  readonly needWeights?: boolean;
  /** For `needWeights`: the mean over heads, or one matrix a head. Default true. */
  readonly averageAttnWeights?: boolean;
  /** [heads, t, s], added to the scores of every sequence: relative positions (relative-bias.ts). */
  readonly positionBias?: Tensor;
}

export interface MultiHeadAttentionOutput {
  /** In the layout of the query. */
  readonly output: Tensor;
  /**
   * On request, [b, t, s], or [b, heads, t, s] without averaging; without b for a single sequence. In training they are
   * those before dropout, rows of sum 1, where PyTorch gives those after it.
   */
  readonly weights?: Tensor;
}

export type ResolvedAttentionOptions = ReturnType<typeof multiHeadAttentionOptions>;

const optionNames = {
  embedDim: true,
  numHeads: true,
  dropout: true,
  bias: true,
  kDim: true,
  vDim: true,
  batchFirst: true,
  matrices: true,
  rotary: true,
  seed: true,
} as const;

/** Fills in defaults. @throws ERR_OPTION naming the option and its range. */
export function multiHeadAttentionOptions(options: MultiHeadAttentionOptions) {
  requireKnown("MultiHeadAttention", options, optionNames);
  const { embedDim, numHeads, dropout = 0, bias = true, batchFirst = false } = options;
  const { kDim = embedDim, vDim = embedDim, matrices = "kaiming" } = options;
  requirePositiveIntegers("MultiHeadAttention", { embedDim, numHeads, kDim, vDim });
  requireRates("MultiHeadAttention", { dropout });
  requireDivisible("MultiHeadAttention", ["embedDim", embedDim], ["numHeads", numHeads]);
  requireOneOf("MultiHeadAttention", "matrices", matrices, matrixStarts);
  if (options.rotary !== undefined) {
    requireEvenHeads("MultiHeadAttention", embedDim / numHeads);
    requireRotary("MultiHeadAttention", options.rotary);
  }
  return { ...options, embedDim, numHeads, dropout, bias, batchFirst, kDim, vDim, matrices };
}

/**
 * Attention of `query` over `key` and `value`, in any layout.
 *
 * @throws ERR_SHAPE and ERR_MASK naming the module, what it expects and what it was given; ERR_OPTION_UNUSED for an
 *   option of the call that would do nothing.
 */
export function multiHeadAttention(
  scope: Scope,
  options: ResolvedAttentionOptions,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  call: MultiHeadAttentionCall = {},
): MultiHeadAttentionOutput {
  const { embedDim, numHeads, batchFirst, kDim, vDim } = options;
  if (call.averageAttnWeights !== undefined && call.needWeights !== true)
    throw unusedOption(scope.label, "averageAttnWeights is for needWeights", "needWeights is not true");
  const layout = layoutOf(scope.label, query, batchFirst);
  const q = layout.enter("query", query, embedDim); // [t, b, e]
  // one tensor is entered once, where it may stand for both
  const k = key === query && kDim === embedDim ? q : layout.enter("key", key, kDim);
  const alike = value === key && vDim === kDim;
  const v = alike ? k : value === query && vDim === embedDim ? q : layout.enter("value", value, vDim);
  const { output, weights } = attend(scope, options, { q, k, v }, { ...call, ...enterMasks(layout, call) });
  const result = { output: layout.leave(output) };
  if (call.needWeights !== true) return result;
  const [t, b] = q.shape;
  const s = k.shape[0];
  const perHead = reshape(weights, [b, numHeads, t, s]);
  const single = query.rank === 2;
  if (call.averageAttnWeights === false)
    return { ...result, weights: single ? reshape(perHead, [numHeads, t, s]) : perHead };
  return { ...result, weights: reshape(mean(perHead, [1]), single ? [t, s] : [b, t, s]) };
}

/** The three inputs of attention, [t or s, b, width]. Give one tensor thrice for self-attention. */
export interface Attendance {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/** The same in the layers' own layout; weights are [b*heads, t, s]. */
export function attend(
  scope: Scope,
  options: ResolvedAttentionOptions,
  inputs: Attendance,
  call: MultiHeadAttentionCall = {},
): { readonly output: Tensor; readonly weights: Tensor } {
  return attendProjected(scope, options, projectAll(scope, options, inputs), call);
}

/** The part behind the three projections. @throws ERR_SHAPE, ERR_MASK */
export function attendProjected(
  scope: Scope,
  options: ResolvedAttentionOptions,
  { q, k, v }: Attendance,
  call: MultiHeadAttentionCall = {},
): { readonly output: Tensor; readonly weights: Tensor } {
  const { embedDim, numHeads, dropout, bias } = options;
  const [t, b] = q.shape;
  const s = k.shape[0];
  requireAgreement(scope.label, q, k, v); // before the masks, which are held to their sizes
  const masks = headMasks(scope.label, call, { b, t, s, numHeads });
  const { context, weights } = scaledDotProductAttention(scope, q, k, v, {
    numHeads,
    dropout,
    hidden: masks.hidden,
    bias: withPositionBias(scope.label, masks.bias, call.positionBias, [b, numHeads, t, s]),
  });
  const output = linear(scope.at("out_proj"), context, {
    outFeatures: embedDim,
    bias: bias && { kind: "zeros" },
    ...matrixStart(options.matrices, embedDim, embedDim),
  });
  return { output, weights };
}

/** Q W^Q, K W^K and V W^V; one product for inputs that are one tensor. */
export function projectAll(
  scope: Scope,
  options: ResolvedAttentionOptions,
  { q, k, v }: Attendance,
  positions?: Tensor,
): Attendance {
  const { embedDim: e, numHeads } = options;
  const { packed, each } = projections(scope, options);
  const turn = (x: Tensor) =>
    options.rotary === undefined ? x : rotary(x, { ...options.rotary, numHeads, positions });
  if (packed !== undefined && q === k && k === v) {
    const all = project(q, packed.weight, packed.bias); // [t, b, 3e]
    const part = (i: number) => slice(all, { axis: 2, start: i * e, end: (i + 1) * e });
    return { q: turn(part(0)), k: turn(part(1)), v: part(2) };
  }
  const [toQ, toK, toV] = each;
  return { q: turn(toQ(q)), k: turn(toK(k)), v: toV(v) };
}

/** The three projections as functions; only those that are called become part of the graph. */
export function projections(scope: Scope, options: ResolvedAttentionOptions) {
  const { embedDim: e, kDim, vDim, bias: hasBias } = options;
  const matrix = (name: string, rows: number, width: number) =>
    scope.parameter(name, [rows, width], { init: xavierUniform(rows, width), decay: true });
  const third = (x: Tensor, i: number) => slice(x, { axis: 0, start: i * e, end: (i + 1) * e });
  // weights before biases: PyTorch's order
  const packedWeight = kDim === e && vDim === e ? matrix("in_proj_weight", 3 * e, e) : undefined;
  const weights =
    packedWeight === undefined
      ? [matrix("q_proj_weight", e, e), matrix("k_proj_weight", e, kDim), matrix("v_proj_weight", e, vDim)]
      : [0, 1, 2].map((i) => third(packedWeight, i));
  const bias = hasBias
    ? scope.parameter("in_proj_bias", [3 * e], { init: { kind: "zeros" }, decay: false })
    : undefined;
  const packed = packedWeight === undefined ? undefined : { weight: packedWeight, bias };
  const each = weights.map(
    (weight, i) => (x: Tensor) => project(x, weight, bias === undefined ? undefined : third(bias, i)),
  );
  return { packed, each };
}

/** The bias of masks with that of relative positions [heads, t, s], which is every sequence's. */
function withPositionBias(
  label: string,
  bias: Tensor | undefined,
  positionBias: Tensor | undefined,
  [b, numHeads, t, s]: readonly [Dim, number, Dim, Dim],
): Tensor | undefined {
  if (positionBias === undefined) return bias;
  const expected = [numHeads, t, s];
  if (positionBias.dtype !== "float32" || !sameShape(positionBias.shape, expected)) {
    throw shapeError(
      label,
      `positionBias must be float32 ${formatShape(expected)}`,
      [positionBias],
      "make it with relativeBias for these lengths and heads",
    );
  }
  const every = expand(reshape(positionBias, [1, numHeads, t, s]), [b, numHeads, t, s]);
  const flat = reshape(every, [product([b, numHeads]), t, s]);
  return bias === undefined ? flat : add(flat, bias);
}
