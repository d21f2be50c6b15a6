import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mixedText } from "../../test/mixed-text.ts";
import { hang, padEnd, padStart, printable, printableLines, stringWidth, truncate, wrap } from "./width.ts";

describe("stringWidth", () => {
  it.each([
    ["", 0],
    ["abc", 3],
    ["中文", 4],
    ["ｆｕｌｌ", 8],
    ["ﾊﾝｶｸ", 4],
    ["한국", 4],
    ["\u1112\u1161\u11ab\u1100\u116e\u11a8", 4], // the same, in parts that join
    ["e\u0301", 1],
    ["👍", 2],
    ["❤️", 2],
    ["a…b", 3],
    ["\u200b\u0007", 0],
  ])("of %j is %i", (text, width) => {
    expect(stringWidth(text)).toBe(width);
  });
});

describe("truncate", () => {
  it("keeps what fits and marks what does not", () => {
    expect(truncate("payment", 7)).toBe("payment");
    expect(truncate("payment", 6)).toBe("payme…");
    expect(truncate("退款要几天才能到账", 9)).toBe("退款要几…");
    expect(truncate("退款要几天才能到账", 8)).toBe("退款要…"); // half a character does not fit
    expect(truncate("ab", 0)).toBe("");
  });

  it("is never too wide, and leaves text that fits alone", () => {
    fc.assert(
      fc.property(mixedText, fc.nat(30), (text, columns) => {
        const cut = truncate(text, columns);
        expect(stringWidth(cut)).toBeLessThanOrEqual(columns);
        if (stringWidth(text) <= columns) expect(cut).toBe(text);
      }),
    );
  });
});

describe("padding", () => {
  it("counts columns, not characters", () => {
    expect(padEnd("中", 4)).toBe("中  ");
    expect(padStart("中", 4)).toBe("  中");
    expect(padEnd("中文中文", 4)).toBe("中文中文");
  });
});

describe("wrap", () => {
  it("breaks at spaces, and inside what is too long", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("see 退款要几天才能到账 now", 8)).toEqual(["see", "退款要几", "天才能到", "账 now"]);
    expect(wrap("", 8)).toEqual([""]);
  });

  it("loses nothing but spaces and is never too wide", () => {
    fc.assert(
      fc.property(mixedText, fc.integer({ min: 8, max: 30 }), (text, columns) => {
        const lines = wrap(text, columns);
        expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it("hangs later lines below the first", () => {
    expect(hang("note: ", "one two three", 14)).toEqual(["note: one two", "      three"]);
  });
});

describe("printable", () => {
  it("keeps a text on one line and its escapes from acting", () => {
    expect(printable("a\r\nb\tc")).toBe("a b c");
    expect(printable("\u001b[31mred\u0000")).toBe("\ufffd[31mred\ufffd");
    expect(printable("abc\u202egnp")).toBe("abc\ufffdgnp");
    expect(printable("\ud800!")).toBe("\ufffd!");
    expect(printableLines("a  b\r\n\tc\u3000d\u001b[2J\u009b")).toBe("a  b\n c\u3000d\ufffd[2J\ufffd");
    expect(printable("退款 👍 é")).toBe("退款 👍 é");
  });
});
