import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { messageOf } from "../../test/message-of.ts";
import { compute } from "../../test/compute.ts";
import { printGraph } from "../onnx/index.ts";
import type { EmitOptions } from "./emit.ts";
import { emitModel } from "./emit.ts";
import { Emitter } from "./emitter.ts";
import * as T from "./index.ts";
import { applyAll } from "./op.ts";
import { opTable } from "./ops/index.ts";

const x = T.input("x", "float32", ["b", 3]);
const w = T.parameter("w", [3, 2]);

function emit(options: Partial<EmitOptions>) {
  return emitModel({ name: "g", inputs: [x], outputs: {}, parameters: "inputs", dialect: "ort", ...options });
}

function float32(shape: readonly number[], ...values: number[]): HostTensor<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

describe("emitModel", () => {
  it("writes what the outputs need, in topological order, and nothing else", () => {
    const h = T.gemm(x, w);
    T.exp(h); // no output needs it
    const model = emit({ outputs: { y: T.add(T.relu(h), h) }, metadata: { by: "test" } });
    expect(printGraph(model.graph)).toMatchInlineSnapshot(`
      "graph g(%x: float32[b, 3], %w: float32[3, 2]) -> (%y: float32[b, 2]) {
        %gemm_0: float32[b, 2] = Gemm(%x, %w)
        %relu_1: float32[b, 2] = Relu(%gemm_0)
        %y: float32[b, 2] = Add(%relu_1, %gemm_0)
      }"
    `);
    expect(model).toMatchObject({ opsets: { "": 20 }, producer: "attune", metadata: { by: "test" } });
  });

  it("writes a call with several outputs once", () => {
    const ones = T.input("ones", "float32", [3]);
    const [normalized, inverseStd] = applyAll(opTable.Normalize, [x, ones], { epsilon: 1 });
    const { graph } = emit({ inputs: [x, ones], outputs: { normalized, inverseStd } });
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(["LayerNormalization"]);
  });

  it("imports ONNX Runtime's domain only where it is used", () => {
    const a = T.input("a", "float32", ["b", 2, 2]);
    const outputs = { y: T.batchMatmul(a, a) };
    expect(emit({ inputs: [a], outputs }).opsets).toEqual({ "": 20, "com.microsoft": 1 });
    expect(emit({ inputs: [a], outputs, dialect: "onnx" }).opsets).toEqual({ "": 20 });
  });

  it("puts weights inside when given their values", () => {
    const value = float32([3, 2], 1, 2, 3, 4, 5, 6);
    const { graph } = emit({ outputs: { y: T.gemm(x, w) }, parameters: new Map([["w", value]]) });
    expect(graph.initializers).toEqual([{ name: "w", tensor: value }]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  it("names a parameter that has no value", () => {
    expect(() => emit({ outputs: { y: T.gemm(x, w) }, parameters: new Map() })).toThrow(
      'ERR_PARAMETER_MISSING: every parameter of the graph must have a value; none for "w"; load the checkpoint that belongs to this configuration',
    );
  });

  it("keeps declared inputs that no output needs, in the order given", () => {
    const unused = T.input("unused", "int32", ["b"]);
    const { graph } = emit({ inputs: [unused, x], outputs: { y: T.neg(x) } });
    expect(graph.inputs.map(({ name }) => name)).toEqual(["unused", "x"]);
  });

  it("refuses an input that is used and not declared, or declared and no input", async () => {
    expect(await messageOf(() => emit({ inputs: [], outputs: { y: T.neg(x) } }))).toContain(
      'internal: graph g: input "x" is used but not declared',
    );
    expect(await messageOf(() => emit({ inputs: [w], outputs: { y: w } }))).toContain(
      "internal: float32[3, 2] is declared as a graph input but is a parameter",
    );
  });

  it("takes a graph of 20,000 nodes without overflowing the stack", () => {
    let deep = x;
    for (let i = 0; i < 20_000; i++) deep = T.neg(deep);
    expect(emit({ outputs: { y: deep } }).graph.nodes).toHaveLength(20_000);
  });
});

describe("outputs", () => {
  const values = new Map<T.Tensor, HostTensor>([
    [x, float32([1, 3], 1, -2, 3)],
    [w, float32([3, 2], 1, 2, 3, 4, 5, 6)],
  ]);

  it("may be an input, a parameter, a constant, the same twice, or needed by another", async () => {
    const y = T.neg(x);
    const outputs = { x2: x, w2: w, one: T.scalar(1), y, again: y, further: T.neg(y) };
    const results = await compute(outputs, values);
    expect(results).toEqual({
      x2: values.get(x),
      w2: values.get(w),
      one: float32([], 1),
      y: float32([1, 3], -1, 2, -3),
      again: float32([1, 3], -1, 2, -3),
      further: float32([1, 3], 1, -2, 3),
    });
  });

  it("leave no copy at the end of the graph but where one is needed", () => {
    const y = T.neg(x);
    const { graph } = emit({ outputs: { copy: x, y, again: y } });
    expect(graph.nodes.map(({ opType, inputs, outputs }) => [opType, ...inputs, ...outputs])).toEqual([
      ["Neg", "x", "y"],
      ["Identity", "x", "copy"],
      ["Identity", "y", "again"],
    ]);
  });

  it("types every intermediate once", () => {
    const y = T.softmax(T.neg(x));
    const { graph } = emit({ outputs: { y } });
    expect(graph.values).toEqual([{ name: "neg_0", dtype: "float32", shape: ["b", 3] }]);
    expect(graph.outputs).toEqual([{ name: "y", dtype: "float32", shape: ["b", 3] }]);
  });
});

describe("Emitter", () => {
  it("shares equal small constants, tells 0 from -0 and one type from another", () => {
    const e = new Emitter("onnx");
    const names = [
      e.constant(float32([1], 0)),
      e.constant(float32([1], -0)),
      e.constant(float32([1], 0)),
      e.constant(float32([], 0)),
      e.constant({ dtype: "int32", shape: [1], data: Int32Array.of(0) }),
      e.int64s([0]),
      e.int64s([0]),
    ];
    expect(names).toEqual(["const_0", "const_1", "const_0", "const_2", "const_3", "const_4", "const_4"]);
  });

  it("reads a named dimension once, off the first input that has it", () => {
    const e = new Emitter("onnx");
    e.declareInput("x", ["b", 3]);
    e.declareInput("y", ["t", "b"]);
    expect(e.dim("b")).toBe(e.dim("b"));
    expect(e.shape([2, "b*t"])).toBe(e.shape([2, "b*t"]));
    const shapes = e.nodes.filter(({ opType }) => opType === "Shape");
    expect(shapes.map(({ inputs, attributes }) => [inputs, attributes])).toEqual([
      [["x"], { start: { int: 0 }, end: { int: 1 } }],
      [["y"], { start: { int: 0 }, end: { int: 1 } }],
    ]);
    expect(() => e.dim("v")).toThrow('no such input has a dimension "v"');
  });
});
