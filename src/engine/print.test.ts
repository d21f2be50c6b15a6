import { describe, expect, it } from "vitest";
import { Linear, MultiHeadAttention } from "../nn/index.ts";
import { decodeModel } from "../onnx/index.ts";
import { loadBackend } from "../runtime/index.ts";
import { input, neg, tensor } from "../tensor/index.ts";
import { exportOnnx, print } from "./print.ts";

const layer = new Linear({ inFeatures: 2, outFeatures: 3 });

describe("print", () => {
  it("shows a module on its example, parameters by their paths", () => {
    expect(print(layer)).toMatchInlineSnapshot(`
      "graph Linear(%x: float32[n, 2]) -> (%output: float32[n, 3]) {
        param %weight: float32[3, 2]
        param %bias: float32[3]
        %output: float32[n, 3] = Gemm<transB=1>(%x, %weight, %bias)
      }"
    `);
  });

  it("shows a tensor, tensors by name, and what a module gives by name", () => {
    const x = input("x", "float32", ["n"]);
    expect(print(neg(x))).toContain("%output: float32[n] = Neg(%x)");
    expect(print({ minus: neg(x) })).toContain("%minus: float32[n] = Neg(%x)");
    expect(print(new MultiHeadAttention({ embedDim: 4, numHeads: 2 }))).toContain(
      "-> (%output: float32[t, b, 4])",
    );
  });

  it("needs something to print", () => {
    expect(() => print({})).toThrow(
      "ERR_NOTHING_TO_PRINT: print takes a tensor, tensors by name, or a module; no tensor; pass layer or layer(x)",
    );
  });
});

describe("exportOnnx", () => {
  it("puts the present weights into standard operators", async () => {
    layer.load(
      new Map([
        ["weight", { dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
        ["bias", { dtype: "float32", shape: [3], data: Float32Array.of(10, 20, 30) }],
      ]),
    );
    const bytes = exportOnnx(layer);
    const { graph } = decodeModel(bytes);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(new Set(graph.nodes.map(({ domain }) => domain))).toEqual(new Set([""]));
    const session = await (await loadBackend()).createSession(bytes, { threads: 1 });
    const x = { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, -1) } as const;
    const { output } = await session.run({ x });
    expect(output).toEqual({ dtype: "float32", shape: [1, 3], data: Float32Array.of(9, 19, 29) });
    await session.dispose();
  });

  it("of a constant needs no inputs", () => {
    expect(decodeModel(exportOnnx(neg(tensor([1, 2])))).graph.inputs).toEqual([]);
  });
});
