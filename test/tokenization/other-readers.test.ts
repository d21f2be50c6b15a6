/**
 * A tokenizer.json that we wrote, in `@huggingface/transformers` and in `tokenizers`; one that others wrote, here.
 */
import { readFileSync } from "node:fs";
import { BertTokenizer as TransformersTokenizer } from "@huggingface/transformers";
import { Tokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";
import { BertTokenizer, trainWordPiece } from "../../src/text/index.ts";
import { sharedData } from "../shared-data.ts";

const TEXTS = [
  "My parcel has not arrived, and nobody answers!",
  "Où est ma commande n° 2016-7? [MASK] [SEP]",
  "我的包裹还没到，客服也不回复。Please help 我",
  "   ",
  "don't: it's naïve (really)…",
];

/** A vocabulary with pieces that JSON objects treat specially: numbers and __proto__. */
const VOCABULARY = [
  ...trainWordPiece(TEXTS, { vocabSize: 300, minFrequency: 1 }),
  "10",
  "9",
  "__proto__",
  '"',
  "\\",
];
const texts = [...TEXTS, '9 10 "quoted" back\\slash __proto__'];

describe.each([{}, { lowercase: false }, { stripAccents: false }])("written here: %j", (options) => {
  const tokenizer = BertTokenizer.fromVocabulary(VOCABULARY, options);
  const json = tokenizer.toTokenizerJson();

  it("transformers gives the same ids and the same text", () => {
    const theirs = new TransformersTokenizer(JSON.parse(json) as object, {
      tokenizer_class: "BertTokenizer",
    });
    for (const [i, text] of texts.entries()) {
      const { ids } = tokenizer.encode(text);
      expect(theirs.encode(text)).toEqual(ids);
      expect(theirs.decode(ids)).toBe(tokenizer.decode(ids));
      const pair = texts[(i + 1) % texts.length];
      const encoding = theirs(text, { text_pair: pair, return_tensor: false }) as Record<string, number[]>;
      const { ids: pairIds, typeIds } = tokenizer.encode(text, { pair });
      expect(encoding).toMatchObject({ input_ids: pairIds, token_type_ids: typeIds });
    }
  });

  it("tokenizers gives the same ids and lists the same vocabulary", async () => {
    const theirs = Tokenizer.fromString(json);
    for (const text of texts) {
      const { ids } = tokenizer.encode(text);
      expect((await theirs.encode(text)).getIds()).toEqual(ids);
      const words = tokenizer.encode(text, { addSpecialTokens: false }).ids;
      expect((await theirs.encode(text, null, { addSpecialTokens: false })).getIds()).toEqual(words);
    }
    expect(VOCABULARY.map((token) => theirs.tokenToId(token))).toEqual(VOCABULARY.map((_, id) => id));
    expect(theirs.getVocabSize()).toBe(VOCABULARY.length);
  });
});

it("written by others: bert-base-uncased, with the settings of some run in it", async (context) => {
  const file = sharedData(context, "vocab/bert-base-uncased-tokenizer.json");
  const json = readFileSync(file, "utf8");
  const tokenizer = BertTokenizer.fromTokenizerJson(json, file);
  expect(tokenizer.vocabSize).toBe(30522);
  expect(tokenizer.toVocabularyText()).toBe(
    readFileSync(sharedData(context, "vocab/bert-base-uncased-vocab.txt"), "utf8"),
  );
  const theirs = Tokenizer.fromString(json);
  theirs.disablePadding();
  theirs.disableTruncation();
  for (const text of texts) expect(tokenizer.encode(text).ids).toEqual((await theirs.encode(text)).getIds());
});
