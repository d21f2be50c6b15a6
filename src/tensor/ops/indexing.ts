/**
 * Ops with integers: rows of a table, one-hot vectors, positions.
 *
 * ONNX: Gather-13, OneHot-11, Range-11. The gradient of `gatherRows` never becomes a scatter inside the graph
 * (ONNX Runtime's adds race); it leaves as rows, see RowGradient.
 */
import { AttuneError } from "../../base/errors.ts";
import type { DType } from "../../base/dtype.ts";
import type { Dim } from "../../base/shape.ts";
import { dtypeCode } from "../../onnx/index.ts";
import type { Op } from "../op.ts";
import { apply, notDifferentiable } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { shapeError } from "../tensor.ts";

type None = Record<string, never>;

export const GatherRows: Op<None> = {
  name: "GatherRows",
  infer: (inputs) => {
    const [table, indices] = inputs;
    if (table.rank !== 2 || !isInteger(indices.dtype)) {
      throw shapeError(
        "gatherRows",
        "the table must be [v, d] and the indices int32 or int64",
        inputs,
        "check the arguments",
      );
    }
    return [{ dtype: table.dtype, shape: [...indices.shape, table.shape[1]] }];
  },
  emit: (e, [table, indices]) => [e.node("Gather", [table, indices], { axis: { int: 0 } })],
  vjp: (dY, { inputs: [, indices] }) => [{ indices, rows: dY }, undefined],
};

export const OneHot: Op<{ readonly depth: number }> = {
  name: "OneHot",
  infer: ([indices], { depth }) => {
    if (!isInteger(indices.dtype))
      throw shapeError("oneHot", "the indices must be int32 or int64", [indices], "check the arguments");
    return [{ dtype: "float32", shape: [...indices.shape, depth] }];
  },
  emit: (e, [indices], { depth }) => {
    const offAndOn = e.constant({ dtype: "float32", shape: [2], data: Float32Array.of(0, 1) });
    const wide = e.node("Cast", [indices], { to: { int: dtypeCode("int64") } }); // no kernel mixes int32 and int64
    return [e.node("OneHot", [wide, e.int64s([depth]), offAndOn], { axis: { int: -1 } })];
  },
  vjp: notDifferentiable("indices are integers"),
};

export const Arange: Op<{ readonly size: Dim }> = {
  name: "Arange",
  infer: (_, { size }) => {
    if (typeof size === "string" || (Number.isSafeInteger(size) && size >= 0))
      return [{ dtype: "int32", shape: [size] }];
    throw new AttuneError("ERR_SHAPE", {
      rule: "arange: the size must be a name, or a whole number, 0 or more",
      found: `it is ${size}`,
      next: "change the size",
    });
  },
  emit: (e, _, { size }) => {
    const zero = e.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) });
    const one = e.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(1n) });
    const range = e.node("Range", [zero, e.node("Squeeze", [e.dim(size)]), one]);
    return [e.node("Cast", [range], { to: { int: dtypeCode("int32") } })];
  },
  vjp: notDifferentiable("positions are integers"),
};

/**
 * `table[indices]`: rows of a [v, d] table, giving [...indices.shape, d].
 *
 * Indices must lie in 0..v-1. One beyond ends the run with ERR_RUN; a negative one reads from the end outside of
 * training, as ONNX's Gather does, and is refused in training. `embedding` refuses both.
 */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  return apply(GatherRows, [table, indices], {});
}

/** float32 [..., depth] with a 1 at each index (0..depth-1). */
export function oneHot(indices: Tensor, depth: number): Tensor {
  return apply(OneHot, [indices], { depth });
}

/** 0, 1, ..., size-1 as int32 [size]; the size may be named. */
export function arange(size: Dim): Tensor {
  return apply(Arange, [], { size });
}

function isInteger(dtype: DType): boolean {
  return dtype === "int32" || dtype === "int64";
}
