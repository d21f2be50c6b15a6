import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EncodeOptions } from "./encoding.ts";
import { BertTokenizer } from "./tokenizer.ts";

const PIECES =
  "[PAD] [UNK] [CLS] [SEP] [MASK] the ship sail ##ed ##s ##ing away , . ! ' t can cafe naive ship ##ment 你 好 船 😀 a ##a \u{20000}";
const VOCABULARY = [...new Set(PIECES.split(" "))];
const tokenizer = BertTokenizer.fromVocabulary(VOCABULARY);

function tokens(text: string, options?: EncodeOptions): string[] {
  return tokenizer.encode(text, options).ids.map((id) => VOCABULARY[id]);
}

/** Each token with the piece of raw text that its offsets point at. */
function places(text: string, options: EncodeOptions = {}): [string, string][] {
  const { ids, typeIds, offsets } = tokenizer.encode(text, { ...options, offsets: true });
  const texts = [text, options.pair ?? ""];
  return ids.map((id, i) => [
    VOCABULARY[id],
    texts[typeIds[i]].slice(offsets?.[2 * i], offsets?.[2 * i + 1]),
  ]);
}

describe("one text", () => {
  it("is normalized, split, spelled, and framed", () => {
    expect(tokens("The ships\tSAILED away!")).toEqual("[CLS] the ship ##s sail ##ed away ! [SEP]".split(" "));
    expect(tokenizer.encode("The ships").typeIds).toEqual([0, 0, 0, 0, 0]);
    expect(tokens("")).toEqual(["[CLS]", "[SEP]"]);
    expect(tokens("ships", { addSpecialTokens: false })).toEqual(["ship", "##s"]);
  });

  it("gives offsets into the raw text", () => {
    expect(places(" Café,  你好naïve 😀\u0000!")).toEqual([
      ["[CLS]", ""],
      ["cafe", "Café"],
      [",", ","],
      ["你", "你"],
      ["好", "好"],
      ["naive", "naïve"],
      ["😀", "😀"],
      ["!", "!"],
      ["[SEP]", ""],
    ]);
    expect(tokenizer.encode("the", { offsets: true }).offsets).toEqual(new Int32Array([0, 0, 0, 3, 0, 0]));
    expect(tokenizer.encode("the").offsets).toBeUndefined();
  });

  it("counts what it could not spell", () => {
    expect(tokenizer.encode("the zeppelin sailed Zanzibar")).toMatchObject({
      tokenCount: 5,
      truncatedTokens: 0,
      unknownTokens: 2,
    });
    expect(places("x zeppelin\u0000s y").slice(1, -1)).toEqual([
      ["[UNK]", "x"],
      ["[UNK]", "zeppelin\u0000s"],
      ["[UNK]", "y"],
    ]);
  });
});

describe("odd characters", () => {
  it.each([
    ["Chinese characters outside the basic plane stand alone", "a\u{20000}a", ["a", "\u{20000}", "a"]],
    ["a lone surrogate is dropped, and does not part a word", "sh\ud83dip\ude00s", ["ship", "##s"]],
    ["NUL, U+FFFD and control characters are dropped", "sh\u0000i\ufffdp\u0007", ["ship"]],
    ["nothing but such characters", "\u0000\ud800\u200b", []],
    [
      "white space of any kind parts words",
      "the\u3000ship\u00a0the\u2029ship",
      ["the", "ship", "the", "ship"],
    ],
    ["a word of 100 characters is spelled", "a".repeat(100), ["a", ...Array<string>(99).fill("##a")]],
    ["one of 101 is unknown", "a".repeat(101), ["[UNK]"]],
  ])("%s", (_, text, expected) => {
    expect(tokens(text, { addSpecialTokens: false })).toEqual(expected);
  });

  it("lets a text of 100,000 characters through", () => {
    const encoding = tokenizer.encode("the ship. ".repeat(10_000), { maxLength: 512 });
    expect(encoding.ids).toHaveLength(512);
    expect(encoding).toMatchObject({ tokenCount: 30_000, truncatedTokens: 29_490, unknownTokens: 0 });
    expect(tokens("a".repeat(100_000))).toEqual(["[CLS]", "[UNK]", "[SEP]"]);
  });
});

