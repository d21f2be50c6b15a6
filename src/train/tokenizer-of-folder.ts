/**
 * The tokenizer that a model folder describes: tokenizer.json where it is there, else vocab.txt with the casing
 * that tokenizer_config.json names.
 */
import { AttuneError } from "../base/errors.ts";
import type { ModelFolder } from "../models/checkpoint/index.ts";
import { BertTokenizer, readVocabulary } from "../text/index.ts";

/** @throws ERR_MODEL_FILE where the folder has neither file, and what the readers of both throw. */
export function tokenizerOfFolder(folder: ModelFolder): BertTokenizer {
  if (folder.tokenizerJson !== undefined) {
    return BertTokenizer.fromTokenizerJson(folder.tokenizerJson, `${folder.path}/tokenizer.json`);
  }
  if (folder.vocabulary !== undefined) {
    return BertTokenizer.fromVocabulary(readVocabulary(folder.vocabulary, `${folder.path}/vocab.txt`), {
      lowercase: lowercaseOf(folder.tokenizerConfig),
    });
  }
  throw new AttuneError("ERR_MODEL_FILE", {
    rule: "a model folder must have vocab.txt or tokenizer.json",
    found: "found neither",
    next: "copy the vocabulary that the model was trained with into the folder",
    file: folder.path,
  });
}

/** transformers' default is to lowercase. */
function lowercaseOf(tokenizerConfig: unknown): boolean {
  const isObject = typeof tokenizerConfig === "object" && tokenizerConfig !== null;
  return !(isObject && "do_lower_case" in tokenizerConfig && tokenizerConfig.do_lower_case === false);
}
