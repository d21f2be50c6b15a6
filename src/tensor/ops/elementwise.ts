/**
 * Element-wise ops: arithmetic with NumPy broadcasting, and activations.
 *
 * ONNX: Add-14, Sub-14, Mul-14, Div-14, Neg-13, Exp-13, Log-13, Sqrt-13, Abs-13, Sign-13, Erf-13, Tanh-13,
 * Sigmoid-13, Softplus-1, Relu-14, Gelu-20 (approximate="none"), Cast-19.
 */
import type { DType } from "../../base/dtype.ts";
import { broadcastShapes } from "../../base/shape.ts";
import { dtypeCode } from "../../onnx/index.ts";
import type { Op, Vjp } from "../op.ts";
import { apply, floating, notDifferentiable, numeric, requireDType, requireSameDType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { scalar, shapeError } from "../tensor.ts";

type None = Record<string, never>;

// ---- two inputs -----------------------------------------------------------------------------------------

export const Add: Op<None> = binary("Add", (dY) => [dY, dY]);

export const Sub: Op<None> = binary("Sub", (dY) => [dY, neg(dY)]);

// d(ab) = b da + a db
export const Mul: Op<None> = binary("Mul", (dY, { inputs: [a, b] }) => [mul(dY, b), mul(dY, a)]);

// d(a/b) = da / b - (y / b) db
export const Div: Op<None> = binary("Div", (dY, { inputs: [, b], output: y }) => {
  const dA = div(dY, b);
  return [dA, neg(mul(dA, y))];
});

// ---- one input ------------------------------------------------------------------------------------------

export const Neg: Op<None> = signed("Neg", (dY) => [neg(dY)]);

export const Exp: Op<None> = unary("Exp", (dY, { output: y }) => [mul(dY, y)]);

export const Log: Op<None> = unary("Log", (dY, { inputs: [x] }) => [div(dY, x)]);

// d sqrt(x) = dx / (2 sqrt(x))
export const Sqrt: Op<None> = unary("Sqrt", (dY, { output: y }) => [div(mul(dY, scalar(0.5)), y)]);

export const Abs: Op<None> = signed("Abs", (dY, { inputs: [x] }) => [mul(dY, apply(Sign, [x], {}))]);

export const Sign: Op<None> = signed("Sign", notDifferentiable("piecewise constant"));

// d erf(x) = 2/sqrt(pi) exp(-x^2) dx
export const Erf: Op<None> = unary("Erf", (dY, { inputs: [x] }) => [
  mul(dY, mul(exp(neg(mul(x, x))), scalar(2 / Math.sqrt(Math.PI)))),
]);

// d tanh(x) = (1 - y^2) dx
export const Tanh: Op<None> = unary("Tanh", (dY, { output: y }) => [mul(dY, sub(scalar(1), mul(y, y)))]);

// d sigmoid(x) = y (1 - y) dx
export const Sigmoid: Op<None> = unary("Sigmoid", (dY, { output: y }) => [
  mul(dY, mul(y, sub(scalar(1), y))),
]);

// softplus(x) = log(1 + e^x), d = sigmoid(x) dx
export const Softplus: Op<None> = unary("Softplus", (dY, { inputs: [x] }) => [mul(dY, sigmoid(x))]);

export const Relu: Op<None> = unary("Relu", (dY, { output: y }) => [mul(dY, apply(Sign, [y], {}))]);

// gelu(x) = x Phi(x),  d = (Phi(x) + x phi(x)) dx,  Phi(x) = (1 + erf(x / sqrt 2)) / 2,  phi(x) = exp(-x^2/2) / sqrt(2 pi)
export const Gelu: Op<None> = unary("Gelu", (dY, { inputs: [x] }) => {
  const cdf = add(mul(erf(mul(x, scalar(Math.SQRT1_2))), scalar(0.5)), scalar(0.5));
  const density = exp(mul(mul(x, x), scalar(-0.5)));
  const slope = mul(mul(x, density), scalar(1 / Math.sqrt(2 * Math.PI)));
  return [mul(dY, add(cdf, slope))];
});

export const Cast: Op<{ readonly to: DType }> = {
  name: "Cast",
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  emit: (e, [x], { to }) => [e.node("Cast", [x], { to: { int: dtypeCode(to) } })],
  vjp: notDifferentiable(
    "it is used to turn integers and masks into numbers; weights are float32 throughout",
  ),
};

/** a + b, broadcasting. */
export const add = (a: Tensor, b: Tensor): Tensor => apply(Add, [a, b], {});
/** a - b, broadcasting. */
export const sub = (a: Tensor, b: Tensor): Tensor => apply(Sub, [a, b], {});
/** a * b, broadcasting. */
export const mul = (a: Tensor, b: Tensor): Tensor => apply(Mul, [a, b], {});
/** a / b, broadcasting. */
export const div = (a: Tensor, b: Tensor): Tensor => apply(Div, [a, b], {});
/** -x; float32 or integers. */
export const neg = (x: Tensor): Tensor => apply(Neg, [x], {});
/** e^x. */
export const exp = (x: Tensor): Tensor => apply(Exp, [x], {});
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => apply(Log, [x], {});
/** Square root; NaN below 0. */
export const sqrt = (x: Tensor): Tensor => apply(Sqrt, [x], {});
/** |x|; float32 or integers. Its gradient at 0 is 0. */
export const abs = (x: Tensor): Tensor => apply(Abs, [x], {});
/** The error function, 2 / sqrt(pi) times the integral of exp(-u^2) from 0 to x. */
export const erf = (x: Tensor): Tensor => apply(Erf, [x], {});
/** Hyperbolic tangent, in -1..1. */
export const tanh = (x: Tensor): Tensor => apply(Tanh, [x], {});
/** 1 / (1 + e^-x), in 0..1. */
export const sigmoid = (x: Tensor): Tensor => apply(Sigmoid, [x], {});
/** log(1 + e^x), without overflow. */
export const softplus = (x: Tensor): Tensor => apply(Softplus, [x], {});
/** max(0, x). Its gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => apply(Relu, [x], {});
/** x Phi(x) with the exact error function (Hendrycks & Gimpel 2016), as BERT uses it. */
export const gelu = (x: Tensor): Tensor => apply(Gelu, [x], {});
/** The same values in another element type. */
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : apply(Cast, [x], { to }));

/** An op of float32. */
function unary(name: string, vjp: Op<None>["vjp"]): Op<None> {
  return oneInput(name, floating, vjp);
}

/** An op of integers, too. */
function signed(name: string, vjp: Op<None>["vjp"]): Op<None> {
  return oneInput(name, numeric, vjp);
}

function oneInput(name: string, takes: typeof numeric | typeof floating, vjp: Op<None>["vjp"]): Op<None> {
  return {
    name,
    infer: ([x]) => {
      requireDType(name, [x], takes);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    emit: (e, [x]) => [e.node(name, [x])],
    vjp,
  };
}

function binary(name: string, vjp: Vjp<None>): Op<None> {
  return {
    name,
    infer: (inputs) => {
      requireSameDType(name, inputs);
      requireDType(name, inputs, numeric);
      const shape = broadcastShapes(inputs[0].shape, inputs[1].shape);
      if (shape === undefined)
        throw shapeError(name, "shapes must broadcast", inputs, "reshape or transpose one of them");
      return [{ dtype: inputs[0].dtype, shape }];
    },
    emit: (e, [a, b]) => [e.node(name, [a, b])],
    vjp,
  };
}
