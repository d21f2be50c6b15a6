/** Rows for src/tensor/ops/logic.ts. Bools are written as 0 and 1. */
import * as T from "../../src/tensor/index.ts";
import type { OpName } from "../../src/tensor/ops/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import type { OpCase, Operand, OpRow } from "./case.ts";
import { floats, integers } from "./case.ts";
import { at, nd, zip } from "./nd.ts";

const bools = (shape: readonly (number | string)[]): Operand => ({
  ...integers(shape, 2),
  dtype: "bool",
});

function pair(
  title: string,
  op: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => boolean,
  operands: readonly [Operand, Operand],
): OpCase {
  return {
    title,
    inputs: operands,
    build: ([a, b]) => op(a, b),
    reference: ([a, b]) => zip(a, b, (left, right) => Number(f(left, right))),
  };
}

const comparison = (op: (a: Tensor, b: Tensor) => Tensor, f: (a: number, b: number) => boolean): OpRow => ({
  because: "it is a yes or no",
  cases: [
    pair("float32, broadcasting", op, f, [floats(["b", "t", 3]), floats(["t", 1])]),
    pair("int32, with equal ones", op, f, [integers(["b", 11], 3), integers([11], 3)]),
    pair("int64", op, f, [integers(["b"], 3, "int64"), integers(["b"], 3, "int64")]),
  ],
});

const whereCase = (title: string, inputs: readonly [Operand, Operand, Operand]): OpCase => ({
  title,
  inputs,
  build: ([condition, a, b]) => T.where(condition, a, b),
  reference: ([condition, a, b]) => {
    const shape = zip(
      zip(condition, a, () => 0),
      b,
      () => 0,
    ).shape;
    return nd(shape, (index) => (at(condition, index) === 1 ? at(a, index) : at(b, index)));
  },
});

export const logic = {
  Greater: comparison(T.greater, (a, b) => a > b),
  Equal: comparison(T.equal, (a, b) => a === b),
  Or: {
    because: "it is a yes or no",
    cases: [pair("broadcasting", T.or, (a, b) => a + b > 0, [bools(["b", 1, 3]), bools(["t", 1])])],
  },
  Where: {
    cases: [
      whereCase("three equal shapes", [bools(["b", "t"]), floats(["b", "t"]), floats(["b", "t"], 3, 5)]),
      whereCase("a condition that broadcasts", [
        bools(["t", 1]),
        floats(["b", "t", 3]),
        floats(["b", "t", 3], 3, 5),
      ]),
      whereCase("branches that broadcast", [bools(["b", "t", 3]), floats(["t", 1]), floats([], 3, 5)]),
      { ...whereCase("integers", [bools(["b"]), integers(["b"], 7), integers([], 5)]), wrt: [] },
    ],
  },
} satisfies Partial<Record<OpName, OpRow>>;
