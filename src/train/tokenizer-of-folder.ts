/**
 * The tokenizer that a model folder describes, and what of it goes into a folder that is written.
 *
 * tokenizer.json where it is there, whatever its kind; else vocab.txt (WordPiece) with the casing that
 * tokenizer_config.json names; else vocab.json and merges.txt (byte-level BPE). The family does not decide: there are
 * ALBERTs with WordPiece.
 *
 * Google's releases have a vocabulary alone, and name the casing in the folder's name at most. There the vocabulary says
 * it: a tokenizer that lower-cases never makes a token with a capital, so one with thousands of them is cased.
 */
import { z } from "zod";
import { AttuneError } from "../base/errors.ts";
import type { ModelFolder, TokenizerContent } from "../models/checkpoint/index.ts";
import type { NormalizerOptions, Tokenizer } from "../text/index.ts";
import {
  BertTokenizer,
  byteLevelBpeJson,
  PipelineTokenizer,
  readTokenizer,
  readVocabulary,
} from "../text/index.ts";

/**
 * @param rows rows of the model's embedding table: `vocab_size` of its config.json.
 * @throws ERR_MODEL_FILE where the folder has no such file, ERR_VOCABULARY_SIZE where the vocabulary is larger than
 *   the table, and what the readers of both files throw.
 */
export function tokenizerOfFolder(folder: ModelFolder, rows: number): Tokenizer {
  const tokenizer = openTokenizer(folder);
  if (tokenizer.vocabSize <= rows) return tokenizer;
  throw new AttuneError("ERR_VOCABULARY_SIZE", {
    rule: "the vocabulary must not be larger than the model's embedding table",
    found: `${tokenizer.vocabSize} tokens and ${rows} rows (vocab_size in config.json)`,
    next: "use the vocabulary that the model was trained with",
    file: folder.path,
  });
}

/**
 * The WordPiece tokenizer of a folder, for what hides words: pre-training and filling masks.
 *
 * @throws ERR_TOKENIZER_KIND where it has another, ERR_VOCABULARY where it has no [MASK]; as `tokenizerOfFolder`
 */
export function wordPieceOfFolder(folder: ModelFolder, rows: number): BertTokenizer {
  const tokenizer = tokenizerOfFolder(folder, rows);
  if (tokenizer instanceof BertTokenizer) {
    requireMask(tokenizer);
    return tokenizer;
  }
  throw new AttuneError("ERR_TOKENIZER_KIND", {
    rule: "pre-training and filling masks take a BERT with a WordPiece tokenizer",
    found: "the folder has a tokenizer of another kind",
    next: "use a BERT, such as attune-zh-en-mini or one that attune pretrain wrote",
    file: folder.path,
  });
}

/** The id of [MASK]. @throws ERR_VOCABULARY where the vocabulary has none */
export function requireMask(tokenizer: BertTokenizer): number {
  return tokenizer.maskId;
}

/** The tokenizer's part of a model folder to write. */
export function tokenizerContent(tokenizer: Tokenizer): TokenizerContent {
  const tokenizerJson = tokenizer.toTokenizerJson();
  if (tokenizer instanceof BertTokenizer) {
    const vocabularyText = tokenizer.toVocabularyText();
    return { vocabularyText, tokenizerJson, normalizer: tokenizer.normalization };
  }
  const specialTokens = tokenizer instanceof PipelineTokenizer ? tokenizer.specialTokens : {};
  const tokenizerConfig = { tokenizer_class: "PreTrainedTokenizerFast", ...specialTokens };
  return { tokenizerJson, tokenizerConfig, specialTokens };
}

function openTokenizer(folder: ModelFolder): Tokenizer {
  const { path, tokenizerJson, vocabulary, vocabularyJson, merges } = folder;
  if (tokenizerJson !== undefined) {
    return readTokenizer(tokenizerJson, { file: `${path}/tokenizer.json`, ...namedTokens(folder) });
  }
  if (vocabulary !== undefined) {
    const tokens = readVocabulary(vocabulary, `${path}/vocab.txt`);
    const options = folder.tokenizerConfig === undefined ? casingOf(tokens) : normalizerOptions(folder);
    return BertTokenizer.fromVocabulary(tokens, options);
  }
  if (vocabularyJson !== undefined && merges !== undefined) {
    const file = `${path}/vocab.json`;
    const { add_prefix_space: addPrefixSpace = false } = readConfig(folder);
    const json = byteLevelBpeJson(vocabularyJson, merges, { addPrefixSpace, file });
    return PipelineTokenizer.fromTokenizerJson(json, { file });
  }
  throw noTokenizer(folder);
}

function noTokenizer({ path, sentencePiece }: ModelFolder): AttuneError {
  return new AttuneError("ERR_MODEL_FILE", {
    rule: "a model folder must have tokenizer.json, vocab.txt, or vocab.json and merges.txt",
    found: sentencePiece === undefined ? "found none of them" : `found only ${sentencePiece}`,
    next:
      sentencePiece === undefined
        ? "copy the tokenizer that the model was trained with into the folder"
        : "get the model's tokenizer.json as well: in transformers, AutoTokenizer.from_pretrained(...).save_pretrained",
    file: path,
  });
}

/** Tokens with a capital: none or two in 10,000 of Google's uncased and Chinese vocabularies, 14% or more of the cased. */
const CASED_SHARE = 0.01;

function casingOf(vocabulary: readonly string[]): NormalizerOptions {
  const words = vocabulary.filter((token) => !token.startsWith("["));
  const capitals = words.filter((token) => /\p{Lu}/u.test(token)).length;
  return { lowercase: capitals <= CASED_SHARE * words.length };
}

/** A special token in tokenizer_config.json: its text, or an object with it. */
const namedToken = z.union([z.string(), z.object({ content: z.string() })]).nullish();

const tokenizerConfigSchema = z.object({
  do_lower_case: z.boolean().optional(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().optional(),
  add_prefix_space: z.boolean().optional(),
  pad_token: namedToken,
  mask_token: namedToken,
});

/** @throws ERR_MODEL_FILE */
function readConfig({ tokenizerConfig: json, path }: ModelFolder) {
  const parsed = tokenizerConfigSchema.safeParse(json ?? {});
  if (parsed.success) return parsed.data;
  throw new AttuneError("ERR_MODEL_FILE", {
    rule: "tokenizer_config.json must be as transformers writes it",
    found: `${parsed.error.issues[0].path.join(".")}: ${parsed.error.issues[0].message}`,
    next: "correct the file",
    file: `${path}/tokenizer_config.json`,
  });
}

/** How texts are normalised, with transformers' defaults: lower-case, accents stripped with it, CJK apart. */
function normalizerOptions(folder: ModelFolder): NormalizerOptions {
  const { do_lower_case: lowercase = true, strip_accents, tokenize_chinese_chars } = readConfig(folder);
  return {
    lowercase,
    stripAccents: strip_accents ?? lowercase,
    handleChineseChars: tokenize_chinese_chars ?? true,
  };
}

/** The padding and the mask token, where the file names them. */
function namedTokens(folder: ModelFolder): { readonly padToken?: string; readonly maskToken?: string } {
  const { pad_token: pad, mask_token: mask } = readConfig(folder);
  const text = (token: z.infer<typeof namedToken>) => (typeof token === "string" ? token : token?.content);
  const [padToken, maskToken] = [text(pad), text(mask)];
  return {
    ...(padToken === undefined ? {} : { padToken }),
    ...(maskToken === undefined ? {} : { maskToken }),
  };
}
