/**
 * The small layers: linear, embedding, dropout. Normalisation stands in normalization.ts, attention in attention.ts.
 *
 * Parameter names and layouts are PyTorch's (`weight` [out, in], `bias` [out]), so checkpoints load as they are, and
 * so are the first values unless others are asked for. Each takes the scope that holds its parameters first.
 */
import { product } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { constant, gatherRows, gemm, greater, mul, reshape, shapeError, where } from "../tensor/index.ts";
import { requirePositiveIntegers, requireRates } from "./option-checks.ts";
import type { Initializer, Scope } from "./scope.ts";

export interface LinearOptions {
  readonly outFeatures: number;
  /** First weights. Default uniform in -1/sqrt(in)..1/sqrt(in), as in PyTorch. */
  readonly init?: Initializer;
  /** First biases, or false for none. Default as the weights'. */
  readonly bias?: Initializer | false;
}

/**
 * y = x W^T + b (PyTorch's `nn.Linear`). x: [..., in] -> [..., out]. Parameters `weight` [out, in], `bias` [out].
 *
 * @throws ERR_SHAPE where the last dimension of x is not a known number, ERR_OPTION.
 */
export function linear(scope: Scope, x: Tensor, options: LinearOptions): Tensor {
  const inFeatures = x.shape[x.rank - 1];
  if (typeof inFeatures !== "number") {
    throw shapeError(scope.label, "linear needs [..., in] with a known size", [x], "reshape the input");
  }
  const { outFeatures } = options;
  requirePositiveIntegers(scope.label, { outFeatures });
  const start = options.init ?? uniformOf(inFeatures);
  const weight = scope.parameter("weight", [outFeatures, inFeatures], { init: start, decay: true });
  if (options.bias === false) return project(x, weight);
  const init = options.bias ?? uniformOf(inFeatures);
  return project(x, weight, scope.parameter("bias", [outFeatures], { init, decay: false }));
}

/** x W^T + b for x [..., in], W [out, in] and b [out]: a linear layer whose parameters are given (tied ones, too). */
export function project(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const leading = x.shape.slice(0, -1);
  const flat = x.rank === 2 ? x : reshape(x, [product(leading), x.shape[x.rank - 1]]); // [n, in]
  const y = gemm(flat, weight, { transB: true, ...(bias === undefined ? {} : { c: bias }) }); // [n, out]
  return x.rank === 2 ? y : reshape(y, [...leading, weight.shape[0]]);
}

export interface EmbeddingOptions {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  /** First values. Default normal with deviation 1, as in PyTorch. */
  readonly init?: Initializer;
}

/**
 * Rows of a table (PyTorch's `nn.Embedding`). indices [...] -> [..., dim]. Parameter `weight` [num, dim].
 *
 * @throws ERR_SHAPE, ERR_OPTION; at run time ERR_RUN for an index outside of 0..num-1.
 */
export function embedding(scope: Scope, indices: Tensor, options: EmbeddingOptions): Tensor {
  if (indices.dtype !== "int32" && indices.dtype !== "int64")
    throw shapeError(scope.label, "indices must be int32 or int64 [...]", [indices], "cast them");
  const beyond = place(indices, options.numEmbeddings);
  // Gather takes negative numbers from the end
  return gatherRows(
    embeddingTable(scope, options),
    where(greater(place(indices, 0), indices), beyond, indices),
  );
}

/** The table of `embedding`, for layers that share it: `project(x, embeddingTable(...))` gives tied logits. */
export function embeddingTable(scope: Scope, options: EmbeddingOptions): Tensor {
  const { numEmbeddings, embeddingDim, init = { kind: "normal", std: 1 } } = options;
  requirePositiveIntegers(scope.label, { numEmbeddings, embeddingDim });
  return scope.parameter("weight", [numEmbeddings, embeddingDim], { init, decay: true });
}

/**
 * Sets a share `rate` of elements to zero in training and scales the rest by 1 / (1 - rate)
 * (Srivastava et al. 2014, "inverted"). The identity outside training.
 *
 * @throws ERR_OPTION unless the rate is in [0, 1).
 */
export function dropout(scope: Scope, x: Tensor, rate: number): Tensor {
  requireRates(scope.label, { rate });
  return scope.training && rate > 0 ? mul(x, scope.dropoutMask(x.shape, rate)) : x;
}

/** How the matrices of a layer start: as `nn.Linear` does, or Glorot-uniform as `nn.Transformer` does. */
export type MatrixStart = "kaiming" | "xavier";

export const matrixStarts: readonly MatrixStart[] = ["kaiming", "xavier"];

/** The `init` of a linear layer for a way to start. */
export function matrixStart(
  start: MatrixStart,
  outFeatures: number,
  inFeatures: number,
): { readonly init?: Initializer } {
  return start === "kaiming" ? {} : { init: xavierUniform(outFeatures, inFeatures) };
}

/** A place in a table as an integer scalar of the indices' own type. */
function place({ dtype }: Tensor, value: number): Tensor {
  return dtype === "int64"
    ? constant({ dtype, shape: [], data: BigInt64Array.of(BigInt(value)) })
    : constant({ dtype: "int32", shape: [], data: Int32Array.of(value) });
}

/** PyTorch's first values of a linear layer: kaiming_uniform with a = sqrt(5) comes to -1/sqrt(in)..1/sqrt(in). */
function uniformOf(inFeatures: number): Initializer {
  return { kind: "uniform", bound: 1 / Math.sqrt(inFeatures) };
}

/** Glorot and Bengio 2010, uniform: what PyTorch starts attention and `nn.Transformer` with. */
export function xavierUniform(outFeatures: number, inFeatures: number): Initializer {
  return { kind: "uniform", bound: Math.sqrt(6 / (inFeatures + outFeatures)) };
}
