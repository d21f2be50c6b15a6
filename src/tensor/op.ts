/**
 * What an op is: its shape rule, its ONNX emission and its gradient, side by side in one object.
 *
 * `vjp` is a required field: an op without a gradient does not compile. "Not differentiable because ..." is an
 * answer; absence is not. Shapes in rules may be naive about broadcasting: `grad.ts` sums or expands every
 * partial to its input's shape in one place.
 */
import type { DType } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";
import { formatShape } from "../base/shape.ts";
import type { Emitter } from "./emitter.ts";
import type { Call, NotDifferentiable, PartialGradient, RowGradient, TensorType } from "./tensor.ts";
import { Tensor } from "./tensor.ts";

export function notDifferentiable(because: string): NotDifferentiable {
  return { because };
}

export function isRowGradient(partial: Tensor | RowGradient): partial is RowGradient {
  return !(partial instanceof Tensor);
}

export interface Op<A extends object> {
  readonly name: string;
  /** Shape rule: the output types, or an error that names the rule. */
  readonly infer: (inputs: readonly Tensor[], attributes: A) => readonly TensorType[];
  /** Writes ONNX nodes and returns the names of the outputs. */
  readonly emit: (
    emitter: Emitter,
    names: readonly string[],
    attributes: A,
    inputs: readonly Tensor[],
  ) => readonly string[];
  /** From dL/dY to one dL/dX an input. Ops with several outputs must not be differentiable. */
  readonly vjp: Vjp<A> | NotDifferentiable;
}

export type Vjp<A extends object> = (
  dY: Tensor,
  call: { readonly inputs: readonly Tensor[]; readonly output: Tensor; readonly attributes: A },
) => readonly PartialGradient[];

/** Records a call of a single-output op. */
export function apply<A extends object>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return applyAll(op, inputs, attributes)[0];
}

/** Records a call and gives all its outputs. */
export function applyAll<A extends object>(
  op: Op<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  const { vjp } = op;
  const outputs: Tensor[] = [];
  const call: Call = {
    name: op.name,
    inputs,
    outputs,
    attributes,
    emit: (emitter, names) => op.emit(emitter, names, attributes, inputs),
    vjp: typeof vjp === "function" ? (dY) => vjp(dY, { inputs, output: outputs[0], attributes }) : vjp,
  };
  outputs.push(...op.infer(inputs, attributes).map((type) => new Tensor(type, { kind: "call", call })));
  return outputs;
}

/** Throws unless an input is of one of `dtypes`, which are called `kind`. */
export function requireDType(
  op: string,
  inputs: readonly Tensor[],
  { kind, dtypes }: { readonly kind: string; readonly dtypes: readonly DType[] },
): void {
  const other = inputs.find(({ dtype }) => !dtypes.includes(dtype));
  if (other === undefined) return;
  throw new AttuneError("ERR_DTYPE", {
    rule: `${op}: inputs must be ${kind}`,
    found: `found ${other.toString()}`,
    next: "cast them",
  });
}

/** What can be added and compared. */
export const numeric = {
  kind: "numbers",
  dtypes: ["float32", "float64", "float16", "int32", "int64"],
} as const;

/** What has roots and exponentials. */
export const floating = { kind: "float32", dtypes: ["float32"] } as const;

/** Throws unless all inputs share one element type. */
export function requireSameDType(op: string, inputs: readonly Tensor[]): void {
  if (inputs.some((x) => x.dtype !== inputs[0].dtype)) {
    throw new AttuneError("ERR_DTYPE", {
      rule: `${op}: inputs must have one element type`,
      found: inputs.map((x) => `${x.dtype}${formatShape(x.shape)}`).join(" and "),
      next: "cast one of them",
    });
  }
}
