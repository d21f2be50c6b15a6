/**
 * What a row of the op tests says, and the operands that rows are made of.
 *
 * Dimensions are distinct primes, named ones too, so that a mistaken axis changes a shape.
 */
import type { DType } from "../../src/base/dtype.ts";
import type { Shape } from "../../src/base/shape.ts";
import { elementCount, evaluateDim } from "../../src/base/shape.ts";
import { Random } from "../../src/base/random.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import type { Nd } from "./nd.ts";

/** The named dimensions at run time. */
export const sizes = { b: 5, t: 7, s: 8, one: 1 };

export interface Operand {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly values: readonly number[];
}

export interface OpCase {
  /** What is special about this case. */
  readonly title: string;
  readonly inputs: readonly Operand[];
  readonly build: (inputs: readonly Tensor[]) => Tensor;
  /** The same in float64. */
  readonly reference: (inputs: readonly Nd[]) => Nd;
  /** Places of the inputs whose gradient is compared; all of float32 unless given. */
  readonly wrt?: readonly number[];
}

export interface OpRow {
  /** Why there is no gradient, for ops that have none. */
  readonly because?: string;
  readonly cases: readonly OpCase[];
}

/** Random float32 values in [low, high), or with either sign where `low` is positive and `signed` is set. */
export function floats(shape: Shape, low = -2, high = 2, signed = false): Operand {
  const random = new Random(3, `operand/${shape.join()}/${low}/${high}`);
  const values = Array.from({ length: countOf(shape) }, () => {
    const value = low + (high - low) * random.uniform();
    return Math.fround(signed && random.int(2) === 0 ? -value : value);
  });
  return { dtype: "float32", shape, values };
}

/** Random integers in 0..below-1. */
export function integers(shape: Shape, below: number, dtype: "int32" | "int64" = "int32"): Operand {
  const random = new Random(3, `operand/${shape.join()}/${below}`);
  return { dtype, shape, values: Array.from({ length: countOf(shape) }, () => random.int(below)) };
}

/** These values. */
export function given(shape: Shape, values: readonly number[], dtype: DType = "float32"): Operand {
  return { dtype, shape, values: values.map(Math.fround) };
}

/** The sizes of a shape at run time. */
export function sizesOf(shape: Shape): readonly number[] {
  return shape.map((dim) => evaluateDim(dim, sizes));
}

function countOf(shape: Shape): number {
  return elementCount(sizesOf(shape));
}
