import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dim, Shape } from "./shape.ts";
import {
  broadcastShapes,
  elementCount,
  evaluateDim,
  factors,
  formatShape,
  product,
  quotient,
  sameShape,
} from "./shape.ts";

const sizes = { b: 5, t: 7, s: 3 };
const names = fc.constantFrom("b", "t", "s");
/** Dimensions as the engine makes them: products of positive numbers and names. */
const dim: fc.Arbitrary<Dim> = fc
  .tuple(fc.integer({ min: 1, max: 13 }), fc.array(names, { maxLength: 3 }))
  .map(([coefficient, parts]) => product([coefficient, ...parts]));

describe("a dimension", () => {
  it.each<[Shape, Dim]>([
    [[], 1],
    [[3, 4], 12],
    [[12, "b"], "12*b"],
    [["t", 1, "b"], "b*t"],
    [["2*b", 3, "t", "b"], "6*b*b*t"],
    [["b", 0, "t"], 0],
  ])("product of %j is spelled %j", (dims, spelling) => {
    expect(product(dims)).toBe(spelling);
  });

  it.each<[Dim, Dim, Dim | undefined]>([
    ["12*b", 4, "3*b"],
    ["12*b*t", "b", "12*t"],
    ["b*b", "b", "b"],
    ["b", "b", 1],
    [12, 5, undefined],
    ["12*b", 5, undefined],
    ["b", "t", undefined],
    ["b", "b*b", undefined],
    [12, 0, undefined],
    [0, 0, undefined],
  ])("%j / %j is %j", (a, b, answer) => {
    expect(quotient(a, b)).toBe(answer);
  });

  it("is taken apart into what it was made of", () => {
    expect(factors("12*b*t")).toEqual({ coefficient: 12, names: ["b", "t"] });
    expect(factors("b")).toEqual({ coefficient: 1, names: ["b"] });
    expect(factors(7)).toEqual({ coefficient: 7, names: [] });
    fc.assert(
      fc.property(dim, (d) => {
        expect(product([factors(d).coefficient, ...factors(d).names])).toBe(d);
      }),
    );
  });

  it("has one spelling, whatever the order and grouping of its factors", () => {
    fc.assert(
      fc.property(dim, dim, dim, (a, b, c) => {
        expect(product([a, b, c])).toBe(product([product([c, a]), b]));
      }),
    );
  });

  it("divides what it was multiplied into", () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        expect(quotient(product([a, b]), b)).toBe(a);
      }),
    );
  });

  it("is worth the product of its factors' sizes", () => {
    expect(evaluateDim("12*b*t", sizes)).toBe(12 * 5 * 7);
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        expect(evaluateDim(product([a, b]), sizes)).toBe(evaluateDim(a, sizes) * evaluateDim(b, sizes));
      }),
    );
  });

  it("whose name has no size is an error, not NaN", () => {
    expect(() => evaluateDim("2*v", sizes)).toThrow('internal: dimension "v" has no size');
  });
});

describe("broadcastShapes", () => {
  /** NumPy's rule as its manual states it: pad with ones on the left, then compare axis by axis. */
  function naive(a: readonly number[], b: readonly number[]): number[] | undefined {
    const rank = Math.max(a.length, b.length);
    const left = [...new Array<number>(rank - a.length).fill(1), ...a];
    const right = [...new Array<number>(rank - b.length).fill(1), ...b];
    if (left.some((size, i) => size !== right[i] && size !== 1 && right[i] !== 1)) return undefined;
    return left.map((size, i) => (size === 1 ? right[i] : size));
  }

  it("follows NumPy's rule", () => {
    const shape = fc.array(fc.constantFrom(0, 1, 2, 3), { maxLength: 4 });
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        expect(broadcastShapes(a, b)).toEqual(naive(a, b));
      }),
    );
  });

  it.each<[Shape, Shape, Shape | undefined]>([
    [
      ["b", 1, 5],
      ["t", 1],
      ["b", "t", 5],
    ],
    [["b", "t"], [], ["b", "t"]],
    [["b"], ["t"], undefined],
    [["b"], [5], undefined],
  ])("of %j and %j is %j", (a, b, answer) => {
    expect(broadcastShapes(a, b)).toEqual(answer);
  });
});

describe("shapes", () => {
  it("are equal in rank and every dimension", () => {
    expect(sameShape(["b", 3], ["b", 3])).toBe(true);
    expect(sameShape(["b", 3], ["b", 4])).toBe(false);
    expect(sameShape(["b", 3], ["b"])).toBe(false);
    expect(sameShape(["b"], ["b", 3])).toBe(false);
  });

  it("print as people write them, and count their elements", () => {
    expect(formatShape(["t", "b", 128])).toBe("[t, b, 128]");
    expect(formatShape([])).toBe("[]");
    expect([elementCount([]), elementCount([3, 5]), elementCount([3, 0])]).toEqual([1, 15, 0]);
  });
});
