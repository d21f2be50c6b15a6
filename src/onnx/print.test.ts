import { expect, it } from "vitest";
import type { Attribute, Graph, Initializer, Node } from "./ir.ts";
import { printGraph } from "./print.ts";

function node(opType: string, inputs: string[], outputs: string[], rest: Partial<Node> = {}): Node {
  return { opType, domain: "", name: outputs[0], inputs, outputs, attributes: {}, ...rest };
}

function graph(rest: Partial<Graph>): Graph {
  return { name: "g", inputs: [], outputs: [], initializers: [], nodes: [], values: [], ...rest };
}

const int64 = (name: string, shape: number[], ...values: bigint[]): Initializer => ({
  name,
  tensor: { dtype: "int64", shape, data: BigInt64Array.from(values) },
});
const float32 = (name: string, shape: number[], ...values: number[]): Initializer => ({
  name,
  tensor: { dtype: "float32", shape, data: Float32Array.from(values) },
});

it("prints a line a node, with types where they are known", () => {
  const mlp = graph({
    name: "mlp",
    inputs: [
      { name: "x", dtype: "float32", shape: ["b", 4] },
      { name: "mask", dtype: "bool", shape: undefined },
    ],
    outputs: [{ name: "y", dtype: "float32", shape: ["b", 2] }],
    initializers: [
      float32("w", [2, 4], 0, 1, 0.1, -0, 0, 0, 1e-12, 0),
      float32("v", [3, 3], ...Array<number>(9).fill(0)),
    ],
    nodes: [
      node("Gemm", ["x", "w"], ["h"], { attributes: { transB: { int: 1 }, alpha: { float: 0.5 } } }),
      node("Clip", ["h", "", "x"], ["c"]),
      node("FusedMatMul", ["c", "v"], ["y", "z"], { domain: "com.microsoft" }),
    ],
    values: [{ name: "h", dtype: "float32", shape: ["b", 2] }],
  });
  expect(printGraph(mlp)).toMatchInlineSnapshot(`
    "graph mlp(%x: float32[b, 4], %mask: bool[?]) -> (%y: float32[b, 2]) {
      init %w: float32[2, 4]{0.0, 1.0, 0.1, -0.0, 0.0, 0.0, 1e-12, 0.0}
      init %v: float32[3, 3]{...}
      %h: float32[b, 2] = Gemm<transB=1, alpha=0.5>(%x, %w)
      %c = Clip(%h, _, %x)
      %y: float32[b, 2], %z = com.microsoft.FusedMatMul(%c, %v)
    }"
  `);
});

it("writes small constants where they are used, and weights on lines of their own", () => {
  const constants = graph({
    inputs: [{ name: "p", dtype: "float32", shape: [2] }],
    initializers: [
      int64("shape", [2], -1n, 8n),
      int64("start", [], 0n),
      int64("grid", [1, 2], 3n, 4n),
      int64("many", [9], ...Array<bigint>(9).fill(1n)),
      float32("scale", [], 0.1),
      float32("bias", [1], 0.1),
      { name: "mask", tensor: { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) } },
      { name: "type", tensor: { dtype: "int32", shape: [], data: Int32Array.of(7) } },
    ],
    nodes: [node("All", ["shape", "start", "grid", "many", "scale", "bias", "mask", "type", "p"], ["y"])],
  });
  expect(printGraph(constants, new Set(["p"]))).toMatchInlineSnapshot(`
    "graph g() -> () {
      param %p: float32[2]
      init %many: int64[9]{...}
      init %bias: float32[1]{0.1}
      %y = All({-1, 8}, 0, int64[1, 2]{3, 4}, %many, 0.1, %bias, bool[2]{1, 0}, int32[]{7}, %p)
    }"
  `);
});

const layered = graph({
  name: "two",
  inputs: [
    { name: "ids", dtype: "int64", shape: ["b"] },
    ...["unused", "embeddings.word.weight", "encoder.0.w", "encoder.1.w", "encoder.1.norm.w", "head.w"].map(
      (name) => ({
        name,
        dtype: "float32" as const,
        shape: [7, 7],
      }),
    ),
  ],
  outputs: [{ name: "y", dtype: "float32", shape: ["b", 7] }],
  initializers: [int64("axes", [1], 0n)],
  nodes: [
    node("Shape", ["ids"], ["s"]),
    node("Gather", ["embeddings.word.weight", "ids"], ["e"]),
    node("Reshape", ["e", "axes"], ["f"]),
    node("MatMul", ["f", "encoder.0.w"], ["h"]),
    node("Add", ["h", "f"], ["i"]),
    node("Transpose", ["i"], ["j"]),
    node("MatMul", ["j", "encoder.1.w"], ["k"]),
    node("Relu", ["k"], ["l"]),
    node("Mul", ["l", "encoder.1.norm.w"], ["m"]),
    node("Reshape", ["m", "s"], ["n"]),
    node("MatMul", ["n", "head.w"], ["o"]),
    node("Tanh", ["o"], ["y"]),
  ],
  values: [{ name: "i", dtype: "float32", shape: ["b", 7] }],
});
const weights = new Set(layered.inputs.slice(1).map(({ name }) => name));