describe("special tokens in the text", () => {
  it("are recognised as written, in the middle of a word too", () => {
    expect(places("The[MASK]sail [SEP]ed")).toEqual([
      ["[CLS]", ""],
      ["the", "The"],
      ["[MASK]", "[MASK]"],
      ["sail", "sail"],
      ["[SEP]", "[SEP]"],
      ["[UNK]", "ed"],
      ["[SEP]", ""],
    ]);
    expect(tokenizer.encode("[UNK] x").unknownTokens).toBe(1);
  });

  it("are not when written otherwise", () => {
    expect(tokens("[mask]", { addSpecialTokens: false })).toEqual(["[UNK]", "[UNK]", "[UNK]"]);
  });
});

describe("two texts", () => {
  it("get types 0 and 1, and offsets each into its own", () => {
    const options = { pair: "Sailed away." };
    expect(places("The ship,", options)).toEqual([
      ["[CLS]", ""],
      ["the", "The"],
      ["ship", "ship"],
      [",", ","],
      ["[SEP]", ""],
      ["sail", "Sail"],
      ["##ed", "ed"],
      ["away", "away"],
      [".", "."],
      ["[SEP]", ""],
    ]);
    expect(tokenizer.encode("The ship,", options).typeIds).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect(tokenizer.encode("a", { pair: "a a", addSpecialTokens: false }).typeIds).toEqual([0, 1, 1]);
  });

  it("are counted together", () => {
    expect(tokenizer.encode("the zeppelin", { pair: "zeppelin zeppelin away" })).toMatchObject({
      tokenCount: 5,
      unknownTokens: 3,
    });
  });

  it("may be empty", () => {
    expect(tokens("the", { pair: "" })).toEqual(["[CLS]", "the", "[SEP]", "[SEP]"]);
    expect(tokens("", { pair: "the" })).toEqual(["[CLS]", "[SEP]", "the", "[SEP]"]);
  });

  it.each([
    [undefined, "[CLS] the ship ##s [SEP] the ship sail [SEP]"],
    ["longestFirst" as const, "[CLS] the ship ##s [SEP] the ship sail [SEP]"],
    ["onlyFirst" as const, "[CLS] the ship [SEP] the ship sail ##ed [SEP]"],
    ["onlySecond" as const, "[CLS] the ship ##s , [SEP] the ship [SEP]"],
  ])("are truncated by %s", (truncation, expected) => {
    const encoding = tokenizer.encode("the ships,", { pair: "the ship sailed", maxLength: 9, truncation });
    expect(encoding.ids.map((id) => VOCABULARY[id]).join(" ")).toBe(expected);
    expect(encoding).toMatchObject({ tokenCount: 8, truncatedTokens: 2 });
  });

  it("throw where a limit cannot be kept", () => {
    expect(() => tokenizer.encode("the", { maxLength: 1 })).toThrow("ERR_TRUNCATION");
    expect(() =>
      tokenizer.encode("the", { pair: "the ship", maxLength: 5, truncation: "onlyFirst" }),
    ).toThrow("ERR_TRUNCATION");
  });
});

describe("laws for any string", () => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom(...VOCABULARY, " ", "é", "SHIP", "\ud83d", "\ude00", "[", "]", "\u0301", "한"),
  );
  const text = fc.string({ unit, maxLength: 30 });

  it("offsets slice out what the token was read from", () => {
    fc.assert(
      fc.property(text, (given) => {
        for (const [token, place] of places(given).slice(1, -1)) {
          if (token === "[UNK]") continue;
          const { normalizer } = tokenizer;
          const surface = VOCABULARY.indexOf(token) < 5 ? place : normalizer.normalize(place).slice().trim();
          expect(surface).toBe(token.replace(/^##/, ""));
        }
      }),
    );
  });

  it("limits hold, and nothing is lost from the count", () => {
    const limit = fc.integer({ min: 3, max: 12 });
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), limit, (given, pair, maxLength) => {
        const encoding = tokenizer.encode(given, { pair, maxLength, offsets: true });
        const special = pair === undefined ? 2 : 3;
        expect(encoding.ids.length).toBeLessThanOrEqual(maxLength);
        expect(encoding.typeIds).toHaveLength(encoding.ids.length);
        expect(encoding.offsets).toHaveLength(2 * encoding.ids.length);
        expect(encoding.tokenCount).toBe(encoding.ids.length - special + encoding.truncatedTokens);
        expect(encoding.tokenCount).toBe(tokenizer.encode(given, { pair }).ids.length - special);
      }),
    );
  });

  it("the answer does not depend on what was encoded before", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (texts) => {
        const fresh = BertTokenizer.fromVocabulary(VOCABULARY);
        const options = { offsets: true };
        expect(texts.map((t) => tokenizer.encode(t, options))).toEqual(
          texts.map((t) => fresh.encode(t, options)),
        );
      }),
      { numRuns: 30 },
    );
  });
});
