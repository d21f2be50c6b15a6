import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { Random } from "../base/random.ts";
import { compute, numbers } from "../../test/compute.ts";
import { input } from "../tensor/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { scaledDotProductAttention } from "./attention.ts";
import { paddingBias } from "./masks.ts";
import { Scope } from "./scope.ts";

const [t, s, b, heads, d] = [3, 5, 2, 7, 11];
const h = heads * d;
const q = input("q", "float32", ["t", "b", h]);
const k = input("k", "float32", ["s", "b", h]);
const v = input("v", "float32", ["s", "b", h]);
const mask = input("mask", "int32", ["b", "s"]);

function randomTensor(name: string, shape: readonly number[]): HostTensor<"float32"> {
  const random = new Random(1, name);
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);
  return { dtype: "float32", shape, data };
}

const given = {
  q: randomTensor("q", [t, b, h]),
  k: randomTensor("k", [s, b, h]),
  v: randomTensor("v", [s, b, h]),
  mask: [1, 1, 1, 0, 0, 1, 1, 1, 1, 1],
};

/** The context of these values, [t, b, h]. */
async function attend(values: typeof given): Promise<ReturnType<typeof numbers>> {
  const scope = Scope.root({ training: false });
  const bias = paddingBias(mask, heads);
  const { context } = scaledDotProductAttention(scope, q, k, v, { numHeads: heads, bias, dropout: 0.1 });
  expect(context.shape).toEqual(["t", "b", h]);
  const { result } = await compute(
    { result: context },
    new Map<Tensor, HostTensor>([
      [q, values.q],
      [k, values.k],
      [v, values.v],
      [mask, { dtype: "int32", shape: [b, s], data: Int32Array.from(values.mask) }],
    ]),
  );
  expect(result.shape).toEqual([t, b, h]);
  return numbers(result);
}

/** The paper's formula, one query, example and head at a time. */
function reference(values: typeof given): number[] {
  const at = ({ data }: HostTensor<"float32">, place: number, i: number, j: number) =>
    data[(place * b + i) * h + j];
  return Array.from({ length: t * b * h }, (_, flat) => {
    const [query, i, j] = [Math.floor(flat / (b * h)), Math.floor(flat / h) % b, flat % h];
    const start = j - (j % d);
    const scores = Array.from({ length: s }, (_unused, key) => {
      if (values.mask[i * s + key] === 0) return Number.NEGATIVE_INFINITY;
      let dot = 0;
      for (let e = start; e < start + d; e++) dot += at(values.q, query, i, e) * at(values.k, key, i, e);
      return dot / Math.sqrt(d);
    });
    const powers = scores.map(Math.exp);
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.reduce((sum, power, key) => sum + (power / total) * at(values.v, key, i, j), 0);
  });
}

/** The same tensor with other values wherever `changes` says so of (row, example). */
function altered(
  x: HostTensor<"float32">,
  changes: (row: number, i: number) => boolean,
): HostTensor<"float32"> {
  const data = x.data.map((value, flat) =>
    changes(Math.floor(flat / (b * h)), Math.floor(flat / h) % b) ? 100 - value : value,
  );
  return { ...x, data };
}

function swapExamples(x: HostTensor<"float32">): HostTensor<"float32"> {
  const data = x.data.map((_, flat) => {
    const [row, i, j] = [Math.floor(flat / (b * h)), Math.floor(flat / h) % b, flat % h];
    return x.data[(row * b + (1 - i)) * h + j];
  });
  return { ...x, data };
}

