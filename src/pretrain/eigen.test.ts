import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../base/random.ts";
import { jacobi, largestEigenpairs, type MatrixProducts } from "./eigen.ts";

/** Products by the definition, in float32 as ONNX Runtime gives them. */
function productsOf(a: Float64Array | Float32Array, n: number): MatrixProducts {
  const product = (
    rows: number,
    inner: number,
    k: number,
    left: (i: number, j: number) => number,
    q: Float32Array,
  ) => {
    const out = new Float32Array(rows * k);
    for (let i = 0; i < rows; i++)
      for (let c = 0; c < k; c++) {
        let total = 0;
        for (let j = 0; j < inner; j++) total += left(i, j) * q[j * k + c];
        out[i * k + c] = total;
      }
    return out;
  };
  return {
    multiply: async (q, k) => product(n, n, k, (i, j) => a[i * n + j], q),
    gram: async (x, y, k) => product(k, n, k, (i, j) => x[j * k + i], y),
  };
}

function symmetric(n: number, seed: number): Float64Array {
  const random = new Random(seed, "matrix");
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random.normal();
  return a;
}

/** Q diag(values) Q^T with a random orthogonal Q. */
function withSpectrum(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  const { vectors: q } = jacobi(symmetric(n, seed), n);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++) a[i * n + j] += q[i * n + k] * values[k] * q[j * n + k];
  return a;
}

const sorted = (values: Iterable<number>) => [...values].sort((a, b) => Math.abs(b) - Math.abs(a));

/** Largest |A v - lambda v| over the pairs, and largest |v . w - (v is w)|. */
function errors(a: Float64Array, n: number, values: Float64Array, vectors: ArrayLike<number>) {
  const k = values.length;
  let [residual, skew] = [0, 0];
  for (let c = 0; c < k; c++) {
    for (let i = 0; i < n; i++) {
      let total = 0;
      for (let j = 0; j < n; j++) total += a[i * n + j] * vectors[j * k + c];
      residual = Math.max(residual, Math.abs(total - values[c] * vectors[i * k + c]));
    }
    for (let d = 0; d <= c; d++) {
      let dot = 0;
      for (let i = 0; i < n; i++) dot += vectors[i * k + c] * vectors[i * k + d];
      skew = Math.max(skew, Math.abs(dot - (c === d ? 1 : 0)));
    }
  }
  return { residual, skew };
}

describe("jacobi", () => {
  it("finds a spectrum that is known: 2 - 2 cos(pi k / (n + 1)) of the second difference", () => {
    const n = 17;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 2;
      if (i > 0) a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
    }
    const { values, vectors } = jacobi(a.slice(), n);
    const want = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((Math.PI * (k + 1)) / (n + 1)));
    sorted(values).forEach((value, i) => expect(value).toBeCloseTo(sorted(want)[i], 12));
    expect(errors(a, n, values, vectors).residual).toBeLessThan(1e-12);
  });

  it("diagonalises any symmetric matrix, also with equal and zero eigenvalues", () => {
    const spectrum = fc.array(fc.constantFrom(-3, 0, 0.001, 1, 1, 500), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(spectrum, fc.nat(), (values, seed) => {
        const n = values.length;
        const a = withSpectrum(values, seed);
        const found = jacobi(a.slice(), n);
        const tolerance = 1e-10 * Math.max(1, ...values.map(Math.abs));
        const want = sorted(values);
        sorted(found.values).forEach((value, i) => expect(Math.abs(value - want[i])).toBeLessThan(tolerance));
        const { residual, skew } = errors(a, n, found.values, found.vectors);
        expect(residual).toBeLessThan(tolerance);
        expect(skew).toBeLessThan(1e-12);
      }),
      { numRuns: 30 },
    );
  });
});

describe("largestEigenpairs", () => {
  const pairs = (a: Float64Array, n: number, rank: number) =>
    largestEigenpairs(productsOf(a, n), n, rank, new Random(1, "start"));

  it("are those of the whole matrix, where their number is far below its size", async () => {
    // a spectrum that falls as that of co-occurrences does
    const n = 150;
    const spectrum = Array.from({ length: n }, (_, k) => (k % 3 === 2 ? -60 : 100) / (1 + k) ** 0.7);
    const a = withSpectrum(spectrum, 4);
    const { values, vectors } = await pairs(a, n, 10);
    const want = sorted(spectrum).slice(0, 10);
    expect(values).toHaveLength(10);
    want.forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThan(1e-3 * Math.abs(value)));
    const { residual, skew } = errors(a, n, values, vectors);
    expect(residual).toBeLessThan(0.05); // of 100
    expect(skew).toBeLessThan(1e-4);
  });

  it.each([
    ["a random matrix, smaller than the columns it works with", symmetric(40, 2), 40, 12],
    ["one number", Float64Array.of(-7), 1, 1],
    ["the whole of a small one", symmetric(5, 3), 5, 5],
    ["the identity", withSpectrum(new Array<number>(30).fill(1), 1), 30, 6],
    ["one of rank 3", withSpectrum([5, -4, 3, ...new Array<number>(97).fill(0)], 5), 100, 8],
    ["one of rank 1", withSpectrum([1e-3, ...new Array<number>(79).fill(0)], 6), 80, 4],
    ["zeros", new Float64Array(900), 30, 4],
  ])("%s", async (_, a, n, rank) => {
    const { values, vectors } = await pairs(a, n, rank);
    const want = sorted(jacobi(a.slice(), n).values).slice(0, rank);
    const scale = Math.max(1e-30, Math.abs(want[0]));
    want.forEach((value, i) =>
      expect(Math.abs(Math.abs(values[i]) - Math.abs(value)) / scale).toBeLessThan(1e-4),
    );
    expect(vectors.every(Number.isFinite)).toBe(true);
    expect(errors(a, n, values, vectors).residual / scale).toBeLessThan(1e-3);
  });

  it("is a function of its start", async () => {
    const a = symmetric(30, 9);
    expect(await pairs(a, 30, 5)).toEqual(await pairs(a, 30, 5));
  });
});
