/**
 * `attune/text`: tokenization of BERT and its family, and vocabulary training. Runs alone, in Node and in a browser.
 */
export type { DecodeOptions, EncodeOptions, Encoding, Tokenizer, Truncation } from "./encoding.ts";
export type { NormalizedText } from "./normalized-text.ts";
export { byteLevelBpeJson } from "./byte-level-bpe.ts";
export { BertNormalizer, type NormalizerOptions } from "./normalizer.ts";
export { PipelineTokenizer, type PipelineOptions } from "./pipeline-tokenizer.ts";
export { readTokenizer } from "./read-tokenizer.ts";
export { BertTokenizer, type TokenizerOptions } from "./tokenizer.ts";
export { type TrainVocabularyOptions, trainWordPiece, WordPieceTrainer } from "./train-vocabulary.ts";
export { readVocabulary, SPECIAL_TOKENS } from "./vocabulary.ts";
