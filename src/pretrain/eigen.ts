/**
 * The largest eigenvalues of a large symmetric matrix, and their vectors, from products with it alone.
 *
 *     Q <- orthonormal(A Q), four times, from a random start;  Q^T A Q = V L V^T;  vectors Q V
 *
 * Sources: Halko, Martinsson and Tropp 2011, "Finding Structure with Randomness", algorithm 4.4 and section 5.3; the
 * orthonormal basis by Cholesky factors, twice (Yamamoto et al. 2015, CholeskyQR2); the small matrix by cyclic Jacobi
 * rotations (Golub and Van Loan, section 8.5). Largest means in absolute value.
 */
import type { Random } from "../base/random.ts";

/** What the method needs of an [n, n] matrix A. Matrices are row-major. */
export interface MatrixProducts {
  /** A Q for Q [n, k]. */
  multiply(q: Float32Array, k: number): Promise<Float32Array>;
  /** X^T Y for X and Y [n, k]: [k, k]. */
  gram(x: Float32Array, y: Float32Array, k: number): Promise<Float32Array>;
}

export interface Eigenpairs {
  /** Largest first, `rank` of them. */
  readonly values: Float64Array;
  /** [n, rank], a column a vector. */
  readonly vectors: Float32Array;
}

const ITERATIONS = 4;
/** Columns beyond the rank, which make the last ones exact. */
const OVERSAMPLING = 64;
const SWEEPS = 12;

/** @param rank 1 to n */
export async function largestEigenpairs(
  products: MatrixProducts,
  n: number,
  rank: number,
  random: Random,
): Promise<Eigenpairs> {
  const k = Math.min(n, rank + OVERSAMPLING);
  let q: Float32Array = Float32Array.from({ length: n * k }, () => random.normal());
  for (let i = 0; i < ITERATIONS; i++) q = await orthonormal(products, await products.multiply(q, k), n, k);
  const small = Float64Array.from(await products.gram(q, await products.multiply(q, k), k));
  const { values, vectors: rotation } = jacobi(small, k);
  const order = [...values.keys()].sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, rank);
  const vectors = new Float32Array(n * rank);
  for (let i = 0; i < n; i++) {
    order.forEach((column, r) => {
      let total = 0;
      for (let j = 0; j < k; j++) total += q[i * k + j] * rotation[j * k + column];
      vectors[i * rank + r] = total;
    });
  }
  return { values: Float64Array.from(order, (column) => values[column]), vectors };
}

/** An orthonormal basis of the columns of X [n, k]: X L^-T with X^T X = L L^T, twice. */
async function orthonormal(
  products: MatrixProducts,
  x: Float32Array,
  n: number,
  k: number,
): Promise<Float32Array> {
  let basis = x;
  for (let pass = 0; pass < 2; pass++) {
    const lower = cholesky(Float64Array.from(await products.gram(basis, basis, k)), k);
    const next = new Float32Array(n * k);
    const row = new Float64Array(k);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < k; j++) {
        let value = basis[i * k + j];
        for (let p = 0; p < j; p++) value -= lower[j * k + p] * row[p];
        row[j] = value / lower[j * k + j];
      }
      next.set(row, i * k);
    }
    basis = next;
  }
  return basis;
}

/** L of G = L L^T; columns that depend on others get a pivot that makes them vanish. */
function cholesky(gram: Float64Array, k: number): Float64Array {
  const lower = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let value = gram[i * k + j];
      for (let p = 0; p < j; p++) value -= lower[i * k + p] * lower[j * k + p];
      if (i > j) lower[i * k + j] = value / lower[j * k + j];
      else lower[i * k + i] = value > 1e-10 * gram[i * k + i] ? Math.sqrt(value) : Infinity;
    }
  }
  return lower;
}

/** Eigenvalues and vectors of a symmetric [k, k] matrix, which is overwritten. */
export function jacobi(
  a: Float64Array,
  k: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const v = new Float64Array(k * k);
  for (let i = 0; i < k; i++) v[i * k + i] = 1;
  const scale = a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < k; p++) {
      for (let q = p + 1; q < k; q++) {
        off += a[p * k + q] ** 2;
        rotate(a, v, p, q, k);
      }
    }
    if (off <= 1e-20 * scale) break;
  }
  return { values: Float64Array.from({ length: k }, (_, i) => a[i * k + i]), vectors: v };
}

/** Makes a[p, q] zero. */
function rotate(a: Float64Array, v: Float64Array, p: number, q: number, k: number): void {
  const apq = a[p * k + q];
  if (apq === 0) return;
  const theta = (a[q * k + q] - a[p * k + p]) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (m: Float64Array, i: number, j: number) => {
    const [x, y] = [m[i], m[j]];
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  };
  for (let i = 0; i < k; i++) turn(a, i * k + p, i * k + q);
  for (let i = 0; i < k; i++) turn(a, p * k + i, q * k + i);
  for (let i = 0; i < k; i++) turn(v, i * k + p, i * k + q);
}
