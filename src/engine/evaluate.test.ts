/** Eager use, feeds that do not fit, and names that meet in one graph. */
import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import type { HostTensor } from "../base/dtype.ts";
import { Linear } from "../nn/index.ts";
import { loadBackend } from "../runtime/index.ts";
import { add, concat, input, mul, neg, scalar, tensor } from "../tensor/index.ts";
import { compile, evaluateWith, graphInputs } from "./evaluate.ts";

const evaluate = evaluateWith(loadBackend);

function float32(shape: readonly number[], ...values: number[]): HostTensor<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

describe("evaluate", () => {
  it("gives one tensor's value, or each of several by name", async () => {
    const x = tensor([1, 2, 3]);
    expect(await evaluate(neg(x))).toEqual(float32([3], -1, -2, -3));
    const { twice, x: same } = await evaluate({ twice: add(x, x), x });
    expect([twice, same]).toEqual([float32([3], 2, 4, 6), float32([3], 1, 2, 3)]);
  });

  it("uses the weights that a module holds now", async () => {
    const layer = new Linear({ inFeatures: 2, outFeatures: 1 });
    const y = layer(tensor([[1, 2]]));
    layer.load(
      new Map([
        ["weight", float32([1, 2], 10, 100)],
        ["bias", float32([1], 1)],
      ]),
    );
    expect(await evaluate(y)).toEqual(float32([1, 1], 211));
  });

  it("tells modules apart whose parameters have one name, and from inputs of that name", async () => {
    const [first, second] = [3, 5].map((value) => {
      const layer = new Linear({ inFeatures: 1, outFeatures: 1, bias: false });
      layer.load(new Map([["weight", float32([1, 1], value)]]));
      return layer;
    });
    const weight = input("weight", "float32", [1, 1]);
    const y = second(first(weight));
    expect(await evaluate(y, { feeds: { weight: float32([1, 1], 7) } })).toEqual(float32([1, 1], 105));
    // outputs may have parameters' names, too
    expect(await evaluate({ weight: first(tensor([[2]])) })).toEqual({ weight: float32([1, 1], 6) });
  });

  it("feeds named dimensions of any size", async () => {
    const x = input("x", "float32", ["n"]);
    const feeds = { x: float32([3], 1, 2, 3) };
    expect(await evaluate(mul(x, scalar(2)), { feeds })).toEqual(float32([3], 2, 4, 6));
  });
});

it("nothing to evaluate is refused", async () => {
  expect(await messageOf(() => evaluate({}))).toBe(
    "ERR_NOTHING_TO_EVALUATE: evaluate takes a tensor, or tensors by name; no tensor; pass layer(x)",
  );
});

describe("compile", () => {
  it("runs often, and does not see later weights", async () => {
    const layer = new Linear({ inFeatures: 1, outFeatures: 1, bias: false });
    layer.load(new Map([["weight", float32([1, 1], 3)]]));
    const y = layer(input("x", "float32", ["n", 1]));
    const compiled = await compile({ y }, await loadBackend(), { threads: 1 });
    layer.load(new Map([["weight", float32([1, 1], 4)]]));
    expect(await compiled.run({ x: float32([1, 1], 2) })).toEqual({ y: float32([1, 1], 6) });
    expect(await compiled.run({ x: float32([2, 1], 5, 7) })).toEqual({ y: float32([2, 1], 15, 21) });
    await compiled.dispose();
  });
});

describe("feeds that do not fit", () => {
  const y = add(input("x", "float32", ["n", 2]), input("other", "float32", ["n", 2]));
  const [x, other] = [float32([1, 2], 1, 2), float32([1, 2], 3, 4)];

  it.each<[string, Readonly<Record<string, HostTensor>>]>([
    ['no value for "other"; pass one, float32[n, 2]', { x }],
    ['the graph has no input "z"; it has x, other', { x, other, z: x }],
    [
      '"x" is float32[2], not float32[n, 2]; pass a value of that type and shape',
      { x: float32([2], 1, 2), other },
    ],
    [
      '"x" is float32[1, 3], not float32[n, 2]; pass a value of that type and shape',
      { x: float32([1, 3], 1, 2, 3), other },
    ],
    [
      '"other" is int32[1, 2], not float32[n, 2]; pass a value of that type and shape',
      { x, other: { dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 2) } },
    ],
    [
      '"x" has 3 values, and its shape is [1, 2]; pass as many values as the shape says',
      { x: float32([1, 2], 1, 2, 3), other },
    ],
    ['"n" is 1 in "x" and 2 in "other"; make them equal', { x, other: float32([2, 2], 1, 2, 3, 4) }],
  ])("%s", async (message, feeds) => {
    expect(await messageOf(() => evaluate(y, { feeds }))).toBe(
      `ERR_FEED: a graph is fed each of its inputs and nothing else; ${message}`,
    );
  });
});

it("two inputs of one name are refused", () => {
  const y = concat([input("x", "float32", [2]), input("x", "float32", [3])], { axis: 0 });
  expect(() => graphInputs({ y })).toThrow(
    'ERR_INPUT_NAME: the inputs of a graph must have a name each; two are called "x", float32[2] and float32[3]; make it once with input() and use that tensor in both places, or give one another name',
  );
});
