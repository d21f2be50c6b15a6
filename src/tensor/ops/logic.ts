/**
 * Comparisons and choice: what masks are made of. A bool is true where the question is answered with yes.
 *
 * ONNX: Greater-13, Equal-19, Or-7, Where-16.
 */
import { broadcastShapes } from "../../base/shape.ts";
import type { Op } from "../op.ts";
import { apply, notDifferentiable, numeric, requireDType, requireSameDType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { scalar, shapeError } from "../tensor.ts";

type None = Record<string, never>;

export const Greater: Op<None> = {
  ...comparison("Greater"),
  infer: (inputs) => {
    requireSameDType("greater", inputs);
    requireDType("greater", inputs, numeric);
    return [{ dtype: "bool", shape: broadcast("greater", inputs) }];
  },
};

export const Equal: Op<None> = comparison("Equal");

export const Or: Op<None> = {
  ...comparison("Or"),
  infer: (inputs) => {
    if (inputs.some(({ dtype }) => dtype !== "bool"))
      throw shapeError("or", "both inputs must be bool", inputs, "compare numbers first");
    return [{ dtype: "bool", shape: broadcast("or", inputs) }];
  },
};

export const Where: Op<None> = {
  name: "Where",
  infer: (inputs) => {
    const [condition, a, b] = inputs;
    if (condition.dtype !== "bool")
      throw shapeError("where", "the condition must be bool", inputs, "compare numbers first");
    requireSameDType("where", [a, b]);
    return [{ dtype: a.dtype, shape: broadcast("where", inputs) }];
  },
  emit: (e, names) => [e.node("Where", names)],
  // the branch that was not taken gets nothing
  vjp: (dY, { inputs: [condition] }) => [
    undefined,
    where(condition, dY, scalar(0)),
    where(condition, scalar(0), dY),
  ],
};

/** a > b, element by element, broadcasting; bool. */
export const greater = (a: Tensor, b: Tensor): Tensor => apply(Greater, [a, b], {});

/** a = b, element by element, broadcasting; bool. */
export const equal = (a: Tensor, b: Tensor): Tensor => apply(Equal, [a, b], {});

/** a or b, for bools, broadcasting. */
export const or = (a: Tensor, b: Tensor): Tensor => apply(Or, [a, b], {});

/** `a` where the condition holds, else `b`; all three broadcast. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => apply(Where, [condition, a, b], {});

function comparison(name: string): Op<None> {
  return {
    name,
    infer: (inputs) => {
      requireSameDType(name.toLowerCase(), inputs);
      return [{ dtype: "bool", shape: broadcast(name.toLowerCase(), inputs) }];
    },
    emit: (e, names) => [e.node(name, names)],
    vjp: notDifferentiable("it is a yes or no"),
  };
}

function broadcast(op: string, inputs: readonly Tensor[]) {
  let shape = inputs[0].shape;
  for (const { shape: next } of inputs.slice(1)) {
    const fitted = broadcastShapes(shape, next);
    if (fitted === undefined)
      throw shapeError(op, "shapes must broadcast", inputs, "reshape or transpose one of them");
    shape = fitted;
  }
  return shape;
}
