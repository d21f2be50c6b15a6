/** Rows for the ops that gather a whole axis: src/tensor/ops/{reduce,softmax,normalization}.ts. */
import type { OpName } from "../../src/tensor/ops/index.ts";
import { opTable } from "../../src/tensor/ops/index.ts";
import { applyAll } from "../../src/tensor/op.ts";
import * as T from "../../src/tensor/index.ts";
import type { OpCase, OpRow, Operand } from "./case.ts";
import { floats, given, sizesOf } from "./case.ts";
import type { Nd } from "./nd.ts";
import { at, nd, rows, sigma } from "./nd.ts";

/** Sum over `axes`, kept as size 1. */
function sumOf(x: Nd, axes: readonly number[]): Nd {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const summed = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  const inside = nd(summed, () => 0); // its indices run over what is summed
  const count = inside.data.length;
  return nd(kept, (index) => {
    const terms = nd(summed, (offset) =>
      at(
        x,
        index.map((i, axis) => i + offset[axis]),
      ),
    );
    return sigma(count, (k) => terms.data[k]);
  });
}

function scaled(x: Nd, factor: number): Nd {
  return { shape: x.shape, data: x.data.map((value) => value * factor) };
}

const sumCase = (title: string, axes: readonly number[]): OpCase => ({
  title,
  inputs: [floats(["b", "t", 3])],
  build: ([x]) => T.sum(x, axes),
  reference: ([x]) => sumOf(x, axes),
});

const meanCase = (title: string, axes: readonly number[], count: number): OpCase => ({
  title,
  inputs: [floats(["b", 3, 11])],
  build: ([x]) => T.mean(x, axes),
  reference: ([x]) => scaled(sumOf(x, axes), 1 / count),
});

const expandCase = (title: string, from: readonly (string | number)[], to: readonly (string | number)[]) => ({
  title,
  inputs: [floats(from)],
  build: ([x]: readonly T.Tensor[]) => T.expand(x, to),
  reference: ([x]: readonly Nd[]) => nd(sizesOf(to), (index) => at(x, index)),
});

function softmaxOf(row: readonly number[]): number[] {
  const highest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - highest));
  const total = sigma(powers.length, (k) => powers[k]);
  return powers.map((power) => power / total);
}

function logSumExpOf(row: readonly number[]): number {
  const highest = Math.max(...row);
  return highest + Math.log(sigma(row.length, (k) => Math.exp(row[k] - highest)));
}

function logSoftmaxOf(row: readonly number[]): number[] {
  return row.map((value) => value - logSumExpOf(row));
}

const logits: Readonly<Record<string, Operand>> = {
  "three axes": floats(["b", "t", 3]),
  "the last axis named": floats(["b", "t"]),
  "rows of length 1": floats(["b", 1]),
  "equal logits": given([2, 3], [7, 7, 7, -7, -7, -7]),
  "logits of ten thousand": given([2, 3], [1e4, -1e4, 9999, -1e4, -1e4, -9998]),
};

function softmaxRow(op: (x: T.Tensor) => T.Tensor, f: (row: readonly number[]) => number[]): OpRow {
  return {
    cases: Object.entries(logits).map(([title, operand]) => ({
      title,
      inputs: [operand],
      build: ([x]) => op(x),
      reference: ([x]) => rows(x, f),
    })),
  };
}

interface Moments {
  readonly mean: number;
  readonly inverseStd: number;
}

function moments(row: readonly number[], epsilon: number): Moments {
  const mean = sigma(row.length, (k) => row[k]) / row.length;
  const variance = sigma(row.length, (k) => (row[k] - mean) ** 2) / row.length;
  return { mean, inverseStd: 1 / Math.sqrt(variance + epsilon) };
}

function normalized(x: Nd, epsilon: number): Nd {
  return rows(x, (row) => {
    const { mean, inverseStd } = moments(row, epsilon);
    return row.map((value) => (value - mean) * inverseStd);
  });
}

function layerNormCase(title: string, x: Operand, width: number, epsilon = 1e-12): OpCase {
  return {
    title,
    inputs: [x, floats([width], 0.5, 1.5), floats([width])],
    build: ([input, gamma, beta]) => T.layerNorm(input, gamma, beta, { epsilon }),
    reference: ([input, gamma, beta]) => {
      const unit = normalized(input, epsilon);
      return nd(input.shape, (index) => at(unit, index) * at(gamma, index) + at(beta, index));
    },
  };
}

const normalizeInputs = [floats(["t", "b", 11]), given([11], new Array<number>(11).fill(1))];

export const wholeAxis = {
  ReduceSum: {
    cases: [
      sumCase("one axis", [1]),
      sumCase("several axes", [0, 2]),
      sumCase("all axes, in any order", [2, 0, 1]),
    ],
  },
  ReduceMean: { cases: [meanCase("one axis", [2], 11), meanCase("several axes", [1, 2], 33)] },
  Expand: {
    cases: [
      expandCase("new leading axes", [3], ["b", "t", 3]),
      expandCase("axes of size 1", ["b", 1, 3], ["b", "t", 3]),
      expandCase("both", ["t", 1], ["b", "t", 3]),
      expandCase("a scalar", [], [2, 3]),
      expandCase("nothing at all", ["b", 3], ["b", 3]),
    ],
  },
  Softmax: softmaxRow(T.softmax, softmaxOf),
  LogSoftmax: softmaxRow(T.logSoftmax, logSoftmaxOf),
  LogSumExp: softmaxRow(T.logSumExp, (row) => [logSumExpOf(row)]),
  LayerNormalization: {
    cases: [
      layerNormCase("sequence first", floats(["t", "b", 11]), 11),
      layerNormCase("one row", floats([11]), 11),
      layerNormCase("a mean far from zero", floats(["b", 11], 99, 101), 11, 1e-5),
      layerNormCase("a large epsilon", floats(["b", 11]), 11, 0.5),
      layerNormCase("rows of length 1", floats(["b", 1]), 1, 0.5),
      layerNormCase("constant rows", given([2, 3], [0.1, 0.1, 0.1, -7, -7, -7]), 3, 0.5),
      { ...layerNormCase("constant rows", given([2, 3], [0.1, 0.1, 0.1, -7.7, -7.7, -7.7]), 3), wrt: [] },
    ],
  },
  Normalize: {
    because: "it stands only inside the gradient of layerNorm, and second derivatives are not taken",
    cases: [
      {
        title: "x-hat",
        inputs: normalizeInputs,
        build: (inputs) => applyAll(opTable.Normalize, inputs, { epsilon: 1e-3 })[0],
        reference: ([x]) => normalized(x, 1e-3),
      },
      {
        title: "1/std",
        inputs: normalizeInputs,
        build: (inputs) => applyAll(opTable.Normalize, inputs, { epsilon: 1e-3 })[1],
        reference: ([x]) => rows(x, (row) => [moments(row, 1e-3).inverseStd]),
      },
    ],
  },
} satisfies Partial<Record<OpName, OpRow>>;
