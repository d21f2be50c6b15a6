import { expect, it } from "vitest";
import type { Attributes, Graph, Node, Value } from "./ir.ts";
import { valueTypes } from "./types.ts";

const operands: Value[] = [
  { name: "x", dtype: "float32", shape: ["t", "b", 7] },
  { name: "y", dtype: "float32", shape: ["t", 7, 5] },
  { name: "z", dtype: "float32", shape: ["s", 7, 5] },
  { name: "row", dtype: "float32", shape: [1, 7] },
  { name: "open", dtype: "float32", shape: undefined },
  { name: "n", dtype: "int64", shape: [1] },
  { name: "m", dtype: "int64", shape: [3] },
];

function typeOf(opType: string, inputs: string[], attributes: Attributes = {}, rest: Partial<Node> = {}) {
  const node: Node = { opType, domain: "", name: "r", inputs, outputs: ["r"], attributes, ...rest };
  const graph: Graph = {
    name: "g",
    inputs: operands,
    outputs: [],
    initializers: [{ name: "c", tensor: { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 2n) } }],
    nodes: [node],
    values: [],
  };
  const type = valueTypes(graph).get("r");
  return type === undefined ? undefined : [type.dtype, type.shape];
}

it.each<[string, string[], Attributes, unknown]>([
  ["Transpose", ["x"], { perm: { ints: [1, 2, 0] } }, ["float32", ["b", 7, "t"]]],
  ["Transpose", ["x"], {}, ["float32", [7, "b", "t"]]],
  ["MatMul", ["x", "y"], {}, ["float32", ["t", "b", 5]]],
  ["MatMul", ["x", "z"], {}, undefined],
  ["MatMul", ["y", "y"], {}, undefined],
  ["Shape", ["x"], {}, ["int64", [3]]],
  ["Shape", ["x"], { start: { int: 1 }, end: { int: 2 } }, ["int64", [1]]],
  ["Concat", ["n", "m", "c"], { axis: { int: 0 } }, ["int64", [6]]],
  ["Concat", ["x", "x"], { axis: { int: 0 } }, undefined],
  ["Squeeze", ["n"], {}, ["int64", []]],
  ["Squeeze", ["x"], {}, undefined],
  ["Mul", ["x", "row"], {}, ["float32", ["t", "b", 7]]],
  ["Mul", ["m", "n"], {}, ["int64", [3]]],
  ["Mul", ["m", "c"], {}, undefined],
  ["Range", ["n", "m", "n"], {}, ["int64", undefined]],
  ["Range", ["open", "open", "open"], {}, ["float32", undefined]],
  ["Range", ["nowhere", "n", "n"], {}, undefined],
  ["Transpose", ["open"], {}, undefined],
  ["Relu", ["x"], {}, undefined],
])("tells the type of %s(%s) with %o", (opType, inputs, attributes, expected) => {
  expect(typeOf(opType, inputs, attributes)).toEqual(expected);
});

it("leaves other domains and several results alone", () => {
  expect(typeOf("Transpose", ["x"], {}, { domain: "com.microsoft" })).toBeUndefined();
  expect(typeOf("Transpose", ["x"], {}, { outputs: ["r", "s"] })).toBeUndefined();
});
