/** Rows for the ops that move elements or make indices: src/tensor/ops/{shape,indexing}.ts. */
import type { Dim, Shape } from "../../src/base/shape.ts";
import type { OpName } from "../../src/tensor/ops/index.ts";
import * as T from "../../src/tensor/index.ts";
import type { OpCase, OpRow, Operand } from "./case.ts";
import { floats, given, integers, sizesOf } from "./case.ts";
import { at, nd } from "./nd.ts";

const reshapeCase = (title: string, from: Shape, to: Shape): OpCase => ({
  title,
  inputs: [floats(from)],
  build: ([x]) => T.reshape(x, to),
  reference: ([x]) => ({ shape: sizesOf(to), data: x.data }),
});

const transposeCase = (perm: readonly number[]): OpCase => ({
  title: `[${perm.join()}]`,
  inputs: [floats(["b", "t", 3])],
  build: ([x]) => T.transpose(x, perm),
  reference: ([x]) =>
    nd(
      perm.map((axis) => x.shape[axis]),
      (index) =>
        at(
          x,
          [0, 1, 2].map((axis) => index[perm.indexOf(axis)]),
        ),
    ),
});

const sliceCase = (title: string, axis: number, start: number, end: number): OpCase => ({
  title,
  inputs: [floats(["t", 11, 3])],
  build: ([x]) => T.slice(x, { axis, start, end }),
  reference: ([x]) =>
    nd(
      x.shape.map((size, i) => (i === axis ? end - start : size)),
      (index) =>
        at(
          x,
          index.map((place, i) => (i === axis ? place + start : place)),
        ),
    ),
});

const padCase = (title: string, axis: number, start: number, size: Dim): OpCase => ({
  title,
  inputs: [floats([2, "b", 3])],
  build: ([x]) => T.pad(x, { axis, start, size }),
  reference: ([x]) =>
    nd(
      x.shape.map((length, i) => (i === axis ? sizesOf([size])[0] : length)),
      (index) => {
        const place = index[axis] - start;
        const inside = place >= 0 && place < x.shape[axis];
        return inside
          ? at(
              x,
              index.map((j, i) => (i === axis ? place : j)),
            )
          : 0;
      },
    ),
});

const gatherCase = (title: string, indices: Operand): OpCase => ({
  title,
  inputs: [floats([13, 3]), indices],
  build: ([table, places]) => T.gatherRows(table, places),
  reference: ([table, places]) =>
    nd([...places.shape, 3], (index) => at(table, [at(places, index.slice(0, -1)), index[index.length - 1]])),
});

/** Picks rows of [b, 3] or [2*b, 3]; the inverse is worked out from the places. */
const pickCase = (title: string, rowsOfX: Dim, places: Operand): OpCase => {
  const [n] = sizesOf([rowsOfX]);
  const inverse = Array.from({ length: n }, (_, row) => {
    const place = places.values.indexOf(row);
    return place < 0 ? places.values.length : place;
  });
  return {
    title,
    inputs: [floats([rowsOfX, 3]), places, given([rowsOfX], inverse, "int32")],
    build: ([x, chosen, back]) => T.pickRows(x, chosen, back),
    reference: ([x, chosen]) => nd([...chosen.shape, 3], ([i, j]) => at(x, [at(chosen, [i]), j])),
  };
};

const oneHotCase = (title: string, indices: Operand): OpCase => ({
  title,
  inputs: [indices],
  build: ([places]) => T.oneHot(places, 11),
  reference: ([places]) =>
    nd([...places.shape, 11], (index) =>
      at(places, index.slice(0, -1)) === index[index.length - 1] ? 1 : 0,
    ),
});

const arangeCase = (title: string, size: Dim): OpCase => ({
  title,
  inputs: [],
  build: () => T.arange(size),
  reference: () => nd(sizesOf([size]), ([i]) => i),
});

