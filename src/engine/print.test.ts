import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import { causalMask, Linear, MultiHeadAttention } from "../nn/index.ts";
import { decodeModel } from "../onnx/index.ts";
import { loadBackend } from "../runtime/index.ts";
import { arange, grad, input, mean, mul, neg, reshape, scalar, tensor } from "../tensor/index.ts";
import { evaluateWith } from "./evaluate.ts";
import type { Printable } from "./print.ts";
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
    for (const work of [print, exportOnnx])
      expect(() => work({})).toThrow(
        `ERR_NOTHING_TO_PRINT: ${work.name} takes a tensor, tensors by name, or a module; no tensor; pass layer or layer(x)`,
      );
  });
});

describe("an output that is called as something else", () => {
  const y = layer(input("x", "float32", [1, 2]));
  const weight = grad(reshape(mean(mul(y, y), [0, 1]), []), [layer.parameters[0].tensor])[0].dense;

  it.each<[string, Printable, string]>([
    [
      "an input",
      { x: neg(input("x", "float32", [2])) },
      '"x" is an output and an input; call the output otherwise',
    ],
    [
      "the input of a single tensor",
      layer(input("output", "float32", ["n", 2])),
      '"output" is an output and an input; call the output otherwise',
    ],
    [
      "a parameter",
      { weight: weight ?? tensor(0) },
      '"weight" is an output and a parameter; call the output otherwise',
    ],
  ])("%s", (_, target, found) => {
    for (const work of [print, exportOnnx])
      expect(() => work(target)).toThrow(
        `ERR_INPUT_NAME: the inputs, outputs and parameters of a graph must have a name each; ${found}`,
      );
  });

  it("may be called as what the graph makes on the way", () => {
    const x = input("neg_0", "float32", ["n"]);
    expect(print({ const_0: mul(neg(x), scalar(2)), mul_1: x })).toContain("(%const_0: float32[n], %mul_1");
  });
});

it("a size that no input has is refused", async () => {
  const message =
    'ERR_SHAPE: a named size must be that of an input that the outputs depend on; no such input has a dimension "t"; give one that dimension, or use a number';
  expect(() => print(causalMask("t"))).toThrow(message);
  expect(await messageOf(() => evaluateWith(loadBackend)(arange("t")))).toContain(message);
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
