/**
 * Matrix products: `gemm` for linear layers (rank 2), `batchMatmul` for attention (rank 3).
 *
 * Why two: ONNX Runtime's Gemm adds the bias for free and transposes either side without a copy; its
 * FusedMatMul (com.microsoft) also reads operands whose batch axis is second, which is how sequence-first
 * activations lie in memory, so attention needs no transposed copies of Q, K and V. In the "onnx" dialect the
 * same op is written as Transpose + MatMul. Measured in docs/decisions/0001.
 */
import type { Dim } from "../../base/shape.ts";
import { broadcastShapes } from "../../base/shape.ts";
import type { Emitter } from "../emitter.ts";
import type { Op } from "../op.ts";
import { apply, requireSameDType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { shapeError } from "../tensor.ts";
import { transpose } from "./shape.ts";

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Factor of the product (not of c). Default 1. */
  readonly alpha?: number;
}

export const Gemm: Op<Required<GemmOptions>> = {
  name: "Gemm",
  infer: (inputs, { transA, transB }) => {
    requireSameDType("gemm", inputs);
    const [a, b, c] = inputs;
    if (a.rank !== 2 || b.rank !== 2)
      throw shapeError("gemm", "both operands must have rank 2", inputs, "reshape first");
    const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [k2, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
    if (k !== k2)
      throw shapeError(
        "gemm",
        `inner dimensions must agree (${k} and ${k2})`,
        inputs,
        "transpose or fix one",
      );
    if (c !== undefined && broadcastShapes(c.shape, [m, n])?.join() !== [m, n].join()) {
      throw shapeError("gemm", `c must broadcast to [${m}, ${n}]`, inputs, "check the bias");
    }
    return [{ dtype: a.dtype, shape: [m, n] }];
  },
  emit: (e, names, { transA, transB, alpha }) => [
    e.node("Gemm", names, {
      ...(transA ? { transA: { int: 1 } } : {}),
      ...(transB ? { transB: { int: 1 } } : {}),
      ...(alpha === 1 ? {} : { alpha: { float: alpha } }),
    }),
  ],
  // Y = alpha A B + C:  dA = alpha dY B^T,  dB = alpha A^T dY,  dC = dY; each is written so that it comes out in
  // the operand's own layout
  vjp: (dY, { inputs: [a, b, c], attributes: { transA, transB, alpha } }) => [
    transA ? gemm(b, dY, { transA: transB, transB: true, alpha }) : gemm(dY, b, { transB: !transB, alpha }),
    transB ? gemm(dY, a, { transA: true, transB: transA, alpha }) : gemm(a, dY, { transA: !transA, alpha }),
    ...(c === undefined ? [] : [dY]),
  ],
};

/** Where the batch axis of an operand lies: "first" is [n, m, k], "second" is [m, n, k]. */
export type BatchAxis = "first" | "second";

export interface BatchMatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly batchA?: BatchAxis;
  readonly batchB?: BatchAxis;
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
}

export const BatchMatmul: Op<Required<BatchMatmulOptions>> = {
  name: "BatchMatmul",
  infer: (inputs, { transA, transB, batchA, batchB }) => {
    requireSameDType("batchMatmul", inputs);
    const [a, b] = inputs;
    if (a.rank !== 3 || b.rank !== 3)
      throw shapeError("batchMatmul", "both operands must have rank 3", inputs, "reshape first");
    const [n, m, k] = logicalDims(a, batchA, transA);
    const [n2, k2, p] = logicalDims(b, batchB, transB);
    if (k !== k2 || n !== n2) {
      throw shapeError(
        "batchMatmul",
        `batch (${n}, ${n2}) and inner (${k}, ${k2}) dimensions must agree`,
        inputs,
        "check the layout options",
      );
    }
    return [{ dtype: a.dtype, shape: [n, m, p] }];
  },
  emit: (e, [a, b], options) => [
    e.dialect === "ort" ? emitFused(e, a, b, options) : emitStandard(e, a, b, options),
  ],
  // C = alpha A B per batch:  dA = alpha dC B^T,  dB = alpha A^T dC, laid out as A and B are
  vjp: (dC, { inputs: [a, b], attributes: { transA, transB, batchA, batchB, alpha } }) => {
    const dA = transA
      ? batchMatmul(b, dC, { transA: transB, batchA: batchB, transB: true, alpha })
      : batchMatmul(dC, b, { transB: !transB, batchB, alpha });
    const dB = transB
      ? batchMatmul(dC, a, { transA: true, transB: transA, batchB: batchA, alpha })
      : batchMatmul(a, dC, { transA: !transA, batchA, alpha });
    return [batchA === "second" ? swapBatch(dA) : dA, batchB === "second" ? swapBatch(dB) : dB];
  },
};

