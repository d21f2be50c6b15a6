import { describe, expect, it } from "vitest";
import { BertTokenizer } from "./tokenizer.ts";
import { readTokenizerJson, writeTokenizerJson } from "./tokenizer-json.ts";

const VOCABULARY = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "hi",
  "##s",
  "2016",
  "7",
  "__proto__",
  "É",
  "é",
];

type Document = Record<string, unknown>;

/** A document as we write it, changed at the entry `path` ("model.type"); undefined takes the entry out. */
function changed(path: string, value: unknown): string {
  const document = JSON.parse(BertTokenizer.fromVocabulary(VOCABULARY).toTokenizerJson()) as Document;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const parent = keys.reduce<Document>((entry, key) => entry[key] as Document, document);
  parent[last] = value;
  return JSON.stringify(document);
}

describe("a document that we wrote", () => {
  it.each([
    {},
    { lowercase: false },
    { lowercase: true, stripAccents: false },
    { cleanText: false, handleChineseChars: false, maxCharactersPerWord: 3 },
  ])("gives the same tokenizer back: %j", (options) => {
    const json = BertTokenizer.fromVocabulary(VOCABULARY, options).toTokenizerJson();
    expect(writeTokenizerJson(readTokenizerJson(json))).toBe(json);
    const again = BertTokenizer.fromTokenizerJson(json);
    expect(again.toVocabularyText()).toBe(`${VOCABULARY.join("\n")}\n`);
    const text = "Hi his hiss 2016 7 É[MASK]é 你\u0000";
    const expected = BertTokenizer.fromVocabulary(VOCABULARY, options).encode(text, { offsets: true });
    expect(again.encode(text, { offsets: true })).toEqual(expected);
    expect(again.encode("7 2016", { addSpecialTokens: false }).ids).toEqual(
      options.maxCharactersPerWord ? [8, 1] : [8, 7],
    );
  });

  it("lists the special tokens, and leaves truncation and padding to the run", () => {
    const document = JSON.parse(BertTokenizer.fromVocabulary(VOCABULARY).toTokenizerJson()) as Document;
    expect(document).toMatchObject({ version: "1.0", truncation: null, padding: null });
    expect(document.added_tokens).toMatchObject(
      [0, 1, 2, 3, 4].map((id) => ({ id, content: VOCABULARY[id], special: true })),
    );
  });
});

describe("documents of others", () => {
  it("may lack the model's type, and may have settings of a run", () => {
    expect(readTokenizerJson(changed("model.type", undefined)).vocabulary.size).toBe(12);
    const truncating = changed("truncation", {
      max_length: 3,
      strategy: "LongestFirst",
      stride: 0,
      direction: "Right",
    });
    expect(BertTokenizer.fromTokenizerJson(truncating).encode("hi hi hi hi").ids).toHaveLength(6);
  });

  it("may use BertProcessing", () => {
    const json = changed("post_processor", { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] });
    expect(BertTokenizer.fromTokenizerJson(json).encode("hi", { pair: "hi" }).ids).toEqual([2, 5, 3, 5, 3]);
  });

  it("may leave flags of the normalizer to their defaults", () => {
    const { cleanText, handleChineseChars, stripAccents, lowercase } = readTokenizerJson(
      changed("normalizer", { type: "BertNormalizer", strip_accents: null }),
    );
    expect([cleanText, handleChineseChars, stripAccents, lowercase]).toEqual([true, true, undefined, true]);
  });

  it("may keep spaces when decoding", () => {
    expect(BertTokenizer.fromTokenizerJson(changed("decoder.cleanup", false)).decode([5, 6, 8])).toBe(
      "his 7",
    );
  });

  it("may add tokens behind the vocabulary, special or not", () => {
    const document = JSON.parse(changed("version", "1.0")) as { added_tokens: Document[] };
    document.added_tokens.push(
      { id: 12, content: "<e>", special: false },
      { id: 13, content: "<s>", special: true },
    );
    const tokenizer = BertTokenizer.fromTokenizerJson(JSON.stringify(document));
    expect(tokenizer.vocabSize).toBe(14);
    expect(tokenizer.encode("hi<e>s<s>").ids).toEqual([2, 5, 12, 1, 13, 3]);
    expect(tokenizer.decode([5, 12, 13], { skipSpecialTokens: true })).toBe("hi <e>");
    expect(tokenizer.toVocabularyText()).toBe(`${VOCABULARY.join("\n")}\n`);
    expect(BertTokenizer.fromTokenizerJson(tokenizer.toTokenizerJson()).vocabSize).toBe(14);
  });
});

