/**
 * Strings made to break tokenizers, against the npm package `tokenizers`: ids, types, offsets.
 *
 * The vocabularies hold every character that the strings are made of, so that their order shows in the ids too.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BertTokenizer } from "../../src/text/index.ts";
import { encode, Peer, published } from "./peer.ts";

const SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** Combining marks of many classes: dropped and kept, newer and older than our tables, single and composed. */
const MARKS = Array.from(
  "\u0301\u0323\u0327\u0334\u0344\u0345\u05b0\u05b1\u064b\u08d4\u08e3\u0941\u0d3b\u0e48\u0f71\u0f72\u0f73\u1b44\u1df6\u20d0\u302e\u302f\u3099\ua953" +
    "\u{11442}\u{11446}\u{1d15e}\u{1d160}\u{1d165}\u{1d16e}\u{1e000}\u{1e8d0}\u{1e944}\u{1e94a}",
);

/** Removed, white space, isolated, decomposed, cased in odd ways, new, outside the basic plane. */
const ODD = Array.from(
  "\u0000\t\n\u000b\u001c\u0085\u00a0\u00ad\u200b\u2028\u3000\ufeff\ufffd\ue000\u{e0001}\u{f0000}\u{10ffff}\u0378" +
    "你\uf900\ufacf\u3400\u{20000}\u{2b820}\u{2b920}\u{2f800}한각가ガか" +
    "\u037e\u1fef\u226e\u2260´¨·€①…«\u{10100}\u166d\u2e43\u061d" +
    "ßẞİıΣςǅŉǰÅÅΩΐﬁ😀👩‍👧\u{11938}\u{105c9}",
);

const PLAIN = [...Array.from("abAB01éÉ .,!'-#[]"), "the ", "[MASK]", "[SEP]", "[mask]", "##a"];
const HALVES = ["\ud83d", "\ude00", "\udbff", "\udc00"];

const any = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PLAIN) },
  { weight: 3, arbitrary: fc.constantFrom(...MARKS) },
  { weight: 3, arbitrary: fc.constantFrom(...ODD) },
  { weight: 1, arbitrary: fc.constantFrom(...HALVES) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCodePoint(code)) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);
const text = fc.array(any, { maxLength: 16 }).map((parts) => parts.join(""));

/** Every character as it is, decomposed and lower-cased, as a word and as the continuation of one. */
function vocabularyOfCharacters(): string[] {
  const all = [...PLAIN, ...MARKS, ...ODD, "\ufffd"].join("");
  const forms = [all, all.toLowerCase(), all.normalize("NFD"), all.normalize("NFD").toLowerCase()];
  const characters = [...new Set(forms.flatMap((form) => Array.from(form)))];
  return [...SPECIALS, ...characters, ...characters.map((character) => `##${character}`), "##ab", "ba"];
}

const OPTIONS = [
  {},
  { lowercase: false },
  { lowercase: true, stripAccents: false },
  { lowercase: false, stripAccents: true },
  { cleanText: false, handleChineseChars: false },
  { cleanText: false, lowercase: false, stripAccents: true },
];

describe.each(OPTIONS)("a vocabulary of characters, %j", (options) => {
  const tokenizer = BertTokenizer.fromVocabulary(vocabularyOfCharacters(), options);
  const peer = new Peer(tokenizer);

  it("one text", async () => {
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        expect(encode(tokenizer, given)).toEqual(await peer.encode(given));
      }),
      { numRuns: 3000 },
    );
  });

  it("two texts, truncated", async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.option(text, { nil: undefined }),
        fc.integer({ min: 3, max: 24 }),
        async (given, pair, maxLength) => {
          const limits = { pair, maxLength };
          expect(encode(tokenizer, given, limits)).toEqual(await peer.encode(given, limits));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it("added tokens, of which some begin others", async () => {
  const json = BertTokenizer.fromVocabulary(vocabularyOfCharacters()).toTokenizerJson();
  const document = JSON.parse(json) as { added_tokens: object[]; model: { vocab: Record<string, number> } };
  const first = Object.keys(document.model.vocab).length;
  for (const [i, content] of ["aB", "aB\u0301", "[MASK]a", "\u{1f436}", "ß.", " the"].entries()) {
    document.added_tokens.push({ id: first + i, content, special: i % 2 === 0, normalized: false });
  }
  for (const token of document.added_tokens)
    Object.assign(token, { single_word: false, lstrip: false, rstrip: false });
  const tokenizer = BertTokenizer.fromTokenizerJson(JSON.stringify(document));
  const peer = new Peer(tokenizer);
  const part = fc.oneof(any, fc.constantFrom("aB", "aB\u0301", "[MASK]a", "\u{1f436}", "ß.", " the"));
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 16 }), async (parts) => {
      const given = parts.join("");
      expect(encode(tokenizer, given)).toEqual(await peer.encode(given));
    }),
    { numRuns: 3000 },
  );
});

describe.each(["uncased", "chinese"] as const)("the published vocabulary %s", (name) => {
  it("one text or two", async (context) => {
    const tokenizer = published(context, name);
    const peer = new Peer(tokenizer);
    await fc.assert(
      fc.asyncProperty(text, fc.option(text, { nil: undefined }), async (given, pair) => {
        expect(encode(tokenizer, given, { pair })).toEqual(await peer.encode(given, { pair }));
      }),
      { numRuns: 3000 },
    );
  });
});
