/**
 * Symbolic tensors: a type, and where the value will come from. They own no memory and hold no numbers
 * (constants aside); `runtime/` does.
 *
 * Calling an op function (`add(x, y)`) checks shapes at once and records a call; `emit.ts` turns what is
 * reachable from the outputs into an ONNX graph, `grad.ts` walks it backwards. Nothing is registered anywhere:
 * a tensor that no output needs simply vanishes.
 */
import type { DType, HostTensor } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";
import type { Shape } from "../base/shape.ts";
import { elementCount, formatShape } from "../base/shape.ts";
import type { Emitter } from "./emitter.ts";

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Why an op has no gradient. */
export interface NotDifferentiable {
  readonly because: string;
}

/**
 * The gradient of a table that was read by rows: row `indices[i]` receives `rows[i]`.
 * It leaves the graph as it is, and the host adds the rows up in a fixed order (see docs/decisions/0001).
 */
export interface RowGradient {
  /** int32 or int64, any shape of n elements. */
  readonly indices: Tensor;
  /** [..., width] with n rows. */
  readonly rows: Tensor;
}

/** What a vjp gives for one input: a tensor, rows of a table, or nothing (no gradient flows there). */
export type PartialGradient = Tensor | RowGradient | undefined;

/** One recorded application of an op; its rules are bound to its attributes. */
export interface Call {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: object;
  readonly emit: (emitter: Emitter, inputs: readonly string[]) => readonly string[];
  readonly vjp: ((dY: Tensor) => readonly PartialGradient[]) | NotDifferentiable;
}

export type Source =
  | { readonly kind: "input"; readonly name: string }
  | {
      readonly kind: "parameter";
      readonly name: string;
      /** Where its present value is found, for weights that belong to a module used at once (nn/module.ts). */
      readonly value?: (() => HostTensor<"float32">) | undefined;
    }
  | { readonly kind: "constant"; readonly value: HostTensor }
  | { readonly kind: "call"; readonly call: Call };

export class Tensor implements TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source: Source;

  constructor(type: TensorType, source: Source) {
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.source = source;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** `float32[t, b, 128]` */
  toString(): string {
    return `${this.dtype}${formatShape(this.shape)}`;
  }
}

/** A tensor that the caller feeds at every run. */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return new Tensor({ dtype, shape }, { kind: "input", name });
}

/** A weight. Its name is its path, its name in the graph and its key in the checkpoint. */
export function parameter(
  name: string,
  shape: readonly number[],
  value?: () => HostTensor<"float32">,
): Tensor {
  return new Tensor({ dtype: "float32", shape }, { kind: "parameter", name, value });
}

/** A value that is part of the graph. @throws ERR_SHAPE where its shape says another number of values. */
export function constant(value: HostTensor): Tensor {
  if (value.data.length !== elementCount(value.shape)) {
    throw new AttuneError("ERR_SHAPE", {
      rule: "constant: there must be as many values as the shape says",
      found: `${value.dtype}${formatShape(value.shape)} and ${value.data.length} values`,
      next: "change one of them",
    });
  }
  return new Tensor(value, { kind: "constant", value });
}

/** A float32 scalar, shape []. */
export function scalar(value: number): Tensor {
  return constant({ dtype: "float32", shape: [], data: Float32Array.of(value) });
}

/** The error of a shape rule: which op, what must hold, what came. */
export function shapeError(
  op: string,
  rule: string,
  inputs: readonly TensorType[],
  next: string,
): AttuneError {
  return new AttuneError("ERR_SHAPE", {
    rule: `${op}: ${rule}`,
    found: inputs.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join(" and "),
    next,
  });
}