it("prints a section a layer: what computes stays with its layer, what moves goes with the next", () => {
  expect(printGraph(layered, weights)).toMatchInlineSnapshot(`
    "graph two(%ids: int64[b]) -> (%y: float32[b, 7]) {
      param %unused: float32[7, 7]
      # embeddings.word
      param %embeddings.word.weight: float32[7, 7]
      %s: int64[1] = Shape(%ids)
      %e = Gather(%embeddings.word.weight, %ids)
      # encoder.0
      param %encoder.0.w: float32[7, 7]
      %f = Reshape(%e, {0})
      %h = MatMul(%f, %encoder.0.w)
      %i: float32[b, 7] = Add(%h, %f)
      # encoder.1
      param %encoder.1.w: float32[7, 7]
      param %encoder.1.norm.w: float32[7, 7]
      %j: float32[7, b] = Transpose(%i)
      %k = MatMul(%j, %encoder.1.w)
      %l = Relu(%k)
      %m = Mul(%l, %encoder.1.norm.w)
      # head
      param %head.w: float32[7, 7]
      %n = Reshape(%m, %s)
      %o = MatMul(%n, %head.w)
      %y: float32[b, 7] = Tanh(%o)
    }"
  `);
});

it("prints one layer alone, with what it reads and gives", () => {
  expect(printGraph(layered, weights, 1)).toMatchInlineSnapshot(`
    "graph two(%i: float32[b, 7]) -> (%m) {
      # encoder.1
      param %encoder.1.w: float32[7, 7]
      param %encoder.1.norm.w: float32[7, 7]
      %j: float32[7, b] = Transpose(%i)
      %k = MatMul(%j, %encoder.1.w)
      %l = Relu(%k)
      %m = Mul(%l, %encoder.1.norm.w)
    }"
  `);
});

it("finds the layers of PyTorch's exporter in the names of the nodes", () => {
  const exported = graph({
    initializers: [float32("onnx::MatMul_9", [3, 3], ...Array<number>(9).fill(0))],
    nodes: [
      node("Gather", ["onnx::MatMul_9", "ids"], ["a"], { name: "/bert/embeddings/Gather" }),
      node("MatMul", ["a", "onnx::MatMul_9"], ["b"], { name: "/bert/encoder/layer.0/query/MatMul" }),
      node("Relu", ["b"], ["c"], { name: "Relu_7" }),
      node("Add", ["c", "c"], ["d"], { name: "/bert/encoder/layer.0/output/Add" }),
      node("Add", ["d", "d"], ["y"], { name: "/classifier/Add" }),
    ],
  });
  expect(printGraph(exported)).toMatchInlineSnapshot(`
    "graph g() -> () {
      # bert.embeddings
      init %onnx::MatMul_9: float32[3, 3]{...}
      %a = Gather(%onnx::MatMul_9, %ids)
      # bert.encoder.layer.0
      %b = MatMul(%a, %onnx::MatMul_9)
      %c = Relu(%b)
      %d = Add(%c, %c)
      # classifier
      %y = Add(%d, %d)
    }"
  `);
});

it.each<[string, Attribute, string]>([
  ["an integer", { int: -3 }, "-3"],
  ["a float that is whole", { float: 1 }, "1.0"],
  ["a float32 in its fewest digits", { float: Math.fround(0.1) }, "0.1"],
  ["a small float", { float: Math.fround(1e-12) }, "1e-12"],
  ["the lowest float", { float: Math.fround(-3.4028234663852886e38) }, "-3.4028235e+38"],
  ["minus zero", { float: -0 }, "-0.0"],
  ["minus infinity", { float: -Infinity }, "-inf"],
  ["a string", { string: 'a "b"' }, '"a \\"b\\""'],
  ["integers", { ints: [1, 2] }, "[1, 2]"],
  ["floats", { floats: [0.5] }, "[0.5]"],
  ["a small tensor", { tensor: int64("", [2], 1n, -1n).tensor }, "{1, -1}"],
  ["a half", { tensor: { dtype: "float16", shape: [], data: Uint16Array.of(0xb800) } }, "float16[]{-0.5}"],
  ["the highest integer", { tensor: int64("", [1], 2n ** 63n - 1n).tensor }, "{9223372036854775807}"],
  [
    "a large tensor",
    { tensor: float32("", [3, 3], ...Array<number>(9).fill(0)).tensor },
    "float32[3, 3]{...}",
  ],
])("prints an attribute that is %s", (_, attribute, text) => {
  const one = graph({ nodes: [node("X", [], ["y"], { attributes: { a: attribute } })] });
  expect(printGraph(one)).toContain(`%y = X<a=${text}>()`);
});
