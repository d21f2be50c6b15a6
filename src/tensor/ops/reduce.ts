/**
 * Sums, means and expansion: the ops that change how many elements there are.
 *
 * ONNX: ReduceSum-13, ReduceMean-18, Expand-13. Reductions keep their dimensions (size 1), so that gradients
 * broadcast back without reshaping.
 */
import type { Shape } from "../../base/shape.ts";
import { broadcastShapes, formatShape, sameShape } from "../../base/shape.ts";
import type { Op } from "../op.ts";
import { apply } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { scalar, shapeError } from "../tensor.ts";
import { mul } from "./elementwise.ts";

export interface Axes {
  readonly axes: readonly number[];
}

export const ReduceSum: Op<Axes> = {
  name: "ReduceSum",
  infer: ([x], { axes }) => [{ dtype: x.dtype, shape: reduceShape(x, axes, "ReduceSum") }],
  emit: (e, [x], { axes }) => [e.node("ReduceSum", [x, e.int64s(axes)], { keepdims: { int: 1 } })],
  // y = sum_i x_i:  dx_i = dy (expanded by grad)
  vjp: (dY) => [dY],
};

export const ReduceMean: Op<Axes> = {
  name: "ReduceMean",
  infer: ([x], { axes }) => {
    const shape = reduceShape(x, axes, "ReduceMean");
    if (axes.some((axis) => typeof x.shape[axis] === "string")) {
      throw shapeError(
        "ReduceMean",
        "averaged dimensions must be known numbers",
        [x],
        "use sum() and divide",
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  emit: (e, [x], { axes }) => [e.node("ReduceMean", [x, e.int64s(axes)], { keepdims: { int: 1 } })],
  // y = (1/n) sum_i x_i:  dx_i = dy / n
  vjp: (dY, { inputs: [x], attributes: { axes } }) => {
    const n = axes.reduce((count, axis) => count * Number(x.shape[axis]), 1);
    return [mul(dY, scalar(1 / n))];
  },
};

export const Expand: Op<{ readonly shape: Shape }> = {
  name: "Expand",
  infer: ([x], { shape }) => {
    const out = broadcastShapes(x.shape, shape);
    if (out === undefined || !sameShape(out, shape)) {
      throw shapeError(
        "expand",
        `the shape must broadcast to ${formatShape(shape)}`,
        [x],
        "fix the target shape",
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  emit: (e, [x], { shape }) => [e.node("Expand", [x, e.shape(shape)])],
  vjp: (dY) => [dY],
};

/** Sum over `axes` (non-negative), keeping them as size 1. [b, t, d] over [1] is [b, 1, d]. */
export function sum(x: Tensor, axes: readonly number[]): Tensor {
  return apply(ReduceSum, [x], { axes });
}

/** Mean over `axes` (non-negative, of known size), keeping them as size 1. */
export function mean(x: Tensor, axes: readonly number[]): Tensor {
  return apply(ReduceMean, [x], { axes });
}

/** Broadcasts to `shape`, whose dimensions may be named. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return apply(Expand, [x], { shape });
}

function reduceShape(x: Tensor, axes: readonly number[], op: string): Shape {
  const outside = axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= x.rank);
  // no axes at all would mean every axis to ONNX
  if (outside || axes.length === 0 || new Set(axes).size < axes.length) {
    throw shapeError(
      op,
      `axes [${axes}] must be one or more of 0..${x.rank - 1}, each once`,
      [x],
      "pass non-negative axes of the input",
    );
  }
  return x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
}