const concatCase = (title: string, axis: number, operands: readonly Operand[], size?: string): OpCase => ({
  title,
  inputs: operands,
  build: (parts) => T.concat(parts, size === undefined ? { axis } : { axis, size }),
  ...(size === undefined ? {} : { wrt: [] }), // a concat of named sizes has no gradient
  reference: (parts) => {
    const starts = parts.map((_, i) => parts.slice(0, i).reduce((sum, { shape }) => sum + shape[axis], 0));
    const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
    return nd(
      parts[0].shape.map((length, i) => (i === axis ? total : length)),
      (index) => {
        const part = starts.findLastIndex((start) => start <= index[axis]);
        return at(
          parts[part],
          index.map((place, i) => (i === axis ? place - starts[part] : place)),
        );
      },
    );
  },
});

export const places = {
  Reshape: {
    cases: [
      reshapeCase("known sizes", [2, 33], [3, 2, 11]),
      reshapeCase("named dimensions stay in place", ["b", "t", 6], ["b", "t", 2, 3]),
      reshapeCase("two named dimensions become one", ["t", "b", 3], ["b*t", 3]),
      reshapeCase("one becomes two", ["b*t", 6], ["t", "b", 6]),
      reshapeCase("heads join the batch", ["t", "b", 6], ["t", "2*b", 3]),
      reshapeCase("both named dimensions move", ["b", "t", 3], [3, "t", "b"]),
      reshapeCase("a product that no input has", ["b", "t", 2], [1, "2*b*t"]),
      reshapeCase("one element to a scalar", [1, 1], []),
      reshapeCase("a scalar to one element", [], [1]),
    ],
  },
  Transpose: { cases: [transposeCase([1, 0, 2]), transposeCase([2, 0, 1]), transposeCase([0, 1, 2])] },
  Slice: {
    cases: [
      sliceCase("the first of a named axis", 0, 0, 1),
      sliceCase("the inside of an axis", 1, 3, 10),
      sliceCase("a whole axis", 2, 0, 3),
    ],
  },
  Pad: {
    cases: [
      padCase("at the start of a named axis", 0, 0, "t"),
      padCase("inside a named axis", 0, 4, "t"),
      padCase("inside a known axis", 2, 5, 11),
      padCase("where it fills the axis", 2, 0, 3),
    ],
  },
  Concat: {
    cases: [
      concatCase("the last axis", 2, [floats(["b", "t", 3]), floats(["b", "t", 2]), floats(["b", "t", 5])]),
      concatCase("the first axis", 0, [floats([2, "t"]), floats([3, "t"])]),
      concatCase("one alone", 1, [floats(["b", 3])]),
      concatCase("a named axis", 0, [floats(["t", 3]), floats([1, 3])], "s"),
    ],
  },
  GatherRows: {
    cases: [
      gatherCase("int32 indices", integers(["b", "t"], 13)),
      gatherCase("int64 indices", integers(["b"], 13, "int64")),
      gatherCase("one row again and again", given([2, 3], [12, 12, 0, 12, 0, 12], "int32")),
    ],
  },
  PickRows: {
    cases: [
      pickCase("some rows, out of order", "b", given([3], [4, 0, 2], "int32")),
      pickCase("one row", "b", given([1], [3], "int32")),
      pickCase("every row", "b", given([5], [1, 0, 4, 3, 2], "int32")),
      pickCase("dimensions that are products", "2*b", given(["t"], [9, 1, 2, 0, 7, 6, 5], "int32")),
    ],
  },
  OneHot: {
    because: "indices are integers",
    cases: [
      oneHotCase("int32 indices", integers(["b", "t"], 11)),
      oneHotCase("int64 indices", integers(["b"], 11, "int64")),
    ],
  },
  Arange: {
    because: "positions are integers",
    cases: [
      arangeCase("a known size", 11),
      arangeCase("a named size", "t"),
      arangeCase("a product of names", "2*b*t"),
      arangeCase("one", 1),
    ],
  },
} satisfies Partial<Record<OpName, OpRow>>;
