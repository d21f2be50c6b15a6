/**
 * Ops that move elements without computing: reshape, transpose, slice and its inverse, concat.
 *
 * ONNX: Reshape-19, Transpose-21 (13 in opset 20), Slice-13, Pad-19, Concat-13.
 */
import { AttuneError } from "../../base/errors.ts";
import type { Dim, Shape } from "../../base/shape.ts";
import { formatShape, product } from "../../base/shape.ts";
import type { Op } from "../op.ts";
import { apply, requireSameDType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { shapeError } from "../tensor.ts";

export const Reshape: Op<{ readonly shape: Shape }> = {
  name: "Reshape",
  infer: ([x], { shape }) => {
    if (product(shape) !== product(x.shape)) {
      throw shapeError(
        "reshape",
        `${formatShape(shape)} must hold as many elements`,
        [x],
        "check the dimensions",
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  emit: (e, [name], { shape }, [x]) => {
    const target = reshapeTarget(x.shape, shape);
    return [e.node("Reshape", [name, target === undefined ? e.shape(shape) : e.int64s(target)])];
  },
  vjp: (dY, { inputs: [x] }) => [reshape(dY, x.shape)],
};

export const Transpose: Op<{ readonly perm: readonly number[] }> = {
  name: "Transpose",
  infer: ([x], { perm }) => {
    if ([...perm].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
      throw shapeError(
        "transpose",
        `[${perm}] must be a permutation of the axes`,
        [x],
        "name every axis once",
      );
    }
    return [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]) }];
  },
  emit: (e, [x], { perm }) => [e.node("Transpose", [x], { perm: { ints: perm } })],
  vjp: (dY, { attributes: { perm } }) => [
    transpose(
      dY,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ],
};

export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

export const Slice: Op<Range> = {
  name: "Slice",
  infer: ([x], { axis, start, end }) => {
    const size = x.shape[axis];
    const whole = Number.isInteger(start) && Number.isInteger(end);
    const fits = whole && start >= 0 && start < end && (typeof size === "string" || end <= size);
    if (!fits)
      throw shapeError("slice", `${start}..${end} must lie inside axis ${axis}`, [x], "fix the range");
    return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? end - start : dim)) }];
  },
  emit: (e, [x], { axis, start, end }) => [
    e.node("Slice", [x, e.int64s([start]), e.int64s([end]), e.int64s([axis])]),
  ],
  // the rows that were cut away get zeros
  vjp: (dY, { inputs: [x], attributes: { axis, start } }) => [pad(dY, { axis, start, size: x.shape[axis] })],
};

export const Pad: Op<{ readonly axis: number; readonly start: number; readonly size: Dim }> = {
  name: "Pad",
  infer: ([x], { axis, start, size }) => {
    const length = x.shape[axis];
    const fits =
      typeof length === "number" &&
      Number.isInteger(start) &&
      start >= 0 &&
      (typeof size === "string" || start + length <= size);
    if (!fits) {
      throw shapeError(
        "pad",
        `axis ${axis} must have a known size that fits into ${size} at ${start}`,
        [x],
        "fix the place",
      );
    }
    return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) }];
  },
  emit: (e, [name], { axis, start, size }, [x]) => {
    const after = e.node("Sub", [e.dim(size), e.int64s([start + Number(x.shape[axis])])]);
    const pads = e.node("Concat", [e.int64s([start]), after], { axis: { int: 0 } });
    return [e.node("Pad", [name, pads, "", e.int64s([axis])])];
  },
  vjp: (dY, { inputs: [x], attributes: { axis, start } }) => [
    slice(dY, { axis, start, end: start + Number(x.shape[axis]) }),
  ],
};

export const Concat: Op<{ readonly axis: number; readonly size: Dim }> = {
  name: "Concat",
  infer: (inputs, { axis, size }) => {
    const [first] = inputs;
    requireSameDType("concat", inputs);
    const fits = ({ shape }: Tensor) =>
      shape.length === first.rank && shape.every((dim, i) => i === axis || dim === first.shape[i]);
    if (!inputs.every(fits)) {
      throw shapeError(
        "concat",
        `shapes must be equal but for axis ${axis}`,
        inputs,
        "reshape or slice one of them",
      );
    }
    return [{ dtype: first.dtype, shape: first.shape.map((dim, i) => (i === axis ? size : dim)) }];
  },
  emit: (e, names, { axis, size }, [first]) => {
    const name = e.node("Concat", names, { axis: { int: axis } });
    e.declareInput(
      name,
      first.shape.map((dim, i) => (i === axis ? size : dim)),
    );
    return [name];
  },
  vjp: (dY, { inputs, attributes: { axis } }) => {
    let start = 0;
    return inputs.map(({ shape }) => {
      const end = start + Number(shape[axis]);
      const part = slice(dY, { axis, start, end });
      start = end;
      return part;
    });
  },
};

/** The same elements in row-major order under another shape; dimensions may be named. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply(Reshape, [x], { shape });
}

/** Permutes axes: `transpose(x, [1, 0, 2])` turns [t, b, d] into [b, t, d]. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  return apply(Transpose, [x], { perm });
}

/** `x[..., start:end, ...]` on one axis. `start` and `end` are numbers known now, 0 <= start < end. */
export function slice(x: Tensor, range: Range): Tensor {
  return apply(Slice, [x], range);
}

/** Puts `x` at `start` of a larger axis of `size` that is zero elsewhere: the inverse of slice. */
export function pad(
  x: Tensor,
  place: { readonly axis: number; readonly start: number; readonly size: Dim },
): Tensor {
  return apply(Pad, [x], place);
}

/**
 * Tensors one after the other along `axis`. Where one of them has a named size there, the result's size needs a name
 * of its own (`size`), since dimensions are not added; such a concat has no gradient.
 *
 * @example
 * concat([past, present], { axis: 0, size: "s" }); // [p, b, d] and [1, b, d] give [s, b, d]
 */
export function concat(
  parts: readonly Tensor[],
  options: { readonly axis: number; readonly size?: string },
): Tensor {
  const { axis, size } = options;
  if (parts.length === 0) {
    throw new AttuneError("ERR_SHAPE", {
      rule: "concat: there must be tensors",
      found: "none",
      next: "pass one or more",
    });
  }
  const { rank } = parts[0];
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank)
    throw shapeError(
      "concat",
      `the axis must be one of 0..${rank - 1}, and is ${axis}`,
      parts,
      "name an axis",
    );
  const sizes = parts.map(({ shape }) => shape[axis]);
  const known = sizes.filter((dim) => typeof dim === "number");
  if (known.length === sizes.length)
    return apply(Concat, parts, { axis, size: known.reduce((total, dim) => total + dim, 0) });
  if (size === undefined) {
    throw shapeError("concat", "the sum of named dimensions needs a name", parts, "pass size");
  }
  return apply(Concat, parts, { axis, size });
}

/**
 * ONNX's constant spelling of a target: 0 copies the input's dimension at that place, one -1 is worked out.
 * Undefined where two named dimensions move, and the target must be computed at run time.
 */
function reshapeTarget(from: Shape, to: Shape): readonly number[] | undefined {
  const target = to.map((dim, i) => (typeof dim === "number" ? dim : dim === from[i] ? 0 : -1));
  return target.filter((dim) => dim === -1).length > 1 ? undefined : target;
}
