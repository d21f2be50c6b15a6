/**
 * Shapes with named dimensions.
 *
 * A dimension is a number, or a product of names with a leading coefficient in one canonical spelling
 * ("b", "b*t", "12*b"), so that two equal dimensions are equal strings. That is all that tracing needs:
 * reshapes multiply dimensions, nothing adds them.
 *
 * Does not solve equations between dimensions: "b" and "n" are different even where a run would make them equal.
 */

import { internal } from "./errors.ts";

export type Dim = number | string;
export type Shape = readonly Dim[];

/** A dimension taken apart: 12*b*t is 12 times b and t. */
export interface Factors {
  readonly coefficient: number;
  readonly names: readonly string[];
}

/** The coefficient and the names of a dimension. */
export function factors(dim: Dim): Factors {
  if (typeof dim === "number") return { coefficient: dim, names: [] };
  const parts = dim.split("*");
  const leading = Number(parts[0]);
  return Number.isInteger(leading)
    ? { coefficient: leading, names: parts.slice(1) }
    : { coefficient: 1, names: parts };
}

/** The product of dimensions in canonical spelling: `product([12, "b"])` is "12*b". */
export function product(dims: Shape): Dim {
  let coefficient = 1;
  const names: string[] = [];
  for (const dim of dims) {
    const parts = factors(dim);
    coefficient *= parts.coefficient;
    names.push(...parts.names);
  }
  return spell(coefficient, names);
}

/** `a / b` if it divides exactly, else undefined: `quotient("12*b", 4)` is "3*b". */
export function quotient(a: Dim, b: Dim): Dim | undefined {
  const dividend = factors(a);
  const divisor = factors(b);
  const names = [...dividend.names];
  for (const name of divisor.names) {
    const at = names.indexOf(name);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  const coefficient = dividend.coefficient / divisor.coefficient;
  return Number.isInteger(coefficient) ? spell(coefficient, names) : undefined;
}

/** The number that a dimension is when its names have values: `evaluateDim("12*b", { b: 3 })` is 36. */
export function evaluateDim(dim: Dim, sizes: Readonly<Record<string, number>>): number {
  const { coefficient, names } = factors(dim);
  return names.reduce((size, name) => {
    if (sizes[name] === undefined) throw internal(`dimension "${name}" has no size`);
    return size * sizes[name];
  }, coefficient);
}

/** True where both have the same rank and equal dimensions. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The shape that NumPy-style broadcasting of `a` and `b` gives, or undefined where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    out.push(left === 1 ? right : left);
  }
  return out;
}

/** `[t, b, 128]` as people write it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Number of elements of a shape without names. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, dim) => count * dim, 1);
}

function spell(coefficient: number, names: readonly string[]): Dim {
  if (names.length === 0 || coefficient === 0) return coefficient;
  const sorted = [...names].sort().join("*");
  return coefficient === 1 ? sorted : `${coefficient}*${sorted}`;
}
