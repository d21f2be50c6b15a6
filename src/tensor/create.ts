/**
 * Tensors with values: from arrays, zeros, ones, random numbers. They are constants of the graph.
 *
 * Random values come from the counter-based generator of base/random.ts: same seed and shape, same values everywhere.
 * Normal deviates by Box and Muller (1958). Tensors that are fed at run time are made by `input()`.
 */
import { AttuneError } from "../base/errors.ts";
import { requireSeed } from "../base/options.ts";
import { Random } from "../base/random.ts";
import { elementCount, formatShape } from "../base/shape.ts";
import type { Tensor } from "./tensor.ts";
import { constant } from "./tensor.ts";

/** A number, or arrays of equal length nested in each other. */
export type Nested = number | boolean | readonly Nested[];

/**
 * A constant from nested arrays: numbers become float32, or int32 on request; booleans become bool.
 *
 * @throws ERR_RAGGED where arrays of one level differ in length, or numbers and booleans are mixed; ERR_DTYPE for a
 *   number that is no int32 where those were asked for.
 * @example
 * tensor([[1, 2, 3], [4, 5, 6]]).shape; // [2, 3]
 */
export function tensor(values: Nested, dtype: "float32" | "int32" = "float32"): Tensor {
  const shape = nestedShape(values);
  const flat: (number | boolean)[] = [];
  flatten(values, shape, flat);
  if (flat.every((value) => typeof value === "boolean"))
    return constant({ dtype: "bool", shape, data: Uint8Array.from(flat, Number) });
  if (flat.some((value) => typeof value === "boolean")) throw ragged("numbers and booleans are mixed");
  const outside = dtype === "int32" ? flat.find((value) => Number(value) !== (Number(value) | 0)) : undefined;
  if (outside !== undefined) throw notInt32(outside);
  return dtype === "int32"
    ? constant({ dtype, shape, data: Int32Array.from(flat, Number) })
    : constant({ dtype, shape, data: Float32Array.from(flat, Number) });
}

/** Zeros, float32. */
export function zeros(shape: readonly number[]): Tensor {
  return full(shape, 0);
}

/** Ones, float32. */
export function ones(shape: readonly number[]): Tensor {
  return full(shape, 1);
}

/** One value everywhere, float32. */
export function full(shape: readonly number[], value: number): Tensor {
  const data = new Float32Array(elementCount(checked(shape))).fill(value);
  return constant({ dtype: "float32", shape, data });
}

/**
 * Independent numbers from the normal distribution with mean 0 and deviation 1, float32.
 *
 * @param options.seed a whole number, 0 or more; default 0. Two tensors of one seed and one shape are equal: give each its own.
 * @example
 * const x = randn([10, 512], { seed: 0 });
 */
export function randn(shape: readonly number[], options: { readonly seed?: number } = {}): Tensor {
  const { seed = 0 } = options;
  requireSeed("randn", seed);
  const random = new Random(seed, "randn");
  const data = new Float32Array(elementCount(checked(shape)));
  for (let i = 0; i < data.length; i++) data[i] = random.normal();
  return constant({ dtype: "float32", shape, data });
}

function checked(shape: readonly number[]): readonly number[] {
  if (shape.every((dim) => Number.isSafeInteger(dim) && dim > 0)) return shape;
  throw new AttuneError("ERR_SHAPE", {
    rule: "dimensions must be whole numbers, 1 or more",
    found: `found ${formatShape(shape)}`,
    next: "change the shape",
  });
}

function nestedShape(values: Nested): readonly number[] {
  if (typeof values !== "object") return [];
  if (values.length === 0) throw ragged("an array is empty");
  return [values.length, ...nestedShape(values[0])];
}

function flatten(values: Nested, shape: readonly number[], into: (number | boolean)[]): void {
  if (typeof values !== "object") {
    if (shape.length > 0) throw ragged(`${String(values)} stands where an array should`);
    into.push(values);
    return;
  }
  if (values.length !== shape[0])
    throw ragged(
      `an array of ${values.length} stands beside ${shape.length === 0 ? "a number" : `one of ${shape[0]}`}`,
    );
  for (const value of values) flatten(value, shape.slice(1), into);
}

function notInt32(found: number | boolean): AttuneError {
  return new AttuneError("ERR_DTYPE", {
    rule: "tensor: an int32 must be a whole number from -2147483648 to 2147483647",
    found: `found ${String(found)}`,
    next: "round it, or make the tensor float32",
  });
}

function ragged(found: string): AttuneError {
  return new AttuneError("ERR_RAGGED", {
    rule: "arrays of one level must have one length, and their values one type",
    found,
    next: "fill up the shorter rows, or make one tensor a row",
  });
}
