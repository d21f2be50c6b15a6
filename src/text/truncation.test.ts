import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLimit, keptLengths } from "./truncation.ts";

describe("longestFirst", () => {
  it.each([
    // first, second, room, kept
    [3, 4, 7, [3, 4]],
    [3, 4, 6, [3, 3]],
    [4, 3, 6, [3, 3]],
    [10, 2, 8, [6, 2]],
    [2, 10, 8, [2, 6]],
    [10, 10, 8, [4, 4]],
    [10, 10, 7, [3, 4]],
    [11, 10, 7, [4, 3]],
    [10, 11, 7, [3, 4]],
    [10, 0, 4, [4, 0]],
    [0, 10, 4, [0, 4]],
    [5, 5, 0, [0, 0]],
    [5, 5, 1, [0, 1]],
  ])("%i and %i tokens in room for %i", (first, second, room, kept) => {
    expect(keptLengths(first, second, room)).toEqual(kept);
  });

  it("fills the room, adds nothing, and leaves the shorter text alone where it can", () => {
    const length = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(length, length, length, (first, second, room) => {
        const [a, b] = keptLengths(first, second, room, "longestFirst");
        expect(a + b).toBe(Math.min(first + second, room));
        expect(a <= first && b <= second).toBe(true);
        const [shorter, kept] = first <= second ? [first, a] : [second, b];
        if (2 * shorter <= room) expect(kept).toBe(shorter);
        else if (first + second > room) expect(Math.abs(a - b)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("onlyFirst and onlySecond", () => {
  it("cut the one text and leave the other", () => {
    expect(keptLengths(10, 4, 9, "onlyFirst")).toEqual([5, 4]);
    expect(keptLengths(10, 4, 11, "onlySecond")).toEqual([10, 1]);
    expect(keptLengths(3, 4, 9, "onlySecond")).toEqual([3, 4]);
  });

  it("refuse to cut a text away whole", () => {
    expect(() => keptLengths(10, 4, 4, "onlyFirst")).toThrow(
      /ERR_TRUNCATION: truncation "onlyFirst" must leave/,
    );
    expect(() => keptLengths(10, 4, 10, "onlySecond")).toThrow(/ERR_TRUNCATION: truncation "onlySecond"/);
  });
});

describe("checkLimit", () => {
  it("accepts limits from the special tokens up", () => {
    expect(() => checkLimit({ maxLength: 2 }, 2)).not.toThrow();
    expect(() => checkLimit({ maxLength: 8, truncation: "onlySecond", pair: "" }, 3)).not.toThrow();
    expect(() => checkLimit({}, 2)).not.toThrow();
  });

  it.each([
    [{ maxLength: 1 }, /maxLength must be a whole number, at least 2 for the special tokens; found 1;/],
    [{ maxLength: 7.5 }, /whole number, at least 2 .*found 7.5/],
    [{ maxLength: Number.NaN }, /found NaN/],
    [
      { truncation: "onlyFirst" as const },
      /truncation needs a maxLength; truncation is "onlyFirst" without one/,
    ],
    [{ maxLength: 8, truncation: "onlySecond" as const }, /"onlySecond" needs a second text/],
    [{ maxLength: 8, truncation: "longest_first" as "longestFirst" }, /did you mean "longestFirst"\?/],
  ])("refuses %j", (options, message) => {
    expect(() => checkLimit(options, 2)).toThrow(message);
  });
});
