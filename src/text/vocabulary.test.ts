import { describe, expect, it } from "vitest";
import { AttuneError } from "../base/errors.ts";
import { readVocabulary, writeVocabulary } from "./vocabulary.ts";

const tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##a", "你", "\u2028", " "];
const text = tokens.map((token) => `${token}\n`).join("");

function failure(action: () => unknown): AttuneError {
  try {
    action();
  } catch (error) {
    if (error instanceof AttuneError) return error;
    throw error;
  }
  return expect.unreachable("nothing was thrown");
}

describe("readVocabulary", () => {
  it.each([
    ["one token a line", text],
    ["without the last line end", text.slice(0, -1)],
    ["with CRLF", text.replaceAll("\n", "\r\n")],
    ["with a byte order mark", `\ufeff${text}`],
  ])("%s", (_, given) => {
    expect(readVocabulary(given)).toEqual(tokens);
  });

  it("keeps an empty line as a token, since ids are line numbers", () => {
    expect(readVocabulary("[PAD]\n[UNK]\n\n[CLS]\n[SEP]\n")).toEqual([
      "[PAD]",
      "[UNK]",
      "",
      "[CLS]",
      "[SEP]",
    ]);
  });

  it("refuses a token that stands twice, and names both lines", () => {
    const error = failure(() => readVocabulary(`${text}b\r\na\n`, "vocab.txt"));
    expect(error).toMatchObject({ code: "ERR_VOCABULARY", file: "vocab.txt", row: 11 });
    expect(error.message).toContain('"a" stands on lines 5 and 11 (vocab.txt, row 11)');
  });

  it.each([
    ["[PAD]\n[UNK]\n[SEP]\nx\n", "[CLS] missing among 4 tokens"],
    ["", "[PAD], [UNK], [CLS], [SEP] missing among 0 tokens"],
    ["<s>\n</s>\n", "[PAD], [UNK], [CLS], [SEP] missing among 2 tokens"],
  ])("refuses %j, which lacks special tokens", (given, found) => {
    const error = failure(() => readVocabulary(given, "vocab.txt"));
    expect(error).toMatchObject({ code: "ERR_VOCABULARY", file: "vocab.txt" });
    expect(error.message).toContain(found);
  });
});

describe("writeVocabulary", () => {
  it("is undone by reading", () => {
    expect(writeVocabulary(tokens)).toBe(text);
  });

  it("refuses a token that would be two lines", () => {
    expect(() => writeVocabulary(["[PAD]", "a\nb"])).toThrow(
      /ERR_VOCABULARY: .* token 1, "a\\nb", contains a line end/,
    );
  });
});
