/**
 * What encoding a text gives, and what may be asked of it.
 *
 * Does not batch or pad: data/ does.
 */
/** One text, or pair of texts, as a model reads it. `t` tokens, special ones included. */
export interface Encoding {
  /** [t] indices into the vocabulary. */
  readonly ids: number[];
  /** [t] 0 for the first text and the special tokens around it, 1 for the second text and its [SEP]. */
  readonly typeIds: number[];
  /**
   * [2 * t] start and end of each token in the text it comes from, in UTF-16 units: `text.slice(o[2 * i],
   * o[2 * i + 1])` is what token i was read from. 0, 0 for the special tokens that encoding adds. Only on request.
   */
  readonly offsets?: Int32Array;
  /**
   * [t] 0 or 1: which text a token's offsets count in, from tokenizers whose `typeIds` do not say it (RoBERTa's are 0
   * throughout). Only together with offsets.
   */
  readonly textOf?: Uint8Array;
  /** Tokens of the text or texts before truncation, special ones that encoding adds not counted. */
  readonly tokenCount: number;
  /** How many of those truncation cut away. */
  readonly truncatedTokens: number;
  /** How many of `tokenCount` stand for words that the vocabulary cannot spell. */
  readonly unknownTokens: number;
}

/** How to decode. */
export interface DecodeOptions {
  /** Whether special tokens are left out. Default false. */
  readonly skipSpecialTokens?: boolean;
}

/** Text to the ids that a model reads, and back: what every tokenizer can do. */
export interface Tokenizer {
  /** What batches are filled up with. */
  readonly padId: number;
  /** How many ids there are, and so how many rows an embedding table needs. */
  readonly vocabSize: number;
  /** The id of the token that hides another. Throws ERR_VOCABULARY if the vocabulary has none. */
  readonly maskId: number;
  /** Encodes `text`, and with `options.pair` a second text. Throws ERR_TRUNCATION. */
  encode(text: string, options?: EncodeOptions): Encoding;
  /** Readable text from ids. Throws ERR_TOKEN_ID for an id outside the vocabulary. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** The id of a token, or undefined. */
  tokenToId(token: string): number | undefined;
  /** The token of an id, or undefined. */
  idToToken(id: number): string | undefined;
  /** Whether an id is that of a special token: [CLS], <mask> and so on. */
  isSpecial(id: number): boolean;
  /** The text of a `tokenizer.json` that Hugging Face's libraries read. */
  toTokenizerJson(): string;
}

/** Which text is cut to fit a limit; the rules stand in truncation.ts. */
export type Truncation = "longestFirst" | "onlyFirst" | "onlySecond";

/** How to encode. */
export interface EncodeOptions {
  /** A second text, for tasks on pairs. */
  readonly pair?: string | undefined;
  /** The most tokens to return, special ones included. Default: no limit. */
  readonly maxLength?: number | undefined;
  /** Which text is cut to fit `maxLength`. Default "longestFirst". Only together with `maxLength`. */
  readonly truncation?: Truncation | undefined;
  /** Whether to put [CLS] in front and [SEP] behind each text. Default true. */
  readonly addSpecialTokens?: boolean | undefined;
  /** Whether to return offsets. Default false. */
  readonly offsets?: boolean | undefined;
  /**
   * For training only: asked at every match but the shortest, and true passes that piece over, so that a word is
   * spelled in other ways (Hiraoka 2022, "MaxMatch-Dropout: Subword Regularization for WordPiece"). Of byte-pair encoding
   * a match is a merge (Provilkov et al. 2020, "BPE-Dropout"). Default: never.
   */
  readonly dropMatch?: (() => boolean) | undefined;
}
