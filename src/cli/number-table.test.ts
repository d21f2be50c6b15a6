import fc from "fast-check";
import pico from "picocolors";
import { describe, expect, it } from "vitest";
import { cellText, type NumberTable, numberTable } from "./number-table.ts";
import { stringWidth } from "./width.ts";

const layout = { width: 80, colors: pico.createColors(false) };

function table(rows: readonly string[], columns: readonly string[], rest: Partial<NumberTable> = {}) {
  return { rows, rowNoun: "rows", columns, columnNoun: "columns", cell: () => "0.125", ...rest };
}

describe("a table of numbers", () => {
  it("that fits has all of them and no more to say", () => {
    const cell = (i: number, j: number) => cellText(i - j / 3);
    expect(
      numberTable(table(["0 [CLS]", "1 is"], ["[CLS]", "is"], { cell }), { ...layout, mostRows: 2 }),
    ).toEqual(["          [CLS]     is", "  0 [CLS] 0.000 -0.333", "  1 is    1.000  0.667"]);
  });

  it("that does not fit says what is left out", () => {
    const rows = ["0 [CLS]", "1 is", "2 parcel"];
    const columns = Array.from({ length: 2000 }, (_, i) => String(i));
    const extra = [{ name: "mean", cell: (i: number) => cellText(i) }];
    expect(numberTable(table(rows, columns, { extra }), { ...layout, width: 36, mostRows: 2 })).toEqual([
      "              0     1     2 …  mean",
      "  0 [CLS] 0.125 0.125 0.125 … 0.000",
      "  1 is    0.125 0.125 0.125 … 1.000",
      "  the first 3 of 2,000 columns, the",
      "  first 2 of 3 rows",
    ]);
  });

  it("that does not fit begins where it is asked to", () => {
    const columns = Array.from({ length: 9 }, (_, i) => String(i));
    const from = (firstColumn: number, width: number) =>
      numberTable(table(["a"], columns, { firstColumn }), { ...layout, width, mostRows: 9 });
    expect(from(4, 22)).toEqual([
      "    …     4     5 …",
      "  a … 0.125 0.125 …",
      "  columns 4 to 5 of 0",
      "  to 8",
    ]);
    expect(from(7, 22).slice(0, 2)).toEqual(["    …     7     8", "  a … 0.125 0.125"]);
    expect(from(4, 80)).toEqual(from(0, 80));
  });

  it("uses the place of the sign for more where there is no more", () => {
    const lines = numberTable(table(["a"], ["0", "1", "2"]), { ...layout, width: 21, mostRows: 9 });
    expect(lines).toEqual(["        0     1     2", "  a 0.125 0.125 0.125"]);
    const cut = numberTable(table(["a"], ["0", "1", "2", "3"]), { ...layout, width: 21, mostRows: 9 });
    expect(cut.slice(0, 2)).toEqual(["        0     1 …", "  a 0.125 0.125 …"]);
  });

  it("is no wider than the terminal and counts rightly, whatever is in it", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "#", "[", "包", "裹"), maxLength: 30 });
    const names = fc.array(letters, { minLength: 1, maxLength: 30 });
    const cells = fc.constantFrom("0.125", "-0.333", "-3e+38");
    fc.assert(
      fc.property(names, names, cells, fc.integer({ min: 40, max: 120 }), (rows, columns, text, width) => {
        const lines = numberTable(table(rows, columns, { cell: () => text }), {
          ...layout,
          width,
          mostRows: 7,
        });
        expect(Math.max(...lines.map(stringWidth))).toBeLessThanOrEqual(width);
        const shown = lines[1].split(text).length - 1;
        const said = lines.slice(Math.min(rows.length, 7) + 1).join(" ");
        expect(said.replace(/ {2,}/g, " ").trim()).toBe(
          [
            ...(shown < columns.length ? [`the first ${shown} of ${columns.length} columns`] : []),
            ...(rows.length > 7 ? [`the first 7 of ${rows.length} rows`] : []),
          ].join(", "),
        );
      }),
    );
  });
});

it.each([
  [0.12345, "0.123"],
  [-0.0004, "0.000"],
  [-9.9994, "-9.999"],
  [9.9996, "10.00"],
  [-12.345, "-12.35"],
  [123.45, "123.5"],
  [12345.6, "12346"],
  [-3.4028234663852886e38, "-3e+38"],
  [Number.NaN, "NaN"],
  [-Infinity, "-inf"],
])("writes %f as %s", (value, text) => {
  expect(cellText(value)).toBe(text);
});

it("writes fewer decimals on request", () => {
  expect([0.126, -12.345].map((value) => cellText(value, 2))).toEqual(["0.13", "-12.35"]);
});
