/**
 * The cases that transformers.js publishes for 24 tokenizers: tokens, ids and decoded text.
 *
 * Where the tokenizer's vocabulary is at hand, all three are compared. Where it is not, a vocabulary is made of the
 * pieces that the cases contain: the longest piece of the whole vocabulary at a place is among them, and no longer
 * one can be, so the same tokens must come out. Three tokenizers are no WordPiece.
 */
import { expect, it } from "vitest";
import { BertTokenizer } from "../../src/text/index.ts";
import { oracle, published, type VocabularyName } from "./peer.ts";

interface Case {
  readonly text: string;
  readonly text_pair?: string;
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
  readonly decoded: string;
}

interface Model {
  readonly vocabulary?: VocabularyName;
  readonly lowercase?: boolean;
  /** Why the cases do not apply. */
  readonly reason?: string;
}

const MODELS: Readonly<Record<string, Model>> = {
  "bert:Xenova/bert-base-uncased": { vocabulary: "uncased" },
  "bert:Xenova/bert-base-cased": { vocabulary: "cased", lowercase: false },
  "bert:google-bert/bert-base-cased": { vocabulary: "cased", lowercase: false },
  // lower-cases, though its vocabulary is cased
  "bert:Xenova/spanbert-large-cased": { vocabulary: "cased" },
  "bert:Xenova/bert-base-multilingual-cased-ner-hrl": { vocabulary: "multilingual-cased", lowercase: false },
  "bert:Xenova/bge-small-zh-v1.5": { vocabulary: "chinese", lowercase: false },
  "bert:Xenova/bge-base-zh-v1.5": { vocabulary: "chinese" },
  "distilbert:Xenova/distilbert-base-cased-distilled-squad": { vocabulary: "cased", lowercase: false },
  "distilbert:Xenova/distilbert-base-uncased-finetuned-sst-2-english": { vocabulary: "uncased" },
  "distilbert:Xenova/distiluse-base-multilingual-cased-v2": {
    vocabulary: "multilingual-cased",
    lowercase: false,
  },
  "distilbert:distilbert/distilbert-base-multilingual-cased": {
    vocabulary: "multilingual-cased",
    lowercase: false,
  },
  "bert:Xenova/bert-base-multilingual-uncased-sentiment": {},
  "bert:Xenova/indobert-base-p1": {},
  "bert:Xenova/UMLSBert_ENG": {},
  "bert:Xenova/SapBERT-from-PubMedBERT-fulltext": {},
  "bert:Xenova/scibert_scivocab_uncased": {},
  "bert:Xenova/ernie-gram-zh": {},
  "bert:onnx-community/language_detection-ONNX": {},
  "bert:Xenova/rubert-base-cased": { lowercase: false },
  "bert:Xenova/kobert": { lowercase: false },
  "bert:Xenova/LaBSE": { lowercase: false },
  "bert:Xenova/paraphrase-multilingual-MiniLM-L12-v2": { reason: "SentencePiece unigram, not WordPiece" },
  "bert:Xenova/multilingual-e5-small": { reason: "SentencePiece unigram, not WordPiece" },
  "bert:Xenova/herbert-large-cased": { reason: "byte-pair encoding with </w>, not WordPiece" },
};

const SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

it("the list above is the list of the file", (context) => {
  const { models } = oracle<{ models: Record<string, unknown> }>(context, "transformersjs_bert_tokenization");
  expect(Object.keys(models).toSorted()).toEqual(Object.keys(MODELS).toSorted());
});

it.for(Object.entries(MODELS))("%s", ([name, { vocabulary, lowercase = true, reason }], context) => {
  if (reason !== undefined) context.skip(reason);
  const file = oracle<{ models: Record<string, Record<string, Case>> }>(
    context,
    "transformersjs_bert_tokenization",
  );
  const cases = Object.values(file.models[name]);
  expect(cases.length).toBeGreaterThan(0);
  const pieces = [...new Set([...SPECIALS, ...cases.flatMap((given) => given.tokens)])];
  const tokenizer =
    vocabulary === undefined
      ? BertTokenizer.fromVocabulary(pieces, { lowercase })
      : published(context, vocabulary, { lowercase });

  for (const { text, text_pair: pair, tokens, ids, decoded } of cases) {
    const { ids: inner } = tokenizer.encode(text, { pair, addSpecialTokens: false });
    expect(inner.map((id) => tokenizer.idToToken(id))).toEqual(tokens);
    const { ids: whole } = tokenizer.encode(text, { pair });
    if (vocabulary !== undefined) expect(whole).toEqual(ids);
    expect(tokenizer.decode(whole)).toBe(decoded);
  }
});
