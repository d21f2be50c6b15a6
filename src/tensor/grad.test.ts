import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { compute } from "../../test/compute.ts";
import { printGraph } from "../onnx/index.ts";
import { emitModel, grad } from "./index.ts";
import * as T from "./index.ts";
import { opTable } from "./ops/index.ts";
import { apply } from "./op.ts";
import type { Tensor } from "./tensor.ts";

function float32(shape: readonly number[], ...values: number[]): HostTensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** The dense gradients of `loss` at these values. */
async function denseGradients(loss: Tensor, values: ReadonlyMap<Tensor, HostTensor>): Promise<HostTensor[]> {
  const outputs = grad(loss, [...values.keys()]).map(({ dense }, i) => [
    `d${i}`,
    dense ?? T.scalar(Number.NaN),
  ]);
  return Object.values(await compute(Object.fromEntries(outputs) as Record<string, Tensor>, values));
}

function total(x: Tensor): Tensor {
  return T.sum(
    x,
    x.shape.map((_, axis) => axis),
  );
}

describe("broadcasting is undone", () => {
  // the loss sums big + small, so the gradient of small counts how often each element was used
  it.each<[string, (number | string)[], number[], number]>([
    ["leading axes missing", [3], [3], 10],
    ["an axis of size 1", ["b", 1, 3], [2, 1, 3], 5],
    ["both", [1, 3], [1, 3], 10],
    ["all axes missing", [], [], 30],
    ["all axes of size 1", [1, 1, 1], [1, 1, 1], 30],
    ["nothing to undo", ["b", "t", 3], [2, 5, 3], 1],
  ])("%s", async (_, shape, sizes, uses) => {
    const big = T.input("big", "float32", ["b", "t", 3]);
    const small = T.input("small", "float32", shape);
    const count = sizes.reduce((product, size) => product * size, 1);
    const values = new Map([
      [big, float32([2, 5, 3], ...new Array<number>(30).fill(1))],
      [small, float32(sizes, ...new Array<number>(count).fill(1))],
    ]);
    const [dBig, dSmall] = await denseGradients(total(T.add(big, small)), values);
    expect(dBig).toEqual(float32([2, 5, 3], ...new Array<number>(30).fill(1)));
    expect(dSmall).toEqual(float32(sizes, ...new Array<number>(count).fill(uses)));
  });

  it("also where a partial is smaller than its tensor", async () => {
    const x = T.input("x", "float32", ["b", "t", 3]);
    const sizes = [2, 5, 3];
    const values = new Map([[x, float32(sizes, ...Array.from({ length: 30 }, (_, i) => i))]]);
    const [dX] = await denseGradients(total(T.sum(x, [0, 2])), values);
    expect(dX).toEqual(float32(sizes, ...new Array<number>(30).fill(1)));
  });
});

