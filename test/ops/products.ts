/** Rows for src/tensor/ops/matmul.ts: every layout of both products. */
import type { OpName } from "../../src/tensor/ops/index.ts";
import * as T from "../../src/tensor/index.ts";
import type { OpCase, OpRow } from "./case.ts";
import { floats } from "./case.ts";
import type { Nd } from "./nd.ts";
import { at, nd, sigma } from "./nd.ts";

const bools = [false, true];
const axes = ["first", "second"] as const;

/** alpha A B + C with A [b, 3] and B [3, 11], either stored transposed. */
function gemmCase(
  title: string,
  {
    transA = false,
    transB = false,
    alpha = 1,
    c,
  }: Omit<Parameters<typeof T.gemm>[2] & object, "c"> & {
    readonly c?: readonly (string | number)[];
  },
): OpCase {
  return {
    title,
    inputs: [
      floats(transA ? [3, "b"] : ["b", 3]),
      floats(transB ? [11, 3] : [3, 11]),
      ...(c === undefined ? [] : [floats(c)]),
    ],
    build: ([a, b, bias]) =>
      T.gemm(a, b, { transA, transB, alpha, ...(bias === undefined ? {} : { c: bias }) }),
    reference: ([a, b, bias]) =>
      nd([5, 11], ([i, j]) => {
        const product = sigma(3, (k) => at(a, transA ? [k, i] : [i, k]) * at(b, transB ? [j, k] : [k, j]));
        return alpha * product + (bias === undefined ? 0 : at(bias, [i, j]));
      }),
  };
}

/** The stored index of logical element [n, row, column]. */
function stored(trans: boolean, batch: "first" | "second", n: number, row: number, column: number) {
  const [i, j] = trans ? [column, row] : [row, column];
  return batch === "first" ? [n, i, j] : [i, n, j];
}

/** The stored shape of a logical [n, rows, columns]. */
function layout<D>(trans: boolean, batch: "first" | "second", n: D, rows: D, columns: D): readonly D[] {
  const [i, j] = trans ? [columns, rows] : [rows, columns];
  return batch === "first" ? [n, i, j] : [i, n, j];
}

function batchProduct(a: Nd, b: Nd, options: Required<Parameters<typeof T.batchMatmul>[2] & object>): Nd {
  const { transA, transB, batchA, batchB, alpha } = options;
  return nd(
    [5, 7, 2],
    ([n, i, j]) =>
      alpha *
      sigma(3, (k) => at(a, stored(transA, batchA, n, i, k)) * at(b, stored(transB, batchB, n, k, j))),
  );
}

/** alpha A B for b matrices A [t, 3] and B [3, 2]: all sixteen layouts. */
const layouts = bools.flatMap((transA) =>
  bools.flatMap((transB) =>
    axes.flatMap((batchA) =>
      axes.map((batchB): OpCase => {
        const options = { transA, transB, batchA, batchB, alpha: transA === transB ? 1 : 0.25 };
        return {
          title: `A [${layout(transA, batchA, "n", "m", "k")}] B [${layout(transB, batchB, "n", "k", "p")}]`,
          inputs: [
            floats(layout<string | number>(transA, batchA, "b", "t", 3)),
            floats(layout<string | number>(transB, batchB, "b", 3, 2)),
          ],
          build: ([a, b]) => T.batchMatmul(a, b, options),
          reference: ([a, b]) => batchProduct(a, b, options),
        };
      }),
    ),
  ),
);

const swapped = { transA: false, transB: true, batchA: "second", batchB: "second", alpha: 0.5 } as const;

export const products = {
  Gemm: {
    cases: [
      gemmCase("plain", {}),
      gemmCase("A transposed", { transA: true }),
      gemmCase("B transposed, with a bias and a factor", { transB: true, alpha: 0.5, c: [11] }),
      gemmCase("both transposed, with a factor", { transA: true, transB: true, alpha: 0.5 }),
      gemmCase("a column as bias", { c: ["b", 1] }),
      gemmCase("a scalar as bias", { c: [] }),
      gemmCase("a whole matrix as bias", { c: ["b", 11], transA: true }),
    ],
  },
  BatchMatmul: {
    cases: [
      ...layouts,
      {
        title: "operands that are swaps of something are read from that something",
        inputs: [floats(["t", "b", 3]), floats([2, "b", 3])],
        build: ([a, b]) =>
          T.batchMatmul(T.transpose(a, [1, 0, 2]), T.transpose(b, [1, 0, 2]), { transB: true, alpha: 0.5 }),
        reference: ([a, b]) => batchProduct(a, b, swapped),
      },
      {
        title: "a swap of an operand whose batch was second already",
        inputs: [floats(["b", "t", 3]), floats(["b", 3, 2])],
        build: ([a, b]) => T.batchMatmul(T.transpose(a, [1, 0, 2]), b, { batchA: "second" }),
        reference: ([a, b]) =>
          batchProduct(a, b, { transA: false, transB: false, batchA: "first", batchB: "first", alpha: 1 }),
      },
    ],
  },
} satisfies Partial<Record<OpName, OpRow>>;
