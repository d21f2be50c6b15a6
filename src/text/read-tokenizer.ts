/** The tokenizer of a `tokenizer.json`, whichever kind it is. */
import type { Tokenizer } from "./encoding.ts";
import { JsonEntry } from "./json-entry.ts";
import type { PipelineOptions } from "./pipeline-tokenizer.ts";
import { PipelineTokenizer } from "./pipeline-tokenizer.ts";
import { BertTokenizer } from "./tokenizer.ts";

/**
 * The tokenizer in the text of a `tokenizer.json`: a `BertTokenizer` for WordPiece, a `PipelineTokenizer` for byte-level
 * BPE and Unigram.
 *
 * Throws ERR_TOKENIZER_JSON naming the part that is not known here, ERR_VOCABULARY if special tokens are missing.
 */
export function readTokenizer(json: string, options: PipelineOptions = {}): Tokenizer {
  const model = JsonEntry.parse(json, options.file).get("model");
  // files of tokenizers before 0.9 name no model type
  model.get("type").mustBe("WordPiece", "BPE", "Unigram", undefined);
  const type = model.get("type").value ?? (model.get("merges").value === undefined ? "WordPiece" : "BPE");
  return type === "WordPiece"
    ? BertTokenizer.fromTokenizerJson(json, options.file)
    : PipelineTokenizer.fromTokenizerJson(json, options);
}
