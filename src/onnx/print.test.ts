import { expect, it } from "vitest";
import type { Attribute, Graph, Node } from "./ir.ts";
import { printGraph } from "./print.ts";

function node(opType: string, inputs: string[], outputs: string[], rest: Partial<Node> = {}): Node {
  return { opType, domain: "", name: outputs[0], inputs, outputs, attributes: {}, ...rest };
}

it("prints a line a node, with types where they are known", () => {
  const graph: Graph = {
    name: "mlp",
    inputs: [
      { name: "x", dtype: "float32", shape: ["b", 4] },
      { name: "mask", dtype: "bool", shape: undefined },
    ],
    outputs: [{ name: "y", dtype: "float32", shape: ["b", 2] }],
    initializers: [{ name: "w", tensor: { dtype: "float32", shape: [2, 4], data: new Float32Array(8) } }],
    nodes: [
      node("Gemm", ["x", "w"], ["h"], { attributes: { transB: { int: 1 }, alpha: { float: 0.5 } } }),
      node("Clip", ["h", "", "x"], ["c"]),
      node("FusedMatMul", ["c", "w"], ["y", "z"], { domain: "com.microsoft" }),
    ],
    values: [{ name: "h", dtype: "float32", shape: ["b", 2] }],
  };
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph mlp(%x: float32[b, 4], %mask: bool[?]) -> (%y: float32[b, 2]) {
      init %w: float32[2, 4]{0, 0, 0, 0, 0, 0, 0, 0}
      %h: float32[b, 2] = Gemm<transB=1, alpha=5e-1>(%x, %w)
      %c = Clip(%h, _, %x)
      %y: float32[b, 2], %z = com.microsoft.FusedMatMul(%c, %w)
    }"
  `);
});

it.each<[string, Attribute, string]>([
  ["an integer", { int: -3 }, "-3"],
  ["a float", { float: 1 }, "1e+0"],
  ["a string", { string: 'a "b"' }, '"a \\"b\\""'],
  ["integers", { ints: [1, 2] }, "[1, 2]"],
  ["floats", { floats: [0.5] }, "[0.5]"],
  [
    "a small tensor",
    { tensor: { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -1n) } },
    "int64[2]{1, -1}",
  ],
  [
    "a large tensor",
    { tensor: { dtype: "float32", shape: [3, 3], data: new Float32Array(9) } },
    "float32[3, 3]{...}",
  ],
])("prints an attribute that is %s", (_, attribute, text) => {
  const graph = {
    name: "g",
    inputs: [],
    outputs: [],
    initializers: [],
    nodes: [node("X", [], ["y"], { attributes: { a: attribute } })],
    values: [],
  };
  expect(printGraph(graph)).toContain(`%y = X<a=${text}>()`);
});
