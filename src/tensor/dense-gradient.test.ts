import { expect, it } from "vitest";
import { compute } from "../../test/compute.ts";
import type { HostTensor } from "../base/dtype.ts";
import { gradients } from "./dense-gradient.ts";
import { add, gatherRows, gemm, input, mul, neg, parameter, reshape, sum } from "./index.ts";
import type { Tensor } from "./index.ts";

const table = parameter("table", [5, 2]);
const ids = input("ids", "int32", ["t", "b"]);

function float32(shape: readonly number[], ...values: number[]): HostTensor<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

const values = new Map<Tensor, HostTensor>([
  [table, float32([5, 2], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)],
  [ids, { dtype: "int32", shape: [3, 1], data: Int32Array.of(4, 0, 4) }],
]);

function total(x: Tensor): Tensor {
  return reshape(
    sum(
      x,
      x.shape.map((_, axis) => axis),
    ),
    [1],
  );
}

it("adds up the rows of a table: a row that is read twice counts twice, one that is not read not at all", async () => {
  const [dTable] = gradients(total(gatherRows(table, ids)), [table]);
  expect(dTable.shape).toEqual([5, 2]);
  const { dTable: found } = await compute({ dTable }, values);
  expect(found).toEqual(float32([5, 2], 1, 1, 0, 0, 0, 0, 0, 0, 2, 2));
});

it("adds both parts of a tied table, and every reading", async () => {
  const rows = reshape(gatherRows(table, ids), ["b*t", 2]);
  const loss = add(total(gemm(rows, table, { transB: true })), total(neg(gatherRows(table, ids))));
  const [dTable] = gradients(loss, [table]);
  const { dTable: found } = await compute({ dTable }, values);
  // d/dT sum_ij r_i . T_j = sum_i r_i for each row, plus the sum of T for each reading; less 1 a reading
  const [read, all] = [
    [8 + 0 + 8, 9 + 1 + 9],
    [0 + 2 + 4 + 6 + 8, 1 + 3 + 5 + 7 + 9],
  ];
  const readings = [1, 0, 0, 0, 2];
  const wanted = readings.flatMap((n) => read.map((value, k) => value + n * (all[k] - 1)));
  expect(found).toEqual(float32([5, 2], ...wanted));
});

it("gives zeros where the loss does not depend on a tensor, and keeps the order", async () => {
  const x = input("x", "float32", [2]);
  const [dTable, dX] = gradients(total(mul(x, x)), [table, x]);
  const found = await compute({ dTable, dX }, new Map([[x, float32([2], 3, 5)]]));
  expect(found).toEqual({
    dTable: float32([5, 2], ...new Array<number>(10).fill(0)),
    dX: float32([2], 6, 10),
  });
});

it("refuses a tensor of unknown size on which the loss does not depend", () => {
  const x = input("x", "float32", [2]);
  expect(() => gradients(total(x), [input("other", "float32", ["n"])])).toThrow(
    "ERR_SHAPE: gradients: a tensor on which the loss does not depend must have a known shape; float32[n]; leave it out",
  );
});