describe("grad", () => {
  const x = T.input("x", "float32", [2]);
  const values = new Map([[x, float32([2], 3, 5)]]);

  it("adds up over all uses of a tensor", async () => {
    const loss = total(T.add(T.mul(x, T.mul(x, x)), T.add(x, x))); // x^3 + 2x
    expect(await denseGradients(loss, values)).toEqual([float32([2], 3 * 9 + 2, 3 * 25 + 2)]);
  });

  it("of a tensor that is its own loss is one", async () => {
    const loss = T.input("loss", "float32", []);
    expect(await denseGradients(loss, new Map([[loss, float32([], 7)]]))).toEqual([float32([], 1)]);
  });

  it("leaves out what the loss does not depend on", () => {
    const other = T.input("other", "float32", [2]);
    const [dOther, dX] = grad(total(T.mul(x, x)), [other, x]);
    expect(dOther).toEqual({ dense: undefined, rows: [] });
    expect(dX.dense).toBeDefined();
  });

  it("emits nothing for branches that lead to no wanted tensor", () => {
    const branch = T.exp(T.input("y", "float32", [2]));
    const loss = total(T.mul(x, branch));
    const [dX] = grad(loss, [x]);
    expect(dX.dense?.source).toMatchObject({ kind: "call", call: { name: "Mul" } });
    const rounded = apply(opTable.Sign, [branch], {}); // has no gradient, and needs none
    expect(() => grad(total(T.mul(x, rounded)), [x])).not.toThrow();
    const constantLoss = apply(opTable.Sign, [T.scalar(3)], {});
    expect(grad(constantLoss, [x])).toEqual([{ dense: undefined, rows: [] }]);
  });

  it("walks 20,000 nodes without overflowing the stack", () => {
    let deep = x;
    for (let i = 0; i < 20_000; i++) deep = T.neg(deep);
    expect(grad(total(deep), [x])[0].dense?.shape).toEqual([2]);
  });

  it("refuses a loss of several numbers", () => {
    expect(() => grad(T.input("x", "float32", ["b", 3]), [])).toThrow(
      "ERR_LOSS_NOT_SCALAR: only a single number can be differentiated; a loss of shape [b, 3]; sum or average it first",
    );
  });

  it("names the op that has no gradient, and why", () => {
    expect(() => grad(total(apply(opTable.Sign, [x], {})), [x])).toThrow(
      "ERR_NOT_DIFFERENTIABLE: every op between a parameter and the loss must have a gradient; Sign has none: piecewise constant; take it off that path",
    );
  });

  it("prints as a graph", () => {
    const input = T.input("input", "float32", ["b", 3]);
    const weight = T.parameter("weight", [2, 3]);
    const bias = T.parameter("bias", [2]);
    const loss = total(T.tanh(T.gemm(input, weight, { transB: true, c: bias })));
    const [dWeight, dBias] = grad(loss, [weight, bias]).map(({ dense }) => dense ?? loss);
    const outputs = { loss, dWeight, dBias };
    const model = emitModel({ name: "step", inputs: [input], outputs, parameters: "inputs", dialect: "ort" });
    expect(printGraph(model.graph)).toMatchInlineSnapshot(`
      "graph step(%input: float32[b, 3], %weight: float32[2, 3], %bias: float32[2]) -> (%loss: float32[1, 1], %dWeight: float32[2, 3], %dBias: float32[2]) {
        %gemm_0: float32[b, 2] = Gemm<transB=1>(%input, %weight, %bias)
        %tanh_1: float32[b, 2] = Tanh(%gemm_0)
        %loss: float32[1, 1] = ReduceSum<keepdims=1>(%tanh_1, {0, 1})
        %reshape_3: float32[1, 1] = Reshape(1.0, {1, 1})
        %shape_4: int64[1] = Shape<start=0, end=1>(%input)
        %concat_5: int64[2] = Concat<axis=0>(%shape_4, {2})
        %expand_6: float32[b, 2] = Expand(%reshape_3, %concat_5)
        %mul_7: float32[b, 2] = Mul(%tanh_1, %tanh_1)
        %sub_8: float32[b, 2] = Sub(1.0, %mul_7)
        %mul_9: float32[b, 2] = Mul(%expand_6, %sub_8)
        %dWeight: float32[2, 3] = Gemm<transA=1>(%mul_9, %input)
        %reducesum_11: float32[1, 2] = ReduceSum<keepdims=1>(%mul_9, {0})
        %dBias: float32[2] = Reshape(%reducesum_11, {2})
      }"
    `);
  });
});

describe("a table read by rows", () => {
  const table = T.parameter("table", [5, 2]);
  const ids = T.input("ids", "int32", ["b"]);
  const more = T.input("more", "int32", ["t", "b"]);

  it("gets its gradient as rows, one part for each reading", async () => {
    const scale = T.input("scale", "float32", ["b", 1]);
    const first = T.mul(T.gatherRows(table, ids), scale);
    const loss = T.add(total(first), T.reshape(total(T.gatherRows(table, more)), [1, 1]));
    const [{ dense, rows }] = grad(loss, [table]);
    expect(dense).toBeUndefined();
    expect(rows.map(({ indices }) => indices)).toEqual([more, ids]);
    expect(rows.map((part) => part.rows.shape)).toEqual([
      ["t", "b", 2],
      ["b", 2],
    ]);
    const values = new Map<Tensor, HostTensor>([
      [table, float32([5, 2], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)],
      [ids, { dtype: "int32", shape: [2], data: Int32Array.of(4, 4) }],
      [scale, float32([2, 1], 10, 20)],
    ]);
    const { result } = await compute({ result: rows[1].rows }, values);
    expect(result).toEqual(float32([2, 2], 10, 10, 20, 20));
  });

  it("gets both parts where it is also multiplied with (tied weights)", () => {
    const hidden = T.gatherRows(table, ids); // [b, 2]
    const loss = total(T.gemm(hidden, table, { transB: true })); // [b, 5]
    const [{ dense, rows }] = grad(loss, [table]);
    expect(dense?.shape).toEqual([5, 2]);
    expect(rows.map((part) => part.rows.shape)).toEqual([["b", 2]]);
  });

  it("must not be computed: nobody would add the rows up", () => {
    const computed = T.mul(table, T.scalar(2));
    expect(() => grad(total(T.gatherRows(computed, ids)), [table])).toThrow(
      "internal: Mul is read by rows, but is computed; only parameters can be",
    );
  });
});
