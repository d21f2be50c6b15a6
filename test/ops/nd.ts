/**
 * Plain float64 arrays: what the references of the op tests are written with.
 *
 * A result is a function of its index, so that a reference reads like the formula in a textbook. Slow on purpose;
 * shares nothing with the engine.
 */

export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The array whose element at each index is `element(index)`. */
export function nd(shape: readonly number[], element: (index: readonly number[]) => number): Nd {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float64Array.from({ length: count }, (_, flat) => element(unravel(flat, shape)));
  return { shape, data };
}

/** The element at `index`, with NumPy's broadcasting: leading axes are dropped, axes of size 1 are repeated. */
export function at(x: Nd, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length);
  return x.data[x.shape.reduce((flat, size, axis) => flat * size + (size === 1 ? 0 : own[axis]), 0)];
}

/** sum of term(0) ... term(n - 1) */
export function sigma(n: number, term: (k: number) => number): number {
  let total = 0;
  for (let k = 0; k < n; k++) total += term(k);
  return total;
}

export function map(x: Nd, f: (value: number) => number): Nd {
  return { shape: x.shape, data: x.data.map(f) };
}

/** f of each pair, broadcasting. */
export function zip(a: Nd, b: Nd, f: (left: number, right: number) => number): Nd {
  const rank = Math.max(a.shape.length, b.shape.length);
  const padded = [a, b].map(({ shape }) => [...new Array<number>(rank - shape.length).fill(1), ...shape]);
  const shape = padded[0].map((size, axis) => Math.max(size, padded[1][axis]));
  return nd(shape, (index) => f(at(a, index), at(b, index)));
}

/** Each row of the last axis through f, which returns a row. */
export function rows(x: Nd, f: (row: readonly number[]) => readonly number[]): Nd {
  const width = x.shape[x.shape.length - 1];
  const done = Array.from({ length: x.data.length / width }, (_, i) =>
    f([...x.data.subarray(i * width, (i + 1) * width)]),
  );
  return { shape: [...x.shape.slice(0, -1), done[0].length], data: Float64Array.from(done.flat()) };
}

/** 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, by Simpson's rule: within 1e-8. */
export function erf(x: number): number {
  const end = Math.min(Math.abs(x), 6); // erf(6) is 1 in float64
  const n = 400;
  const weight = (k: number) => (k === 0 || k === n ? 1 : k % 2 === 1 ? 4 : 2);
  const total = sigma(n + 1, (k) => weight(k) * Math.exp(-(((end * k) / n) ** 2)));
  return ((Math.sign(x) * 2) / Math.sqrt(Math.PI)) * (end / n / 3) * total;
}

function unravel(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length).fill(0);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}
