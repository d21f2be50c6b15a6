import { describe, expect, it } from "vitest";
import { BertTokenizer } from "./tokenizer.ts";

const VOCABULARY = ["[PAD]", "never", "[UNK]", "[CLS]", "[SEP]", "##more", "!", "can", "'", "t", "[MASK]"];
const tokenizer = BertTokenizer.fromVocabulary(VOCABULARY);

describe("ids and tokens", () => {
  it("are those of the vocabulary", () => {
    expect(VOCABULARY.map((token) => tokenizer.tokenToId(token))).toEqual(VOCABULARY.map((_, id) => id));
    expect(VOCABULARY.map((_, id) => tokenizer.idToToken(id))).toEqual(VOCABULARY);
    expect(tokenizer.tokenToId("more")).toBeUndefined();
    expect(tokenizer.idToToken(11)).toBeUndefined();
    expect(tokenizer.vocabSize).toBe(11);
    expect(tokenizer.toVocabularyText()).toBe(`${VOCABULARY.join("\n")}\n`);
  });

  it("of special tokens have names", () => {
    const { padId, unkId, clsId, sepId, maskId } = tokenizer;
    expect({ padId, unkId, clsId, sepId, maskId }).toEqual({
      padId: 0,
      unkId: 2,
      clsId: 3,
      sepId: 4,
      maskId: 10,
    });
    expect(VOCABULARY.filter((_, id) => tokenizer.isSpecial(id))).toEqual([
      "[PAD]",
      "[UNK]",
      "[CLS]",
      "[SEP]",
      "[MASK]",
    ]);
  });

  it("do without [MASK] until it is asked for", () => {
    const without = BertTokenizer.fromVocabulary(VOCABULARY.slice(0, -1));
    expect(without.encode("nevermore").ids).toEqual([3, 1, 5, 4]);
    expect(() => without.maskId).toThrow(/ERR_VOCABULARY: the vocabulary must contain \[MASK\]/);
  });
});

describe("fromVocabulary", () => {
  it("refuses tokens that stand twice", () => {
    expect(() => BertTokenizer.fromVocabulary([...VOCABULARY, "never"])).toThrow(
      /ERR_VOCABULARY: .*"never" stands on lines 2 and 12/,
    );
  });

  it.each(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])("refuses a vocabulary without %s", (special) => {
    expect(() => BertTokenizer.fromVocabulary(VOCABULARY.filter((token) => token !== special))).toThrow(
      `ERR_VOCABULARY: a BERT vocabulary must contain [PAD], [UNK], [CLS], [SEP]; ${special} missing`,
    );
  });

  it("takes the normalizer's options and the limit on words", () => {
    const cased = BertTokenizer.fromVocabulary([...VOCABULARY, "É"], {
      lowercase: false,
      maxCharactersPerWord: 5,
    });
    expect(cased.lowercase).toBe(false);
    expect(tokenizer.lowercase).toBe(true);
    expect(cased.encode("É Never never nevermore").ids).toEqual([3, 11, 2, 1, 2, 4]);
  });
});

describe("decode", () => {
  it("joins pieces and cleans up", () => {
    expect(tokenizer.decode([3, 1, 5, 6, 7, 8, 9, 4, 0])).toBe("[CLS] nevermore! can't [SEP] [PAD]");
    expect(tokenizer.decode([3, 1, 5, 6, 7, 8, 9, 4, 0], { skipSpecialTokens: true })).toBe(
      "nevermore! can't",
    );
    expect(tokenizer.decode(new Int32Array([1, 5]))).toBe("nevermore");
    expect(tokenizer.decode([])).toBe("");
  });

  it.each([-1, 11, 1.5, Number.NaN])("refuses %d, which is no id", (id) => {
    expect(() => tokenizer.decode([1, id])).toThrow(
      `ERR_TOKEN_ID: a token id must be a whole number from 0 to 10; found ${id}`,
    );
  });
});