describe("scaledDotProductAttention", () => {
  it("is the paper's formula", async () => {
    const found = await attend(given);
    const errors = reference(given).map((value, i) => Math.abs(value - found[i]));
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });

  it("does not see padding: keys and values there may be anything", async () => {
    const padded = (row: number, i: number) => given.mask[i * s + row] === 0;
    const other = { ...given, k: altered(given.k, padded), v: altered(given.v, padded) };
    expect(other.k).not.toEqual(given.k);
    expect(await attend(other)).toEqual(await attend(given));
  });

  it("does see everything else", async () => {
    const last = (row: number, i: number) => row === s - 1 && i === 1;
    expect(await attend({ ...given, v: altered(given.v, last) })).not.toEqual(await attend(given));
  });

  it("permutes with the batch", async () => {
    const swapped = {
      q: swapExamples(given.q),
      k: swapExamples(given.k),
      v: swapExamples(given.v),
      mask: [...given.mask.slice(s), ...given.mask.slice(0, s)],
    };
    const context = {
      dtype: "float32" as const,
      shape: [t, b, h],
      data: Float32Array.from(await attend(given)),
    };
    const errors = swapExamples(context).data.map((value) => value);
    const found = await attend(swapped);
    expect(Math.max(...errors.map((value, i) => Math.abs(value - found[i])))).toBeLessThan(1e-6);
  });

  it("of an example that is all padding is the plain mean of its values", async () => {
    const found = await attend({ ...given, mask: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1] });
    const firstMean = [0, 1, 2, 3, 4].reduce((sum, key) => sum + given.v.data[key * b * h] / s, 0);
    expect(Math.abs(found[0] - firstMean)).toBeLessThan(1e-6);
    expect(found.every(Number.isFinite)).toBe(true);
  });

  it("drops attention weights in training, under its own name", () => {
    const scope = Scope.root({ training: true });
    scaledDotProductAttention(scope.at("self"), q, k, v, { numHeads: heads, dropout: 0.25 });
    expect(scope.dropouts).toMatchObject([
      { name: "self.dropout", rate: 0.25, mask: { shape: ["7*b", "t", "s"] } },
    ]);
  });

  it.each([
    ["heads that do not divide the hidden size", q, 3, "the 3 heads; float32[t, b, 77]"],
    ["no heads", q, 0, "the 0 heads; float32[t, b, 77]"],
    ["a hidden size without a number", input("q", "float32", ["t", "b", "7*h"]), 7, "float32[t, b, 7*h]"],
    ["queries of rank 2", input("q", "float32", ["t", h]), 7, "float32[t, 77]"],
  ])("refuses %s", (_, queries, numHeads, found) => {
    const scope = Scope.root({ training: false }).at("encoder").at("self");
    const attempt = () => scaledDotProductAttention(scope, queries, k, v, { numHeads, dropout: 0 });
    expect(attempt).toThrow(
      "ERR_SHAPE: model.encoder.self: attention needs [t, b, h] with h divisible by the",
    );
    expect(attempt).toThrow(`${found}; change the hidden size or the number of heads`);
  });
});

describe("paddingBias", () => {
  it.each(["int32", "int64"] as const)(
    "is 0 for tokens and the lowest float for padding, from %s",
    async (dtype) => {
      const x = input("x", dtype, ["b", "s"]);
      const data = dtype === "int32" ? Int32Array.of(1, 0, 1, 1) : BigInt64Array.of(1n, 0n, 1n, 1n);
      const value = { dtype, shape: [2, 2], data } as HostTensor;
      const { result } = await compute({ result: paddingBias(x, 3) }, new Map([[x, value]]));
      const lowest = -3.4028234663852886e38;
      expect(result.shape).toEqual([6, 1, 2]);
      const rows = [0, lowest, 0, lowest, 0, lowest, 0, 0, 0, 0, 0, 0];
      expect([...numbers(result)].map((bias) => bias + 0)).toEqual(rows); // -0 is 0 too
    },
  );

  it("refuses a mask of another rank", () => {
    expect(() => paddingBias(input("x", "int32", ["b", 1, "s"]), 2)).toThrow(
      "ERR_SHAPE: paddingBias: the attention mask must be [batch, sequence]; int32[b, 1, s]; pass the tokenizer's mask",
    );
  });
});
