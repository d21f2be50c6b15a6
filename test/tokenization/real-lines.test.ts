/**
 * 10,000 real lines, English and Chinese, clean and messy, against the npm package `tokenizers`: ids, types, offsets.
 */
import { describe, expect, it } from "vitest";
import type { BertTokenizer } from "../../src/text/index.ts";
import { realLines } from "./lines.ts";
import { encode, type PairOptions, Peer, published } from "./peer.ts";

const LINES_PER_SET = 2500;

/** Where the lines come from, and the vocabulary that suits them. */
const SETS = [
  { file: "zh_thucnews_title/train45k.txt.gz", vocabulary: "chinese" },
  { file: "corpus_zh_wiki/zhwiki_01.txt.gz", vocabulary: "chinese" },
  { file: "corpus_en_wiki/enwiki_01.txt.gz", vocabulary: "uncased" },
  { file: "en_sms_spam/spam.utf8.csv.gz", vocabulary: "uncased" },
] as const;

const TRUNCATIONS = ["longestFirst", "onlyFirst", "onlySecond"] as const;

async function compare(
  tokenizer: BertTokenizer,
  lines: readonly string[],
  optionsOf: (i: number) => PairOptions,
) {
  const peer = new Peer(tokenizer);
  for (const [i, line] of lines.entries()) {
    const options = optionsOf(i);
    const expected = await peer.encode(line, options);
    expect(encode(tokenizer, line, options), `line ${i}: ${JSON.stringify({ line, ...options })}`).toEqual(
      expected,
    );
  }
}

describe.each(SETS)("$file", ({ file, vocabulary }) => {
  it("each line by itself", async (context) => {
    await compare(
      published(context, vocabulary),
      realLines(context, file, { count: LINES_PER_SET, longest: 600 }),
      () => ({}),
    );
  });

  it("each line by itself, with case and accents kept, in many languages' vocabulary", async (context) => {
    const tokenizer = published(context, "multilingual-cased", { lowercase: false });
    await compare(tokenizer, realLines(context, file, { count: LINES_PER_SET, longest: 600 }), () => ({}));
  });

  it("with the next line as its pair", async (context) => {
    const lines = realLines(context, file, { count: LINES_PER_SET, longest: 600 });
    await compare(published(context, vocabulary), lines, (i) => ({ pair: lines[(i + 1) % lines.length] }));
  });

  it("truncated, alone and in pairs", async (context) => {
    const lines = realLines(context, file, { count: LINES_PER_SET, longest: 600 });
    await compare(published(context, vocabulary), lines, (i) => {
      const maxLength = 4 + (i % 41);
      return i % 2 === 0 ? { maxLength } : { maxLength, pair: lines[(i + 1) % lines.length] };
    });
  });

  it("truncated by one text only, where that text is long enough", async (context) => {
    const tokenizer = published(context, vocabulary);
    const lines = realLines(context, file, { count: LINES_PER_SET, longest: 600 });
    const long = lines.filter((line) => tokenizer.encode(line).tokenCount > 20);
    const short = lines.filter((line) => tokenizer.encode(line).tokenCount <= 12);
    expect(Math.min(long.length, short.length)).toBeGreaterThan(20);
    for (const truncation of TRUNCATIONS) {
      const [cut, kept] = truncation === "onlySecond" ? [short, long] : [long, short];
      await compare(tokenizer, cut.slice(0, 200), (i) => ({
        pair: kept[i % kept.length],
        truncation,
        maxLength: 18,
      }));
    }
  });
});
