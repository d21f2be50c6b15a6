import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import { collect } from "../../test/temporary-files.ts";
import { decode } from "./decode.ts";
import { detectEncoding } from "./encoding.ts";

/** GB18030 bytes of "的中文字" and of "你好，我要退款。" */
const GB_COMMON = [0xb5, 0xc4, 0xd6, 0xd0, 0xce, 0xc4, 0xd7, 0xd6];
const GB_SENTENCE = [
  0xc4, 0xe3, 0xba, 0xc3, 0xa3, 0xac, 0xce, 0xd2, 0xd2, 0xaa, 0xcd, 0xcb, 0xbf, 0xee, 0xa1, 0xa3,
];
/** Four bytes: U+20BB7, a character outside the basic plane. */
const GB_FOUR_BYTES = [0x95, 0x34, 0xb2, 0x35];

/** `open` for bytes that arrive in pieces of `size`. */
function source(bytes: Uint8Array | readonly number[], size = 1 << 16) {
  return async function* () {
    for (let i = 0; i < bytes.length; i += size) yield Uint8Array.from(bytes.slice(i, i + size));
  };
}

const ascii = (text: string) => [...Buffer.from(text, "latin1")];
const utf16be = (text: string) => Buffer.from(text, "utf16le").swap16();

async function textOf(bytes: Uint8Array | readonly number[], size: number, forced?: string) {
  const open = source(bytes, size);
  const encoding = await detectEncoding(open, "x.csv", forced);
  return { encoding, text: (await collect(decode(open(), encoding))).join("") };
}

const SAMPLE = "text,label\n你好 𠮷é,1\n\0,2\n";

