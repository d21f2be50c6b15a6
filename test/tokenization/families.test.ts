/**
 * Byte-level BPE and Unigram against the npm package `tokenizers`, which loads the same tokenizer.json: ids, types and
 * offsets on strings made to break tokenizers and on 2,000 real lines (fixtures/family-tokenizers).
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTokenizer } from "../../src/text/index.ts";
import { realLines } from "./lines.ts";
import { encode, Peer } from "./peer.ts";

const NAMES = ["roberta", "modernbert", "xlm-roberta", "xlm-roberta-new", "albert"] as const;
const LINES_PER_SET = 500;
const SETS = [
  "zh_thucnews_title/train45k.txt.gz",
  "corpus_zh_wiki/zhwiki_01.txt.gz",
  "corpus_en_wiki/enwiki_01.txt.gz",
  "en_sms_spam/spam.utf8.csv.gz",
];

/** Pieces of text that some step looks at: spaces of all kinds, marks, forms of other characters, special tokens. */
const PARTS = [
  ..."abAB01éÉ .,!'-#[]|`\"_▁Ġ".split(""),
  ..."\t\n\r\u000b\u0085\u00a0\u00ad\u2003\u2028\u200b\u3000\ufeff\u0000\u0001\u007f\ufffd".split(""),
  ..."ﬁﬀ①㈱ＡｂｱｶﾞﾊﾟㇰÅÅΩſßẞİıΣςǅ½…℃".split(""),
  ..."\u0301\u0323\u0327\u0308\u0304\u0345\u0f71\u1b44\u3099\u20d0\ufe0f".split(""),
  ..."你好の한글각가Жж\u0e01\u0e33\u0915\u094d\u0937".split(""),
  ...["😀", "👩‍👧", "\u{20000}", "\u{1d15e}", "𝐀", "🇩🇪", "e\u0301", "が", "カ\u3099", "\u1100\u1161\u11a8"],
  ...["the ", " the", "model", "  ", "    ", "'s", "'ll", "''", "``", "``a''", "1234", "tokens"],
  ...[
    "<s>",
    "</s>",
    "<pad>",
    "<unk>",
    "<mask>",
    " <mask>",
    "[MASK]",
    " [MASK]",
    "[CLS]",
    "[SEP]",
    "|||IP_ADDRESS|||",
  ],
];
const HALVES = ["\ud83d", "\ude00"];

const part = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...PARTS) },
  { weight: 1, arbitrary: fc.constantFrom(...HALVES) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCodePoint(code)) },
);
const text = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(""));

describe.each(NAMES)("%s", (name) => {
  it("one text", async () => {
    const { tokenizer, peer } = both(name);
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 50 }), async (texts) => {
        const expected = await peer.encodeAll(texts.map((one) => [one]));
        expect(texts.map((one) => encode(tokenizer, one))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("two texts, truncated", async () => {
    const { tokenizer, peer } = both(name);
    const pairs = fc.array(fc.tuple(text, fc.option(text, { nil: undefined })), {
      minLength: 1,
      maxLength: 50,
    });
    const limit = fc.option(fc.integer({ min: 5, max: 24 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(pairs, limit, async (inputs, maxLength) => {
        const limits = maxLength === undefined ? {} : { maxLength };
        const expected = await peer.encodeAll(inputs, limits);
        expect(inputs.map(([one, pair]) => encode(tokenizer, one, { ...limits, pair }))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("2,000 real lines, alone and in pairs", async (context) => {
    const { tokenizer, peer } = both(name);
    const lines = SETS.flatMap((file) => realLines(context, file, { count: LINES_PER_SET, longest: 400 }));
    const pairs = lines.map((line, i): [string, string] => [line, lines[(i * 7 + 1) % lines.length]]);
    const alone = await peer.encodeAll(lines.map((line) => [line]));
    const cut = await peer.encodeAll(pairs, { maxLength: 64 });
    for (const [i, line] of lines.entries()) {
      const [, pair] = pairs[i];
      expect({ line, ...encode(tokenizer, line) }).toEqual({ line, ...alone[i] });
      expect({ line, ...encode(tokenizer, line, { pair, maxLength: 64 }) }).toEqual({ line, ...cut[i] });
    }
  });
});

/** A tokenizer of ours, and the peer of the same file; a peer holds its limit, so each test has its own. */
function both(name: string) {
  const tokenizer = fixture(name);
  return { tokenizer, peer: new Peer(tokenizer) };
}

function fixture(name: string) {
  const file = new URL(`../../fixtures/family-tokenizers/${name}.json`, import.meta.url);
  return readTokenizer(readFileSync(file, "utf8"), { file: file.pathname });
}
