import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { byteLevelBpeJson } from "./byte-level-bpe.ts";
import type { PipelineTokenizer } from "./pipeline-tokenizer.ts";
import { readTokenizer } from "./read-tokenizer.ts";
import { BertTokenizer } from "./tokenizer.ts";

interface Document {
  model: { vocab: Record<string, number> & [string, number][]; merges: string[]; unk_id?: number };
  [key: string]: unknown;
}

function text(name: string): string {
  return readFileSync(new URL(`../../fixtures/family-tokenizers/${name}.json`, import.meta.url), "utf8");
}

/** The fixture's document with one entry changed. */
function changed(name: string, change: (document: Document) => void): string {
  const document = JSON.parse(text(name)) as Document;
  change(document);
  return JSON.stringify(document);
}

const roberta = readTokenizer(text("roberta"));
const xlm = readTokenizer(text("xlm-roberta"));

describe("pairs", () => {
  it("stand between RoBERTa's tokens, all of type 0, and say which text a place counts in", () => {
    const { ids, typeIds, offsets, textOf } = roberta.encode("a b", { pair: "c", offsets: true });
    const tokens = ids.map((id) => roberta.idToToken(id));
    expect(tokens).toEqual(["<s>", "a", "Ġb", "</s>", "</s>", "c", "</s>"]);
    expect(typeIds).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect([...(textOf ?? [])]).toEqual([0, 0, 0, 0, 0, 1, 0]);
    expect([...(offsets ?? [])]).toEqual([0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 1, 0, 0]);
    expect(roberta.encode("a b", { pair: "c" }).textOf).toBeUndefined();
  });

  it("are cut as BERT's are, and the receipt says so", () => {
    const cut = roberta.encode("a b c d e f", { pair: "g h i", maxLength: 9 });
    expect(cut).toMatchObject({ tokenCount: 9, truncatedTokens: 4, unknownTokens: 0 });
    expect(cut.ids).toHaveLength(9);
    expect(() => roberta.encode("a", { pair: "b", maxLength: 3 })).toThrow(/ERR_TRUNCATION.*at least 4/);
  });
});

describe("byte-level BPE", () => {
  it("spells and reads back any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (given) => {
        const { ids, unknownTokens } = roberta.encode(given, { addSpecialTokens: false });
        expect(unknownTokens).toBe(0);
        fc.pre(!/<(?:s|\/s|pad|unk|mask)>/.test(given));
        expect(roberta.decode(ids)).toBe(new TextDecoder().decode(new TextEncoder().encode(given)));
      }),
    );
  });

  it("spells a word of 20,000 letters in time", () => {
    const started = performance.now();
    expect(roberta.encode("tokens".repeat(3500)).ids.length).toBeGreaterThan(3000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("drops merges on request, and every merge leaves single bytes", () => {
    const spelled = roberta.encode("tokenizer", { addSpecialTokens: false, dropMatch: () => true });
    expect(spelled.ids.map((id) => roberta.idToToken(id))).toEqual(Array.from("tokenizer"));
    expect(roberta.decode(spelled.ids)).toBe("tokenizer");
  });

  it("is made from vocab.json and merges.txt as from the tokenizer.json of the same", () => {
    const { model } = JSON.parse(text("roberta")) as Document;
    const merges = `#version: 0.2\n${model.merges.join("\n")}\n`;
    const made = readTokenizer(byteLevelBpeJson(JSON.stringify(model.vocab), merges));
    const given = "The tokens' model isn't <mask> 模型 again";
    expect(made.encode(given, { pair: "x", offsets: true })).toEqual(
      roberta.encode(given, { pair: "x", offsets: true }),
    );
    expect(() => byteLevelBpeJson('{"a": 0}', "")).toThrow(
      /ERR_VOCABULARY.*<s>, <pad>.* missing among 1 tokens/,
    );
    expect(() => byteLevelBpeJson("[", "")).toThrow("ERR_TOKENIZER_JSON");
  });
});

describe("Unigram", () => {
  it("counts what it cannot spell, unknown characters in a row as one", () => {
    expect(xlm.encode("the 𝌆𝌆𝌆 model")).toMatchObject({ unknownTokens: 1 });
    expect(xlm.encode("the model", { addSpecialTokens: false }).unknownTokens).toBe(0);
  });

  it("reads back what it spelled, white space aside", () => {
    const { ids } = xlm.encode("the  model 和 模型");
    expect(xlm.decode(ids, { skipSpecialTokens: true })).toBe("the model 和 模型");
    expect(() => xlm.decode([1e6])).toThrow("ERR_TOKEN_ID");
  });

  it("spells in smaller pieces on request", () => {
    const spelled = xlm.encode("model", { addSpecialTokens: false, dropMatch: () => true });
    expect(spelled.ids.length).toBeGreaterThanOrEqual(5);
  });
});

describe("special tokens", () => {
  it("are known by what the file calls them, or by their usual names", () => {
    expect([roberta.padId, roberta.maskId, xlm.padId]).toEqual([1, 1160, 1]);
    const { specialTokens } = roberta as PipelineTokenizer;
    expect(specialTokens).toEqual({
      cls_token: "<s>",
      mask_token: "<mask>",
      pad_token: "<pad>",
      sep_token: "</s>",
      unk_token: "<unk>",
    });
    expect(readTokenizer(text("modernbert"), { padToken: "[SEP]" }).padId).toBe(1162);
    expect(roberta.isSpecial(0)).toBe(true);
    expect(roberta.isSpecial(9)).toBe(false);
  });

  it("are refused where there is none to pad with", () => {
    const json = changed("xlm-roberta", (document) => {
      document.model.vocab[1] = ["<padding>", 0];
      document.added_tokens = [];
    });
    expect(() => readTokenizer(json, { file: "x/tokenizer.json" })).toThrow(
      /ERR_VOCABULARY.*padding token.*x\/tok/,
    );
  });
});

it("a WordPiece file gives a BertTokenizer", () => {
  const json = BertTokenizer.fromVocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]"]).toTokenizerJson();
  expect(readTokenizer(json)).toBeInstanceOf(BertTokenizer);
});

