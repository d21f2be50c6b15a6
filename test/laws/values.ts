/**
 * What the law tests share: random layers, weights and inputs, rows of tensors, comparison of whole tensors.
 */
import fc from "fast-check";
import { expect } from "vitest";
import type { Activation, HostTensor, State, Tensor, TransformerLayerOptions } from "../../src/entry/nn.ts";
import { evaluate, Random } from "../../src/entry/nn.ts";
import { elementCount } from "../../src/base/shape.ts";
import { numbers } from "../compute.ts";

/** A seed for everything random in one run of a property. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Options of a small layer; dropout is that of the default, 0.1, and must not act in evaluation. */
export const smallLayers: fc.Arbitrary<TransformerLayerOptions> = fc
  .record({
    sizes: fc.constantFrom([4, 1], [6, 3], [12, 3], [14, 2]),
    dimFeedforward: fc.constantFrom(5, 11),
    activation: fc.constantFrom<Activation>("relu", "gelu", "geluTanh", "silu", "geglu", "swiglu"),
    normFirst: fc.boolean(),
    norm: fc.constantFrom("layer", "rms"),
    bias: fc.boolean(),
    batchFirst: fc.boolean(),
    rotary: fc.boolean(),
    seed: seeds,
  })
  .map(({ sizes: [dModel, nHead], rotary, ...options }) => ({
    ...options,
    dModel,
    nHead,
    ...(rotary && (dModel / nHead) % 2 === 0 ? { rotary: {} } : {}), // which turns pairs
  }));

/** Independent normal numbers times `scale`. */
export function draw(shape: readonly number[], seed: number, scale = 1): HostTensor<"float32"> {
  const random = new Random(seed, `draw/${shape.join()}`);
  const data = Float32Array.from({ length: elementCount(shape) }, () => scale * random.normal());
  return { dtype: "float32", shape, data };
}

/** Gives every parameter a random value, biases and norms too, which would else start as zeros and ones. */
export function withRandomWeights<
  M extends { readonly state: () => State; readonly load: (state: State) => void },
>(module: M, seed: number): M {
  module.load(randomState(module.state(), seed));
  return module;
}

/** As many random values, by the same names. */
export function randomState(like: State, seed: number): State {
  return new Map([...like].map(([name, { shape }], i) => [name, draw(shape, seed + i, 0.5)]));
}

/** x with its `axis` made of these rows. */
export function pick(x: HostTensor, axis: number, rows: readonly number[]): HostTensor {
  const inner = elementCount(x.shape.slice(axis + 1));
  const outer = elementCount(x.shape.slice(0, axis));
  const from = numbers(x);
  const values = Array.from({ length: outer }, (_, o) =>
    rows.flatMap((row) => {
      const start = (o * x.shape[axis] + row) * inner;
      return [...from.subarray(start, start + inner)];
    }),
  ).flat();
  const shape = x.shape.map((size, i) => (i === axis ? rows.length : size));
  if (x.dtype === "int32") return { dtype: "int32", shape, data: Int32Array.from(values) };
  if (x.dtype === "bool") return { dtype: "bool", shape, data: Uint8Array.from(values) };
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** x with other values where `changes` says so of a place. */
export function altered(
  x: HostTensor<"float32">,
  changes: (place: readonly number[]) => boolean,
  value = (old: number) => 3 - old,
): HostTensor<"float32"> {
  return { ...x, data: x.data.map((old, i) => (changes(placeOf(i, x.shape)) ? value(old) : old)) };
}

/** bool of a shape, true where `holds` says so of a place. */
export function boolMask(
  shape: readonly number[],
  holds: (place: readonly number[]) => boolean,
): HostTensor<"bool"> {
  const data = Uint8Array.from({ length: elementCount(shape) }, (_, i) => Number(holds(placeOf(i, shape))));
  return { dtype: "bool", shape, data };
}

/** A bool mask as a float one: -Infinity where true. */
export function floatMask({ shape, data }: HostTensor<"bool">): HostTensor<"float32"> {
  const values = Float32Array.from(data, (hidden) => (hidden === 1 ? Number.NEGATIVE_INFINITY : 0));
  return { dtype: "float32", shape, data: values };
}

/** 0, 1, ..., n-1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** 0, 1, ..., n-1 in random order. */
export function shuffled(n: number, seed: number): number[] {
  return new Random(seed, "shuffled").shuffle(range(n));
}

/** Numbers of 1 to `most`, for the lengths of a batch. */
export function lengthsOf(b: number, most: number, seed: number): number[] {
  const random = new Random(seed, "lengths");
  return range(b).map(() => 1 + random.int(most));
}

/** The values of all of them, from one graph. */
export async function valuesOf(...tensors: readonly Tensor[]): Promise<readonly HostTensor[]> {
  const outputs = Object.fromEntries(tensors.map((x, i) => [`y${i}`, x]));
  const found = await evaluate(outputs, { threads: 1 });
  return tensors.map((_, i) => found[`y${i}`]);
}

/** Fails unless both have one shape and every difference is below `tolerance` times the larger of 1 and the largest value. */
export function expectClose(found: HostTensor, wanted: HostTensor, tolerance = 1e-5): void {
  expect(found.shape).toEqual(wanted.shape);
  expect(distance(found, wanted)).toBeLessThan(tolerance);
}

/** The largest difference, relative to the larger of 1 and the largest value; NaN where either has one. */
export function distance(found: HostTensor, wanted: HostTensor): number {
  const [a, b] = [Float64Array.from(numbers(found)), Float64Array.from(numbers(wanted))];
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]) / scale), 0);
}

function placeOf(i: number, shape: readonly number[]): readonly number[] {
  let left = i;
  return [...shape]
    .reverse()
    .map((size) => {
      const place = left % size;
      left = Math.floor(left / size);
      return place;
    })
    .reverse();
}
