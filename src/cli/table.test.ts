import fc from "fast-check";
import { expect, it } from "vitest";
import { type Column, formatTable } from "./table.ts";
import { stringWidth } from "./width.ts";
import { mixedText } from "../../test/mixed-text.ts";

const columns: Column[] = [
  { heading: "label", align: "left", flexible: true },
  { heading: "F1", align: "right" },
];

it("aligns by columns of the terminal", () => {
  const rows = [
    ["refund", "0.91"],
    ["退款", "1"],
  ];
  expect(formatTable(columns, rows, { width: 80 })).toEqual(["label     F1", "refund  0.91", "退款       1"]);
  expect(formatTable(columns, rows, { width: 80, indent: 2, gap: 1 })[1]).toBe("  refund 0.91");
});

it("cuts the flexible column, and no other", () => {
  expect(formatTable(columns, [["balance_not_updated", "0.9100"]], { width: 16 })).toEqual([
    "label         F1",
    "balance…  0.9100",
  ]);
});

it("styles after padding, so that styles do not shift anything", () => {
  const style = (text: string) => `<${text}>`;
  const [heading, row] = formatTable(columns, [["a", { text: "1", style }]], {
    width: 80,
    headingStyle: style,
  });
  expect(heading).toBe("<label>  <F1>");
  expect(row).toBe("a      < 1>");
});

it("is never too wide", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(mixedText, fc.nat(99_999)), { minLength: 1, maxLength: 5 }), (rows) => {
      const cells = rows.map(([text, number]) => [text, String(number)]);
      for (const line of formatTable(columns, cells, { width: 20 }))
        expect(stringWidth(line)).toBeLessThanOrEqual(20);
    }),
  );
});
