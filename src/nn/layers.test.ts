import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import type { Shape } from "../base/shape.ts";
import { compute, numbers } from "../../test/compute.ts";
import { messageOf } from "../../test/message-of.ts";
import { input } from "../tensor/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { dropout, embedding, linear } from "./layers.ts";
import { layerNorm } from "./normalization.ts";
import { Scope } from "./scope.ts";

const init = { kind: "truncatedNormal", std: 0.02 } as const;

function float32(shape: readonly number[], ...values: number[]): HostTensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** The scope's parameters by name with the values given. */
function feeds(scope: Scope, values: Readonly<Record<string, HostTensor>>): [Tensor, HostTensor][] {
  return scope.parameters.map(({ name, tensor }) => [tensor, values[name]]);
}

describe("linear", () => {
  const weight = float32([2, 3], 1, 2, 3, 4, 5, 6);
  const bias = float32([2], 10, 20);

  it.each<[string, Shape, number[]]>([
    ["a vector", [3], [3]],
    ["a matrix", ["b", 3], [5, 3]],
    ["a sequence", ["t", "b", 3], [2, 5, 3]],
  ])("of %s is x W^T + b", async (_, shape, sizes) => {
    const scope = Scope.root({ training: false });
    const x = input("x", "float32", shape);
    const y = linear(scope.at("dense"), x, { outFeatures: 2, init });
    expect(y.shape).toEqual([...shape.slice(0, -1), 2]);
    const rows = sizes.slice(0, -1).reduce((count, size) => count * size, 1);
    const data = Array.from({ length: rows * 3 }, (_unused, i) => i % 7);
    const values = feeds(scope, { "dense.weight": weight, "dense.bias": bias });
    const { result } = await compute({ result: y }, new Map([[x, float32(sizes, ...data)], ...values]));
    const expected = Array.from({ length: rows }, (_unused, i) => data.slice(3 * i, 3 * i + 3)).flatMap(
      ([a, b, c]) => [a + 2 * b + 3 * c + 10, 4 * a + 5 * b + 6 * c + 20],
    );
    expect(result).toEqual(float32([...sizes.slice(0, -1), 2], ...expected));
  });

  it("declares PyTorch's parameters; only the matrix decays", () => {
    const scope = Scope.root({ training: false });
    linear(scope.at("dense"), input("x", "float32", ["b", 3]), { outFeatures: 2, init });
    expect(scope.parameters).toMatchObject([
      { name: "dense.weight", shape: [2, 3], init, decay: true },
      { name: "dense.bias", shape: [2], init: { kind: "uniform", bound: 1 / Math.sqrt(3) }, decay: false },
    ]);
  });

  it("refuses a last dimension that is not known", () => {
    expect(() =>
      linear(Scope.root({ training: false }).at("dense"), input("x", "float32", ["b", "h"]), {
        outFeatures: 2,
        init,
      }),
    ).toThrow(
      "ERR_SHAPE: model.dense: linear needs [..., in] with a known size; float32[b, h]; reshape the input",
    );
  });
});

it("embedding reads rows of its table, which decays", async () => {
  const scope = Scope.root({ training: false });
  const ids = input("ids", "int32", ["t", "b"]);
  const y = embedding(scope.at("words"), ids, { numEmbeddings: 5, embeddingDim: 2, init });
  expect(scope.parameters).toMatchObject([{ name: "words.weight", shape: [5, 2], init, decay: true }]);
  const table = float32([5, 2], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const places: HostTensor = { dtype: "int32", shape: [2, 1], data: Int32Array.of(4, 0) };
  const { result } = await compute(
    { result: y },
    new Map([[ids, places], ...feeds(scope, { "words.weight": table })]),
  );
  expect(result).toEqual(float32([2, 1, 2], 8, 9, 0, 1));
});

it.each<[string, HostTensor]>([
  ["before", { dtype: "int32", shape: [2], data: Int32Array.of(1, -1) }],
  ["beyond", { dtype: "int32", shape: [2], data: Int32Array.of(1, 5) }],
  ["before, as int64,", { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -1n) }],
])("embedding refuses a place %s its table", async (_, places) => {
  const scope = Scope.root({ training: false });
  const ids = input("ids", places.dtype, ["n"]);
  const y = embedding(scope, ids, { numEmbeddings: 5, embeddingDim: 1, init });
  const values = new Map([[ids, places], ...feeds(scope, { weight: float32([5, 1], 0, 1, 2, 3, 4) })]);
  expect(await messageOf(() => compute({ result: y }, values))).toContain("ERR_RUN");
});

it("layerNorm starts as the plain norm, does not decay, and uses its epsilon", async () => {
  const scope = Scope.root({ training: false });
  const x = input("x", "float32", ["b", 2]);
  const y = layerNorm(scope.at("LayerNorm"), x, { eps: 3 });
  expect(scope.parameters).toMatchObject([
    { name: "LayerNorm.weight", shape: [2], init: { kind: "ones" }, decay: false },
    { name: "LayerNorm.bias", shape: [2], init: { kind: "zeros" }, decay: false },
  ]);
  const values = feeds(scope, {
    "LayerNorm.weight": float32([2], 10, 1),
    "LayerNorm.bias": float32([2], 0, 100),
  });
  const { result } = await compute({ result: y }, new Map([[x, float32([1, 2], 3, 5)], ...values]));
  // mean 4, variance 1, variance + eps 4
  expect([...numbers(result)].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([-5, 100.5]);
});

describe("dropout", () => {
  const x = input("x", "float32", ["b", 2]);

  it("multiplies with its mask in training", async () => {
    const scope = Scope.root({ training: true });
    const y = dropout(scope.at("dropout"), x, 0.5);
    const [{ mask }] = scope.dropouts;
    const values = new Map([
      [x, float32([1, 2], 3, 5)],
      [mask, float32([1, 2], 2, 0)],
    ]);
    expect((await compute({ result: y }, values)).result).toEqual(float32([1, 2], 6, 0));
  });

  it.each([
    ["outside training", false, 0.5],
    ["at rate 0", true, 0],
  ])("is nothing at all %s", (_, training, rate) => {
    const scope = Scope.root({ training });
    expect(dropout(scope, x, rate)).toBe(x);
    expect(scope.dropouts).toEqual([]);
  });
});
