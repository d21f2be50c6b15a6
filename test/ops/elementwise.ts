/** Rows for src/tensor/ops/elementwise.ts. */
import type { OpName } from "../../src/tensor/ops/index.ts";
import { opTable } from "../../src/tensor/ops/index.ts";
import { apply } from "../../src/tensor/op.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as T from "../../src/tensor/index.ts";
import type { OpCase, OpRow, Operand } from "./case.ts";
import { floats, given, integers } from "./case.ts";
import { erf, map, zip } from "./nd.ts";

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

function unary(op: Unary, f: (x: number) => number, operands: Readonly<Record<string, Operand>>): OpRow {
  return {
    cases: Object.entries(operands).map(([title, operand]) => ({
      title,
      inputs: [operand],
      build: ([x]) => op(x),
      reference: ([x]) => map(x, f),
    })),
  };
}

/** Every way in which two shapes broadcast. `right` makes the second operand. */
function binary(
  op: Binary,
  f: (a: number, b: number) => number,
  right: (shape: readonly (number | string)[]) => Operand = floats,
): OpRow {
  const pairs: Readonly<Record<string, readonly [(number | string)[], (number | string)[]]>> = {
    "equal shapes": [
      ["b", "t", 3],
      ["b", "t", 3],
    ],
    "leading axes missing on the right": [["b", "t", 3], [3]],
    "leading axes missing on the left": [["t"], ["b", "t"]],
    "an axis of size 1 on the right": [
      ["b", "t"],
      ["b", 1],
    ],
    "axes of size 1 on both sides": [
      ["b", 1, 3],
      [1, "t", 1],
    ],
    "missing and of size 1 at once": [
      ["b", "t", 3],
      ["t", 1],
    ],
    "a scalar on the right": [["b", 3], []],
    "two scalars": [[], []],
    "a named dimension that is 1 at run time": [
      ["one", 3],
      ["b", "one", 3],
    ],
  };
  return {
    cases: Object.entries(pairs).map(([title, [a, b]]) => ({
      title,
      inputs: [floats(a), right(b)],
      build: ([x, y]) => op(x, y),
      reference: ([x, y]) => zip(x, y, f),
    })),
  };
}

/** The same tensor on both sides. */
function squared(op: Binary, f: (a: number, b: number) => number): OpCase {
  return {
    title: "of a tensor with itself",
    inputs: [floats(["b", 3])],
    build: ([x]) => op(x, x),
    reference: ([x]) => map(x, (value) => f(value, value)),
  };
}

const plain = { plain: floats(["b", "t"]) };
const kinkFree = { "off the kink": floats(["b", "t"], 0.1, 2, true) };
/** Where there is no derivative only the value counts. */
const atZero = (op: Unary, f: (x: number) => number): OpCase => ({
  title: "zero, and far from it",
  inputs: [given([5], [0, -0, 1e30, -1e30, 1e-30])],
  build: ([x]) => op(x),
  reference: ([x]) => map(x, f),
  wrt: [],
});
const far = { "far from zero": given(["b"], [-90, -20, 20, 90, 1e4]) };
const gelu = (x: number) => (x * (1 + erf(x * Math.SQRT1_2))) / 2;
const mulRow = binary(T.mul, (a, b) => a * b);
const absRow = unary(T.abs, Math.abs, kinkFree);
const relu = (x: number) => Math.max(x, 0);
const reluRow = unary(T.relu, relu, kinkFree);
const sign = (x: Tensor) => apply(opTable.Sign, [x], {});

export const elementwise = {
  Add: binary(T.add, (a, b) => a + b),
  Sub: binary(T.sub, (a, b) => a - b),
  Mul: { cases: [...mulRow.cases, squared(T.mul, (a, b) => a * b)] },
  Div: binary(
    T.div,
    (a, b) => a / b,
    (shape) => floats(shape, 0.5, 2, true),
  ),
  Neg: unary(T.neg, (x) => -x, plain),
  Exp: unary(T.exp, Math.exp, plain),
  Log: unary(T.log, Math.log, { "above zero": floats(["b", "t"], 0.1, 3) }),
  Sqrt: unary(T.sqrt, Math.sqrt, { "above zero": floats(["b", "t"], 0.1, 3) }),
  Abs: { cases: [...absRow.cases, atZero(T.abs, Math.abs)] },
  Sign: {
    because: "piecewise constant",
    cases: [...unary(sign, Math.sign, plain).cases, atZero(sign, Math.sign)],
  },
  Erf: unary(T.erf, erf, { ...plain, ...far }),
  Tanh: unary(T.tanh, Math.tanh, { ...plain, ...far }),
  Sigmoid: unary(T.sigmoid, (x) => 1 / (1 + Math.exp(-x)), { ...plain, ...far }),
  Softplus: unary(T.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), {
    ...plain,
    ...far,
    "one element": floats([1]),
  }),
  Relu: { cases: [...reluRow.cases, atZero(T.relu, relu)] },
  Gelu: unary(T.gelu, gelu, { ...plain, ...far }),
  Cast: {
    because: "it is used to turn integers and masks into numbers; weights are float32 throughout",
    cases: [
      {
        title: "int64 to float32",
        inputs: [integers(["b", "t"], 100, "int64")],
        build: ([x]) => T.cast(x, "float32"),
        reference: ([x]) => x,
      },
      {
        title: "float32 to int32 cuts towards zero",
        inputs: [floats(["b", "t"], -9, 9)],
        build: ([x]) => T.cast(x, "int32"),
        reference: ([x]) => map(x, Math.trunc),
      },
    ],
  },
} satisfies Partial<Record<OpName, OpRow>>;
