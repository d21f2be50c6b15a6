/**
 * Ops with integers: rows of a table, rows of a computed tensor, one-hot vectors, positions.
 *
 * ONNX: Gather-13, OneHot-11, Range-11. The gradient of `gatherRows` never becomes a scatter inside the graph
 * (ONNX Runtime's adds race); it leaves as rows, see RowGradient.
 */
import { AttuneError } from "../../base/errors.ts";
import type { DType } from "../../base/dtype.ts";
import type { Dim } from "../../base/shape.ts";
import { sameShape } from "../../base/shape.ts";
import { dtypeCode } from "../../onnx/index.ts";
import { zeros } from "../create.ts";
import type { Op } from "../op.ts";
import { apply, notDifferentiable } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { shapeError } from "../tensor.ts";
import { concat } from "./shape.ts";

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

export const PickRows: Op<None> = {
  name: "PickRows",
  infer: (inputs) => {
    const [x, places, inverse] = inputs;
    const fits =
      x.rank === 2 &&
      typeof x.shape[1] === "number" &&
      [places, inverse].every(({ dtype, rank }) => dtype === "int32" && rank === 1) &&
      sameShape(inverse.shape, x.shape.slice(0, 1));
    if (!fits) {
      throw shapeError(
        "pickRows",
        "x must be [n, d] with a known d, places int32 [m] and the inverse int32 [n]",
        inputs,
        "reshape or cast them",
      );
    }
    return [{ dtype: x.dtype, shape: [places.shape[0], x.shape[1]] }];
  },
  emit: (e, [x, places]) => [e.node("Gather", [x, places], { axis: { int: 0 } })],
  // dX[i] = dY[inverse[i]], where the row behind the last of dY is zero: a gather in place of a scatter
  vjp: (dY, { inputs: [, places, inverse] }) => {
    const nothing = zeros([1, Number(dY.shape[1])]);
    const size = `${String(places.shape[0]).replaceAll("*", "_")}_and_none`; // a name of its own: dimensions are not added
    return [gatherRows(concat([dY, nothing], { axis: 0, size }), inverse), undefined, undefined];
  },
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

/**
 * `x[places]` for distinct rows of a computed [n, d], giving [m, d]; differentiable, unlike `gatherRows` of anything
 * but a parameter.
 *
 * @param places int32 [m] in 0..n-1. One that stands twice gives its row twice, and a gradient to it only through the
 *   use that `inverse` names.
 * @param inverse int32 [n]: for each row of x its index in `places`, or m where it is not picked.
 * @example
 * pickRows(x, tensor([4, 1], "int32"), tensor([2, 1, 2, 2, 0], "int32")); // rows 4 and 1 of five
 */
export function pickRows(x: Tensor, places: Tensor, inverse: Tensor): Tensor {
  return apply(PickRows, [x, places, inverse], {});
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
