import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argmaxRows, sigmoid, softmaxRows } from "./probabilities.ts";

const logit = fc.double({ min: -1e308, max: 1e308, noNaN: true });

describe("softmaxRows", () => {
  it("gives the shares of the exponentials, row by row", () => {
    const rows = softmaxRows([0, Math.log(3), 5, 5], 2);
    [0.25, 0.75, 0.5, 0.5].forEach((share, i) => expect(rows[i]).toBeCloseTo(share, 15));
  });

  it("neither overflows nor loses a row's sum", () => {
    fc.assert(
      fc.property(fc.array(logit, { minLength: 1, maxLength: 9 }), (logits) => {
        const row = softmaxRows(logits, logits.length);
        const total = row.reduce((sum, p) => sum + p, 0);
        expect(Math.abs(total - 1)).toBeLessThan(1e-14);
        expect(row.every((p) => p >= 0 && p <= 1)).toBe(true);
      }),
    );
  });

  it("gives minus infinity no probability", () => {
    expect(softmaxRows([-Infinity, 3], 2)).toEqual(Float64Array.of(0, 1));
  });

  it.each([[[1, Number.NaN]], [[Number.NaN, 1]], [[1, Infinity]], [[-Infinity, -Infinity]]])(
    "refuses the row %j that has no softmax",
    (row) => {
      expect(() => softmaxRows([0, 0, ...row], 2)).toThrow(/^ERR_LOGITS_NOT_FINITE: .*row 1/);
    },
  );

  it.each([2, 0, 1.5])("refuses 3 values in rows of %d", (c) => {
    expect(() => softmaxRows([1, 2, 3], c)).toThrow(/^ERR_LOGITS_SHAPE: .*3 values/);
  });
});

describe("sigmoid", () => {
  it("is exact at 0 and saturates at the ends", () => {
    expect(sigmoid([0, -1e308, 1e308, -Infinity, Infinity])).toEqual(Float64Array.of(0.5, 0, 1, 0, 1));
  });

  it("equals the softmax of [0, x]", () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (x) => {
        expect(sigmoid([x])[0]).toBeCloseTo(softmaxRows([0, x], 2)[1], 15);
      }),
    );
  });

  it("refuses NaN and says where", () => {
    expect(() => sigmoid([0, Number.NaN])).toThrow(/^ERR_LOGITS_NOT_FINITE: .*element 1/);
  });
});

describe("argmaxRows", () => {
  it("takes the first of equals", () => {
    expect(argmaxRows([1, 3, 3, 2, 2, 2, -1, -2, 0], 3)).toEqual(Int32Array.of(1, 0, 2));
  });
});
