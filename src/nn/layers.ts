/**
 * The small layers: linear, embedding, layer normalisation, dropout.
 *
 * Parameter names and layouts are PyTorch's (`weight` [out, in], `bias` [out]), so checkpoints load as they are.
 * Each takes the scope that holds its parameters first. Attention stands in attention.ts.
 */
import type { Tensor } from "../tensor/index.ts";
import { gatherRows, gemm, layerNorm as layerNormOp, mul, reshape, shapeError } from "../tensor/index.ts";
import { product } from "../base/shape.ts";
import type { Initializer, Scope } from "./scope.ts";

export interface LinearOptions {
  readonly outFeatures: number;
  readonly init: Initializer;
}

/**
 * y = x W^T + b (PyTorch's `nn.Linear`). x: [..., in] -> [..., out]. Parameters `weight` [out, in], `bias` [out].
 *
 * @throws ERR_SHAPE where the last dimension of x is not a known number.
 */
export function linear(scope: Scope, x: Tensor, options: LinearOptions): Tensor {
  const inFeatures = x.shape[x.rank - 1];
  if (typeof inFeatures !== "number") {
    throw shapeError(scope.path, "linear needs [..., in] with a known size", [x], "reshape the input");
  }
  const { outFeatures, init } = options;
  const weight = scope.parameter("weight", [outFeatures, inFeatures], { init, decay: true });
  const bias = scope.parameter("bias", [outFeatures], { init: { kind: "zeros" }, decay: false });
  const leading = x.shape.slice(0, -1);
  const flat = x.rank === 2 ? x : reshape(x, [product(leading), inFeatures]); // [n, in]
  const y = gemm(flat, weight, { transB: true, c: bias }); // [n, out]
  return x.rank === 2 ? y : reshape(y, [...leading, outFeatures]);
}

/** Rows of a table (PyTorch's `nn.Embedding`). indices [...] -> [..., dim]. Parameter `weight` [num, dim]. */
export function embedding(
  scope: Scope,
  indices: Tensor,
  options: { readonly numEmbeddings: number; readonly embeddingDim: number; readonly init: Initializer },
): Tensor {
  const { numEmbeddings, embeddingDim, init } = options;
  return gatherRows(scope.parameter("weight", [numEmbeddings, embeddingDim], { init, decay: true }), indices);
}

/** Layer normalisation of the last axis (PyTorch's `nn.LayerNorm`). Parameters `weight` [d] (ones), `bias` [d]. */
export function layerNorm(scope: Scope, x: Tensor, options: { readonly eps: number }): Tensor {
  const width = [Number(x.shape[x.rank - 1])];
  const weight = scope.parameter("weight", width, { init: { kind: "ones" }, decay: false });
  const bias = scope.parameter("bias", width, { init: { kind: "zeros" }, decay: false });
  return layerNormOp(x, weight, bias, { epsilon: options.eps });
}

/**
 * Sets a share `rate` of elements to zero in training and scales the rest by 1 / (1 - rate)
 * (Srivastava et al. 2014, "inverted"). The identity outside training.
 */
export function dropout(scope: Scope, x: Tensor, rate: number): Tensor {
  return scope.training && rate > 0 ? mul(x, scope.dropoutMask(x.shape, rate)) : x;
}
