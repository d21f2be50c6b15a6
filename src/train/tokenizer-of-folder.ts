/**
 * The tokenizer that a model folder describes: tokenizer.json where it is there, else vocab.txt with the casing
 * that tokenizer_config.json names.
 *
 * Google's releases have a vocabulary alone, and name the casing in the folder's name at most. There the vocabulary says
 * it: a tokenizer that lower-cases never makes a token with a capital, so one with thousands of them is cased.
 */
import { z } from "zod";
import { AttuneError } from "../base/errors.ts";
import type { ModelFolder } from "../models/checkpoint/index.ts";
import type { NormalizerOptions } from "../text/index.ts";
import { BertTokenizer, readVocabulary } from "../text/index.ts";

/**
 * @param rows rows of the model's embedding table: `vocab_size` of its config.json.
 * @throws ERR_MODEL_FILE where the folder has neither file, ERR_VOCABULARY_SIZE where the vocabulary is larger than
 *   the table, and what the readers of both files throw.
 */
export function tokenizerOfFolder(folder: ModelFolder, rows: number): BertTokenizer {
  const tokenizer = readTokenizer(folder);
  if (tokenizer.vocabSize <= rows) return tokenizer;
  throw new AttuneError("ERR_VOCABULARY_SIZE", {
    rule: "the vocabulary must not be larger than the model's embedding table",
    found: `${tokenizer.vocabSize} tokens and ${rows} rows (vocab_size in config.json)`,
    next: "use the vocabulary that the model was trained with",
    file: folder.path,
  });
}

function readTokenizer(folder: ModelFolder): BertTokenizer {
  if (folder.tokenizerJson !== undefined) {
    return BertTokenizer.fromTokenizerJson(folder.tokenizerJson, `${folder.path}/tokenizer.json`);
  }
  if (folder.vocabulary !== undefined) {
    const vocabulary = readVocabulary(folder.vocabulary, `${folder.path}/vocab.txt`);
    const options = folder.tokenizerConfig === undefined ? casingOf(vocabulary) : normalizerOptions(folder);
    return BertTokenizer.fromVocabulary(vocabulary, options);
  }
  throw new AttuneError("ERR_MODEL_FILE", {
    rule: "a model folder must have vocab.txt or tokenizer.json",
    found: "found neither",
    next: "copy the vocabulary that the model was trained with into the folder",
    file: folder.path,
  });
}

/** Tokens with a capital: none or two in 10,000 of Google's uncased and Chinese vocabularies, 14% or more of the cased. */
const CASED_SHARE = 0.01;

function casingOf(vocabulary: readonly string[]): NormalizerOptions {
  const words = vocabulary.filter((token) => !token.startsWith("["));
  const capitals = words.filter((token) => /\p{Lu}/u.test(token)).length;
  return { lowercase: capitals <= CASED_SHARE * words.length };
}

const tokenizerConfigSchema = z.object({
  do_lower_case: z.boolean().optional(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().optional(),
});

/** What tokenizer_config.json says, with transformers' defaults: lower-case, accents stripped with it, CJK apart. */
function normalizerOptions({ tokenizerConfig, path }: ModelFolder): NormalizerOptions {
  const parsed = tokenizerConfigSchema.safeParse(tokenizerConfig);
  if (!parsed.success) {
    throw new AttuneError("ERR_MODEL_FILE", {
      rule: "tokenizer_config.json must be as transformers writes it",
      found: `${parsed.error.issues[0].path.join(".")}: ${parsed.error.issues[0].message}`,
      next: "correct the file",
      file: `${path}/tokenizer_config.json`,
    });
  }
  const { do_lower_case: lowercase = true, strip_accents, tokenize_chinese_chars } = parsed.data;
  return {
    lowercase,
    stripAccents: strip_accents ?? lowercase,
    handleChineseChars: tokenize_chinese_chars ?? true,
  };
}
