/**
 * `attune/text`: BERT tokenization and vocabulary training. Runs alone, in Node and in a browser.
 */
export type { EncodeOptions, Encoding, Truncation } from "./encoding.ts";
export type { NormalizedText } from "./normalized-text.ts";
export { BertNormalizer, type NormalizerOptions } from "./normalizer.ts";
export { BertTokenizer, type TokenizerOptions } from "./tokenizer.ts";
export { type TrainVocabularyOptions, trainWordPiece, WordPieceTrainer } from "./train-vocabulary.ts";
export { readVocabulary, SPECIAL_TOKENS } from "./vocabulary.ts";
