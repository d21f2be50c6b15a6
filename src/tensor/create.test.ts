import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import type { Nested } from "./create.ts";
import { full, ones, randn, tensor, zeros } from "./create.ts";
import type { Tensor } from "./tensor.ts";
import { constant } from "./tensor.ts";

function valueOf({ source }: Tensor): HostTensor {
  if (source.kind !== "constant") throw new Error(`a ${source.kind} has no value`);
  return source.value;
}

describe("tensor", () => {
  it.each<[string, Tensor, HostTensor]>([
    ["a number", tensor(3), { dtype: "float32", shape: [], data: Float32Array.of(3) }],
    [
      "rows",
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    ],
    [
      "whole numbers on request",
      tensor([7, 8], "int32"),
      { dtype: "int32", shape: [2], data: Int32Array.of(7, 8) },
    ],
    ["booleans", tensor([[true], [false]]), { dtype: "bool", shape: [2, 1], data: Uint8Array.of(1, 0) }],
    [
      "rank 4",
      tensor([[[[1]], [[2]]]]),
      { dtype: "float32", shape: [1, 2, 1, 1], data: Float32Array.of(1, 2) },
    ],
  ])("of %s", (_, found, wanted) => {
    expect(found).toMatchObject({ dtype: wanted.dtype, shape: wanted.shape });
    expect(valueOf(found)).toEqual(wanted);
  });

  it.each([1.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN, Infinity])("refuses %d as an int32", (value) => {
    expect(() => tensor([0, value], "int32")).toThrow(
      `ERR_DTYPE: tensor: an int32 must be a whole number from -2147483648 to 2147483647; found ${value}; round it, or make the tensor float32`,
    );
  });

  it("takes the first and the last int32", () => {
    const ends = [-(2 ** 31), 2 ** 31 - 1];
    expect(valueOf(tensor(ends, "int32")).data).toEqual(Int32Array.from(ends));
  });

  it.each<[string, string, Nested]>([
    ["a shorter row", "an array of 1 stands beside one of 2", [[1, 2], [3]]],
    [
      "a longer row",
      "an array of 3 stands beside one of 2",
      [
        [1, 2],
        [3, 4, 5],
      ],
    ],
    ["a number among rows", "3 stands where an array should", [[1, 2], 3]],
    ["a row among numbers", "an array of 1 stands beside a number", [1, [2]]],
    ["nothing", "an array is empty", []],
    ["an empty row", "an array is empty", [[]]],
    ["numbers and booleans", "numbers and booleans are mixed", [1, true]],
  ])("refuses %s", (_, found, values) => {
    expect(() => tensor(values)).toThrow(
      `ERR_RAGGED: arrays of one level must have one length, and their values one type; ${found}; fill up the shorter rows, or make one tensor a row`,
    );
  });
});

it("zeros, ones and full fill a shape", () => {
  expect([zeros([2]), ones([1, 2]), full([], 7)].map(valueOf)).toEqual([
    { dtype: "float32", shape: [2], data: Float32Array.of(0, 0) },
    { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 1) },
    { dtype: "float32", shape: [], data: Float32Array.of(7) },
  ]);
});

describe("randn", () => {
  const values = (shape: readonly number[], seed?: number) =>
    Array.from(valueOf(randn(shape, seed === undefined ? {} : { seed })).data, Number);

  it("is a function of its seed, 0 unless given", () => {
    expect(values([3, 5], 4)).toEqual(values([3, 5], 4));
    expect(values([3, 5])).toEqual(values([3, 5], 0));
    expect(values([3, 5], 4)).not.toEqual(values([3, 5], 5));
  });

  it("is normal with mean 0 and deviation 1", () => {
    const n = 100_000;
    const all = values([n], 1);
    const moment = (k: number) => all.reduce((sum, x) => sum + x ** k, 0) / n;
    // five deviations of each mean; the moments of x^k are 0, 1, 0, 3
    [0, 1, 0, 3].forEach((wanted, i) => {
      const spread = [1, Math.sqrt(2), Math.sqrt(15), Math.sqrt(96)][i];
      expect(Math.abs(moment(i + 1) - wanted)).toBeLessThan((5 * spread) / Math.sqrt(n));
    });
  });

  it.each([-1, 0.5, Number.NaN])("refuses seed %d", (seed) => {
    expect(() => randn([2], { seed })).toThrow(
      `ERR_OPTION: randn: seed must be a whole number, 0 or more; seed is ${seed}; change the options`,
    );
  });
});

it.each([[[0]], [[2, -1]], [[1.5]]])("shape %j is refused", (shape) => {
  for (const make of [zeros, ones, randn, (dims: readonly number[]) => full(dims, 1)])
    expect(() => make(shape)).toThrow(
      `ERR_SHAPE: dimensions must be whole numbers, 1 or more; found [${shape.join(", ")}]; change the shape`,
    );
});

it("a constant has as many values as its shape says", () => {
  expect(() => constant({ dtype: "float32", shape: [2, 3], data: new Float32Array(5) })).toThrow(
    "ERR_SHAPE: constant: there must be as many values as the shape says; float32[2, 3] and 5 values; change one of them",
  );
});