describe("detectEncoding and decode", () => {
  const cases: [string, Uint8Array | readonly number[], string, string][] = [
    ["UTF-8", Buffer.from(SAMPLE), "utf-8", SAMPLE],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${SAMPLE}`), "utf-8", SAMPLE],
    ["UTF-8 with marks inside", Buffer.from("\ufeff\ufeffa\ufeff"), "utf-8", "\ufeffa\ufeff"],
    ["UTF-8 with NUL on one side", Buffer.from("text,label\n\0a\0b,1\n"), "utf-8", "text,label\n\0a\0b,1\n"],
    ["ASCII", ascii("text,label\na,1\n"), "utf-8", "text,label\na,1\n"],
    ["UTF-16 LE with a mark", Buffer.from(`\ufeff${SAMPLE}`, "utf16le"), "utf-16le", SAMPLE],
    ["UTF-16 BE with a mark", utf16be(`\ufeff${SAMPLE}`), "utf-16be", SAMPLE],
    ["UTF-16 LE without", Buffer.from(SAMPLE, "utf16le"), "utf-16le", SAMPLE],
    ["UTF-16 BE without", utf16be(SAMPLE), "utf-16be", SAMPLE],
    [
      "UTF-16 with lone surrogates",
      Buffer.from("\ufeffa\ud800b\udfffc\ud800", "utf16le"),
      "utf-16le",
      "a\ud800b\udfffc\ud800",
    ],
    [
      "UTF-16 BE with lone surrogates",
      utf16be("\ufeffa\ud800b\udfffc\ud800"),
      "utf-16be",
      "a\ud800b\udfffc\ud800",
    ],
    [
      "GB18030",
      [...ascii("text,label\n"), ...GB_SENTENCE, ...ascii(",1\n")],
      "gb18030",
      "text,label\n你好，我要退款。,1\n",
    ],
    ["GB18030, four bytes", [...GB_COMMON, ...GB_FOUR_BYTES], "gb18030", "的中文字𠮷"],
    ["nothing", [], "utf-8", ""],
  ];

  it.each(cases)("%s", async (_, bytes, encoding, text) => {
    for (const size of [1 << 16, 7, 3]) expect(await textOf(bytes, size)).toEqual({ encoding, text });
  });

  it("takes a forced encoding, by any WHATWG label", async () => {
    const pound = [...ascii("price,label\n"), 0xa3, ...ascii("5,1\n")];
    expect(await textOf(pound, 4, "latin1")).toEqual({
      encoding: "windows-1252",
      text: "price,label\n£5,1\n",
    });
    expect(await textOf([0xaa, 0xba], 4, "big5")).toEqual({ encoding: "big5", text: "的" });
    expect(await textOf(GB_COMMON, 3, "gbk")).toEqual({ encoding: "gbk", text: "的中文字" });
  });
});

/** The message for bytes that arrive in pieces of several sizes: the same for each. */
async function refusal(bytes: readonly number[], forced?: string): Promise<string> {
  const messages = new Set<string>();
  for (const size of [1 << 16, 5, 3])
    messages.add(await messageOf(() => detectEncoding(source(bytes, size), "x.csv", forced)));
  return [...messages].join(" | ");
}

describe("ERR_ENCODING", () => {
  it("says where a stray byte stands and what to do", async () => {
    expect(await refusal([...ascii("a,b\nok,1\nbad "), 0xa3, ...ascii("5,1\n")])).toBe(
      "ERR_ENCODING: text must be UTF-8 (with or without a byte order mark), UTF-16, GB18030, or what --encoding says; " +
        "the bytes are not UTF-8, nor Chinese in GB18030, at byte 13 (0xa3, line 3) (x.csv); " +
        "save the file as UTF-8, or name its encoding, for example --encoding windows-1252 (Western European)",
    );
  });

  it("says where a bad byte stands among good characters", async () => {
    const good = [...Buffer.from("中文\n中文\n")]; // 14 bytes
    expect(await refusal([...good, 0xe4, 0xb8, 0x0a, ...good])).toContain("byte 14 (0xe4, line 3)");
    expect(await refusal([...good, 0xe4, 0xb8])).toContain("byte 14 (0xe4, line 3)");
    expect(await refusal([...good, 0xff, ...good])).toContain("byte 14 (0xff, line 3)");
  });

  it("does not take Latin-1 for Chinese, though its bytes decode as GB18030", async () => {
    const latin = [...ascii("text\nd"), 0xe9, ...ascii("t"), 0xe9, ...ascii("ct"), 0xe9, ...ascii("s\n")];
    expect(() => new TextDecoder("gb18030", { fatal: true }).decode(Uint8Array.from(latin))).not.toThrow();
    expect(await refusal(latin)).toContain("byte 6 (0xe9, line 2)");
  });

  it("does not take Big5 for GB18030", async () => {
    const big5 = [0xa7, 0xda, 0xaa, 0xba, 0xae, 0xd1];
    expect(() => new TextDecoder("gb18030", { fatal: true }).decode(Uint8Array.from(big5))).not.toThrow();
    expect(await refusal(big5)).toContain("byte 0 (0xa7, line 1)");
  });

  it("does not take Shift JIS for GB18030", async () => {
    const shiftJis = [0x82, 0xa0, 0x82, 0xa2, 0x82, 0xa4, 0x93, 0xfa, 0x96, 0x7b];
    expect(() => new TextDecoder("gb18030", { fatal: true }).decode(Uint8Array.from(shiftJis))).not.toThrow();
    expect(await refusal(shiftJis)).toContain("byte 0 (0x82, line 1)");
  });

  it("checks a forced encoding", async () => {
    expect(await refusal([...ascii("a\n"), 0x81], "gb18030")).toContain(
      "not gb18030 at byte 2 (0x81, line 2)",
    );
    expect(await refusal([...ascii("a\n"), ...GB_COMMON], "utf8")).toContain(
      "not utf-8 at byte 2 (0xb5, line 2)",
    );
  });

  it("refuses half a UTF-16 character", async () => {
    expect(await refusal([0xff, 0xfe, 0x41, 0x00, 0x42])).toContain(
      "utf-16le but has 5 bytes, an odd number",
    );
    expect(await refusal([0x41, 0x00, 0x42], "utf-16be")).toContain(
      "utf-16be but has 3 bytes, an odd number",
    );
  });

  it("refuses an unknown label: ERR_ENCODING_NAME", async () => {
    expect(await refusal([], "utf-9")).toMatch(/^ERR_ENCODING_NAME: .*found "utf-9" \(x\.csv\)/);
  });
});
