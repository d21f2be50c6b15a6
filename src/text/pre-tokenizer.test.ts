import { expect, it } from "vitest";
import { BertNormalizer } from "./normalizer.ts";
import { WordSpans } from "./pre-tokenizer.ts";

const raw = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };

function words(text: string, options = raw): string[] {
  const normalized = new BertNormalizer(options).normalize(text);
  const spans = new WordSpans();
  spans.split(normalized);
  return Array.from({ length: spans.count }, (_, i) =>
    normalized.slice(spans.bounds[2 * i], spans.bounds[2 * i + 1]),
  );
}

it.each([
  ["", []],
  ["   ", []],
  ["one", ["one"]],
  [" one  two ", ["one", "two"]],
  ["don't stop!?", ["don", "'", "t", "stop", "!", "?"]],
  ["a+b=c~`$", ["a", "+", "b", "=", "c", "~", "`", "$"]],
  ["«oui»…。、", ["«", "oui", "»", "…", "。", "、"]],
  ["5€ 😀ok ①", ["5€", "😀ok", "①"]],
  ["x\u{10100}y", ["x", "\u{10100}", "y"]],
  ["a\u00a0b\u3000c\u2029d\u0085e\u000bf", ["a", "b", "c", "d", "e", "f"]],
  ["zero\u200bwidth", ["zero\u200bwidth"]],
])("%j", (text, expected) => {
  expect(words(text)).toEqual(expected);
});

it("splits Chinese by the spaces of the normalizer, and only then", () => {
  expect(words("你好world", { ...raw, handleChineseChars: true })).toEqual(["你", "好", "world"]);
  expect(words("你好world")).toEqual(["你好world"]);
});

it("finds more words than its first buffer holds, and fewer again", () => {
  const normalizer = new BertNormalizer();
  const spans = new WordSpans();
  spans.split(normalizer.normalize("!".repeat(1_500_000)));
  expect(spans.count).toBe(1_500_000);
  spans.split(normalizer.normalize("a b"));
  expect(spans.count).toBe(2);
  expect(spans.bounds.length).toBeLessThan(10_000);
});
