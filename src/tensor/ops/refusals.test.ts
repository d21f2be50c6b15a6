/** What each shape rule refuses, in the words that the caller reads. */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../tensor.ts";
import { input } from "../tensor.ts";
import * as T from "../index.ts";

const bt = input("bt", "float32", ["b", "t"]);
const b3 = input("b3", "float32", ["b", 3]);
const bt3 = input("bt3", "float32", ["b", "t", 3]);
const v3 = input("v3", "float32", [3]);
const ids = input("ids", "int32", ["b"]);

const yes = input("yes", "bool", ["b"]);

describe("shape rules", () => {
  it.each<[string, () => Tensor, string]>([
    [
      "named dimensions that differ",
      () => T.add(bt, b3),
      "ERR_SHAPE: Add: shapes must broadcast; float32[b, t] and float32[b, 3]",
    ],
    ["two element types", () => T.mul(b3, ids), "ERR_DTYPE: Mul: inputs must have one element type"],
    ["a sum of bools", () => T.add(yes, yes), "ERR_DTYPE: Add: inputs must be numbers; found bool[b]; cast"],
    [
      "a comparison of bools",
      () => T.greater(yes, yes),
      "ERR_DTYPE: greater: inputs must be numbers; found bool[b]",
    ],
    [
      "a bool with its sign turned",
      () => T.neg(yes),
      "ERR_DTYPE: Neg: inputs must be numbers; found bool[b]",
    ],
    [
      "the root of integers",
      () => T.sqrt(ids),
      "ERR_DTYPE: Sqrt: inputs must be float32; found int32[b]; cast",
    ],
    [
      "a sum over no axes",
      () => T.sum(bt3, []),
      "axes [] must be one or more of 0..2, each once; float32[b, t, 3]",
    ],
    [
      "a sum over one axis twice",
      () => T.sum(bt3, [1, 1]),
      "axes [1,1] must be one or more of 0..2, each once",
    ],
    ["a negative axis", () => T.sum(bt3, [-1]), "axes [-1] must be one or more of 0..2"],
    ["an axis past the last", () => T.mean(bt3, [3]), "ReduceMean: axes [3] must be one or more of 0..2"],
    ["half an axis", () => T.sum(bt3, [0.5]), "axes [0.5] must be one or more of 0..2"],
    ["a mean over a named axis", () => T.mean(bt3, [1]), "averaged dimensions must be known numbers"],
    ["expansion that shrinks", () => T.expand(bt3, ["b", 1, 3]), "the shape must broadcast to [b, 1, 3]"],
    ["expansion that does not fit", () => T.expand(b3, ["b", 5]), "the shape must broadcast to [b, 5]"],
    [
      "a reshape of another size",
      () => T.reshape(bt3, ["b", "t"]),
      "ERR_SHAPE: reshape: [b, t] must hold as many elements; float32[b, t, 3]",
    ],
    ["an axis twice", () => T.transpose(bt3, [0, 1, 1]), "[0,1,1] must be a permutation of the axes"],
    ["an axis too few", () => T.transpose(bt3, [1, 0]), "[1,0] must be a permutation of the axes"],
    ["a slice past the end", () => T.slice(b3, { axis: 1, start: 1, end: 4 }), "1..4 must lie inside axis 1"],
    ["an empty slice", () => T.slice(b3, { axis: 1, start: 1, end: 1 }), "1..1 must lie inside axis 1"],
    [
      "a slice before the start",
      () => T.slice(bt, { axis: 1, start: -1, end: 1 }),
      "-1..1 must lie inside axis 1",
    ],
    ["a slice of no axis", () => T.slice(b3, { axis: 2, start: 0, end: 1 }), "0..1 must lie inside axis 2"],
    [
      "a slice from half a place",
      () => T.slice(b3, { axis: 1, start: 0.5, end: 2 }),
      "0.5..2 must lie inside",
    ],
    ["a slice to half a place", () => T.slice(bt, { axis: 1, start: 0, end: 1.5 }), "0..1.5 must lie inside"],
    ["padding from half a place", () => T.pad(b3, { axis: 1, start: 0.5, size: "t" }), "fits into t at 0.5"],
    [
      "nothing, joined",
      () => T.concat([], { axis: 0 }),
      "concat: there must be tensors; none; pass one or more",
    ],
    [
      "tensors joined along no axis",
      () => T.concat([b3, b3], { axis: -1 }),
      "concat: the axis must be one of 0..1, and is -1; float32[b, 3] and float32[b, 3]",
    ],
    [
      "tensors joined along an axis past the last",
      () => T.concat([b3, b3], { axis: 5 }),
      "concat: the axis must be one of 0..1, and is 5",
    ],
    [
      "fewer places than none",
      () => T.arange(-1),
      "ERR_SHAPE: arange: the size must be a name, or a whole number, 0 or more; it is -1; change the size",
    ],
    [
      "half a place",
      () => T.arange(2.5),
      "arange: the size must be a name, or a whole number, 0 or more; it is 2.5",
    ],
    [
      "padding of a named axis",
      () => T.pad(bt, { axis: 1, start: 0, size: 7 }),
      "pad: axis 1 must have a known size that fits into 7 at 0; float32[b, t]",
    ],
    ["padding that does not fit", () => T.pad(b3, { axis: 1, start: 1, size: 3 }), "fits into 3 at 1"],
    ["padding before the start", () => T.pad(b3, { axis: 1, start: -1, size: "t" }), "fits into t at -1"],
    ["a gemm of rank 3", () => T.gemm(bt3, b3), "gemm: both operands must have rank 2"],
    ["a gemm that does not fit", () => T.gemm(b3, b3), "gemm: inner dimensions must agree (3 and b)"],
    [
      "a bias that does not fit",
      () => T.gemm(b3, b3, { transB: true, c: v3 }),
      "gemm: c must broadcast to [b, b]; float32[b, 3] and float32[b, 3] and float32[3]",
    ],
    ["a bias of rank 3", () => T.gemm(b3, b3, { transA: true, c: bt3 }), "gemm: c must broadcast to [3, 3]"],
    ["batches of rank 2", () => T.batchMatmul(bt3, b3), "batchMatmul: both operands must have rank 3"],
    [
      "batches of different number",
      () => T.batchMatmul(bt3, bt3, { transB: true, batchB: "second" }),
      "batch (b, t) and inner (3, 3) dimensions must agree",
    ],
    [
      "inner sizes that differ",
      () => T.batchMatmul(bt3, bt3),
      "batch (b, b) and inner (3, t) dimensions must agree",
    ],
    [
      "a norm over a named axis",
      () => T.layerNorm(bt, v3, v3, { epsilon: 1 }),
      "layerNorm: gamma and beta must be [d] where x is [..., d]",
    ],
    [
      "gains of rank 2",
      () => T.layerNorm(b3, b3, v3, { epsilon: 1 }),
      "layerNorm: gamma and beta must be [d]",
    ],
    [
      "rows by float",
      () => T.gatherRows(b3, v3),
      "gatherRows: the table must be [v, d] and the indices int32 or int64",
    ],
    ["rows of no table", () => T.gatherRows(v3, ids), "gatherRows: the table must be [v, d]"],
    ["one-hot of floats", () => T.oneHot(b3, 5), "oneHot: the indices must be int32 or int64; float32[b, 3]"],
  ])("refuse %s", (_, build, message) => {
    expect(build).toThrow(message);
  });

  it("a cast to the same type is nothing", () => {
    expect(T.cast(bt, "float32")).toBe(bt);
  });
});