/** alpha * A B + c for matrices: [m, k] x [k, n] + c -> [m, n]. `c` broadcasts to the result. */
export function gemm(a: Tensor, b: Tensor, options: GemmOptions & { readonly c?: Tensor } = {}): Tensor {
  const { transA = false, transB = false, alpha = 1, c } = options;
  return apply(Gemm, c === undefined ? [a, b] : [a, b, c], { transA, transB, alpha });
}

/** alpha * A B for each of n matrices: [n, m, k] x [n, k, p] -> [n, m, p], operands in the layouts that the options name. */
export function batchMatmul(a: Tensor, b: Tensor, options: BatchMatmulOptions = {}): Tensor {
  const { transA = false, transB = false, batchA = "first", batchB = "first", alpha = 1 } = options;
  const [left, leftBatch] = absorbSwap(a, batchA);
  const [right, rightBatch] = absorbSwap(b, batchB);
  return apply(BatchMatmul, [left, right], { transA, transB, batchA: leftBatch, batchB: rightBatch, alpha });
}

/** [m, n, k] <-> [n, m, k] */
function swapBatch(x: Tensor): Tensor {
  return transpose(x, [1, 0, 2]);
}

/** An operand that is a swap of something is read from that something: the copy disappears. */
function absorbSwap(x: Tensor, batch: BatchAxis): readonly [Tensor, BatchAxis] {
  const { source } = x;
  if (source.kind !== "call" || source.call.name !== "Transpose") return [x, batch];
  const { attributes } = source.call;
  const swaps = "perm" in attributes && Array.isArray(attributes.perm) && attributes.perm.join() === "1,0,2";
  return swaps ? [source.call.inputs[0], batch === "first" ? "second" : "first"] : [x, batch];
}

/** The dimensions as [batch, rows, columns] after the layout options. */
function logicalDims(x: Tensor, batch: BatchAxis, trans: boolean): readonly [Dim, Dim, Dim] {
  const [n, rows, columns] = batch === "first" ? x.shape : [x.shape[1], x.shape[0], x.shape[2]];
  return trans ? [n, columns, rows] : [n, rows, columns];
}

function emitFused(e: Emitter, a: string, b: string, options: Required<BatchMatmulOptions>): string {
  const { transA, transB, batchA, batchB, alpha } = options;
  return e.microsoftNode("FusedMatMul", [a, b], {
    alpha: { float: alpha },
    transA: { int: Number(transA) },
    transB: { int: Number(transB) },
    transBatchA: { int: Number(batchA === "second") },
    transBatchB: { int: Number(batchB === "second") },
  });
}

function emitStandard(e: Emitter, a: string, b: string, options: Required<BatchMatmulOptions>): string {
  const { transA, transB, batchA, batchB, alpha } = options;
  const product = e.node("MatMul", [arrange(e, a, batchA, transA), arrange(e, b, batchB, transB)]);
  if (alpha === 1) return product;
  return e.node("Mul", [product, e.constant({ dtype: "float32", shape: [], data: Float32Array.of(alpha) })]);
}

function arrange(e: Emitter, x: string, batch: BatchAxis, trans: boolean): string {
  if (batch === "first" && !trans) return x;
  const perm = batch === "first" ? [0, 2, 1] : trans ? [1, 2, 0] : [1, 0, 2];
  return e.node("Transpose", [x], { perm: { ints: perm } });
}