it("a file is written as it was read, but for settings of a run", () => {
  const json = changed("roberta", (document) => {
    document.truncation = { max_length: 7 };
  });
  expect(JSON.parse(readTokenizer(json).toTokenizerJson())).toEqual(JSON.parse(text("roberta")));
});

describe("refused", () => {
  test.each<[string, string, (document: Document) => void, RegExp]>([
    [
      "another model",
      "roberta",
      (d) => Object.assign(d.model, { type: "WordLevel" }),
      /model\.type must be .*found "WordLevel"/,
    ],
    [
      "a continuing prefix",
      "roberta",
      (d) => Object.assign(d.model, { continuing_subword_prefix: "##" }),
      /continuing_subword_prefix/,
    ],
    [
      "byte fallback",
      "xlm-roberta",
      (d) => Object.assign(d.model, { byte_fallback: true }),
      /byte_fallback must be false/,
    ],
    [
      "an unknown normalizer",
      "xlm-roberta",
      (d) => Object.assign(d, { normalizer: { type: "Nmt" } }),
      /normalizer\.type must be .*"Nmt"/,
    ],
    [
      "an unknown pre-tokenizer",
      "roberta",
      (d) => Object.assign(d, { pre_tokenizer: { type: "Digits" } }),
      /pre_tokenizer\.type.*"Digits"/,
    ],
    ["no template", "roberta", (d) => Object.assign(d, { post_processor: null }), /post_processor/],
    [
      "a pattern of several characters",
      "albert",
      (d) => Object.assign(d, { normalizer: { type: "Replace", pattern: { Regex: "a|b" }, content: "" } }),
      /Regex must be one character.*"a\|b"/,
    ],
    [
      "a broken character map",
      "albert",
      (d) => Object.assign(d, { normalizer: { type: "Precompiled", precompiled_charsmap: "AQ==" } }),
      /precompiled_charsmap must be SentencePiece's/,
    ],
    [
      "a merge of nothing known",
      "roberta",
      (d) => d.model.merges.push("qqq zzz"),
      /merges must be pairs .*found qqq zzz/,
    ],
    [
      "a vocabulary without all bytes or an unknown token",
      "modernbert",
      (d) => delete d.model.vocab.Q,
      /all 256 bytes/,
    ],
    [
      "an unknown token that is not there",
      "xlm-roberta",
      (d) => Object.assign(d.model, { unk_id: 99999 }),
      /unk_id must be the place of a piece/,
    ],
  ])("%s", (_, name, change, message) => {
    expect(() => readTokenizer(changed(name, change), { file: "m/tokenizer.json" })).toThrow(message);
    expect(() => readTokenizer(changed(name, change), { file: "m/tokenizer.json" })).toThrow(
      "(m/tokenizer.json)",
    );
  });
});
