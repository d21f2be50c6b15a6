/**
 * Every code point against the npm package `tokenizers`: the proof that the frozen tables are complete, and that
 * lower-casing and white space may be left to the runtime.
 */
import { bertNormalizer, bertPreTokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";
import { NormalizedText } from "../../src/text/normalized-text.ts";
import { BertNormalizer } from "../../src/text/normalizer.ts";
import { WordSpans } from "../../src/text/pre-tokenizer.ts";

const OFF = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };

/** Letters that the runtime's Unicode does not have yet keep their case here, but not in a newer peer. */
const UNASSIGNED = /\p{Cn}/u;

/** Stretches of 256 code points, each before an x so that they do not touch; surrogates and U+0000 left out. */
function* stretches(accept: (character: string) => boolean = () => true): Generator<string> {
  for (let start = 0; start <= 0x10ffff; start += 256) {
    if (start >= 0xd800 && start < 0xe000) continue;
    const characters = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(start + i));
    yield characters.filter((character) => character !== "\0" && accept(character)).join("x");
  }
}

describe("normalization", () => {
  it.each([
    { ...OFF, cleanText: true },
    { ...OFF, handleChineseChars: true },
    { ...OFF, stripAccents: true },
    { ...OFF, lowercase: true },
    { cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true },
  ])("%j", (options) => {
    const peer = bertNormalizer(options);
    const normalizer = new BertNormalizer(options);
    for (const text of stretches((character) => !options.lowercase || !UNASSIGNED.test(character))) {
      const expected = peer.normalizeString(text);
      const found = normalizer.normalize(text).slice();
      if (found !== expected) expect(Array.from(found)).toEqual(Array.from(expected));
    }
  });
});

it("words", () => {
  const peer = bertPreTokenizer();
  const normalizer = new BertNormalizer(OFF);
  const normalized = new NormalizedText();
  const spans = new WordSpans();
  for (const text of stretches()) {
    normalized.clear();
    normalizer.append(text, 0, text.length, normalized);
    spans.split(normalized);
    const found = Array.from({ length: spans.count }, (_, i) =>
      text.slice(spans.bounds[2 * i], spans.bounds[2 * i + 1]),
    );
    expect(found).toEqual(peer.preTokenizeString(text).map(([word]) => word));
  }
});