describe("documents that would tokenize otherwise", () => {
  it.each([
    ["model.type", "BPE", 'model.type must be "WordPiece" or nothing; found "BPE"'],
    ["model.unk_token", "<unk>", 'model.unk_token must be "[UNK]"'],
    ["model.continuing_subword_prefix", "@@", 'model.continuing_subword_prefix must be "##"'],
    [
      "model.max_input_chars_per_word",
      "many",
      "model.max_input_chars_per_word must be a whole number from 0",
    ],
    ["model.vocab", ["a"], "model.vocab must be an object"],
    ["model.vocab.hi", 0.5, "model.vocab.hi must be a whole number from 0; found 0.5"],
    ["model.vocab.hi", 4, "model.vocab must be without two tokens of one id (4)"],
    ["model.vocab.hi", 1e15, "model.vocab must be without a gap in the ids"],
    ["model", undefined, "model must be an object; found nothing"],
    ["normalizer", null, "normalizer must be an object; found null"],
    ["normalizer.type", "Lowercase", 'normalizer.type must be "BertNormalizer"'],
    ["normalizer.lowercase", "yes", "normalizer.lowercase must be true or false"],
    ["pre_tokenizer.type", "Whitespace", 'pre_tokenizer.type must be "BertPreTokenizer"'],
    ["post_processor.type", "RobertaProcessing", 'must be "TemplateProcessing" or "BertProcessing"'],
    ["post_processor.single", [], "post_processor.single must be [CLS]:0 A:0 [SEP]:0"],
    [
      "post_processor.pair",
      [{ Sequence: { id: "A", type_id: 0 } }],
      "post_processor.pair must be [CLS]:0 A:0",
    ],
    ["post_processor.special_tokens.[CLS].ids", [3], 'must be the token ["[CLS]",2]'],
    ["decoder.type", "BPEDecoder", 'decoder.type must be "WordPiece"'],
    ["decoder.prefix", "", 'decoder.prefix must be "##"'],
    ["added_tokens", {}, "added_tokens must be an array"],
    ["added_tokens.4.lstrip", true, "added_tokens.4.lstrip must be false or nothing; found true"],
    ["added_tokens.4.normalized", true, "added_tokens.4.normalized must be false"],
    ["added_tokens.4.content", "", "added_tokens.4.content must be a text"],
    ["added_tokens.4.content", 5, "added_tokens.4.content must be a string"],
    ["added_tokens.4.id", 5, "added_tokens.4.id must be the id that model.vocab has"],
  ])("%s: %j", (path, value, message) => {
    const read = () => BertTokenizer.fromTokenizerJson(changed(path, value), "tokenizer.json");
    expect(read).toThrow(message);
    expect(read).toThrow(
      expect.objectContaining({ code: "ERR_TOKENIZER_JSON", file: "tokenizer.json" }) as Error,
    );
  });

  it("that are no JSON, or lack special tokens", () => {
    expect(() => BertTokenizer.fromTokenizerJson("{", "tokenizer.json")).toThrow(
      /ERR_TOKENIZER_JSON: tokenizer.json must be JSON; .*\(tokenizer.json\)/,
    );
    const vocab = { "[UNK]": 0, "[CLS]": 2, "[SEP]": 3, a: 1 };
    const without = JSON.parse(changed("model.vocab", vocab)) as Document;
    expect(() => BertTokenizer.fromTokenizerJson(JSON.stringify({ ...without, added_tokens: [] }))).toThrow(
      "ERR_VOCABULARY: a BERT vocabulary must contain [PAD], [UNK], [CLS], [SEP]; [PAD] missing",
    );
  });

  it("a long entry is cut short in the message", () => {
    expect(() => readTokenizerJson(changed("decoder.prefix", "#".repeat(500)))).toThrow(
      /found "#{119}\.\.\.;/,
    );
  });
});
