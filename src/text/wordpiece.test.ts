import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BertNormalizer } from "./normalizer.ts";
import { TokenBuffer } from "./token-buffer.ts";
import { WordPiece } from "./wordpiece.ts";

const unchanged = new BertNormalizer({
  cleanText: false,
  handleChineseChars: false,
  stripAccents: false,
  lowercase: false,
});
const UNKNOWN = 0;

function vocabularyOf(pieces: readonly string[]): Map<string, number> {
  return new Map(["[UNK]", ...new Set(pieces)].map((piece, id) => [piece, id]));
}

function spell(
  word: string,
  pieces: readonly string[],
  limit = 100,
): { tokens: string[]; slices: string[]; unknown: number } {
  const vocabulary = vocabularyOf(pieces);
  const out = new TokenBuffer();
  const text = unchanged.normalize(word);
  new WordPiece(vocabulary, UNKNOWN, limit).append(text, 0, text.length, out);
  const ids = [...out.ids.subarray(0, out.length)];
  return {
    tokens: ids.map((id) => [...vocabulary.keys()][id]),
    slices: ids.map((_, i) => word.slice(out.starts[i], out.ends[i])),
    unknown: out.unknown,
  };
}

/** The definition: cut the longest piece off the front until nothing is left. */
function spellByDefinition(word: string, pieces: readonly string[]): string[] {
  const known = new Set(pieces);
  const characters = Array.from(word);
  const tokens: string[] = [];
  for (let start = 0; start < characters.length; ) {
    let end = characters.length;
    const piece = () => (start > 0 ? "##" : "") + characters.slice(start, end).join("");
    while (end > start && !known.has(piece())) end--;
    if (end === start) return ["[UNK]"];
    tokens.push(piece());
    start = end;
  }
  return tokens;
}

describe("spelling a word", () => {
  const pieces = [
    "re",
    "read",
    "##ing",
    "##in",
    "##g",
    "##s",
    "reads",
    "##ab",
    "##abl",
    "##le",
    "你",
    "##😀",
    "##",
  ];

  it.each([
    ["read", ["read"]],
    ["reads", ["reads"]],
    ["reading", ["read", "##ing"]],
    ["readings", ["read", "##ing", "##s"]],
    ["regs", ["re", "##g", "##s"]],
    ["你😀", ["你", "##😀"]],
  ])("%s", (word, tokens) => {
    const spelled = spell(word, pieces);
    expect(spelled.tokens).toEqual(tokens);
    expect(spelled.slices).toEqual(tokens.map((token) => token.replace("##", "")));
    expect(spelled.unknown).toBe(0);
  });

  it("does not go back to a shorter piece, even where that would have fitted", () => {
    expect(spell("reable", pieces).tokens).toEqual(["[UNK]"]);
  });

  it.each(["book", "readx", "ing", "xread"])("%s: one unknown token for the whole word", (word) => {
    expect(spell(word, pieces)).toEqual({ tokens: ["[UNK]"], slices: [word], unknown: 1 });
  });

  it("takes a lone [UNK] piece for a piece", () => {
    expect(spell("[UNK]", []).unknown).toBe(0);
  });
});

describe("the limit on characters", () => {
  it("is on characters, and lets exactly that many through", () => {
    expect(spell("a".repeat(100), ["a", "##a"]).tokens).toHaveLength(100);
    expect(spell("a".repeat(101), ["a", "##a"])).toEqual({
      tokens: ["[UNK]"],
      slices: ["a".repeat(101)],
      unknown: 1,
    });
  });

  it("counts a surrogate pair as one", () => {
    expect(spell("😀".repeat(100), ["😀", "##😀"]).tokens).toHaveLength(100);
    expect(spell("😀".repeat(101), ["😀", "##😀"]).tokens).toEqual(["[UNK]"]);
  });

  it("can be set", () => {
    expect(spell("aaa", ["a", "##a"], 2).tokens).toEqual(["[UNK]"]);
  });
});

it("follows the definition for any pieces and word", () => {
  const characters = fc.constantFrom("a", "b", "c", "你", "😀");
  const piece = fc
    .tuple(fc.constantFrom("", "##"), fc.string({ unit: characters, minLength: 1, maxLength: 4 }))
    .map(([prefix, text]) => prefix + text);
  const word = fc.string({ unit: characters, minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), word, (pieces, text) => {
      expect(spell(text, pieces).tokens).toEqual(spellByDefinition(text, pieces));
    }),
    { numRuns: 1000 },
  );
});
