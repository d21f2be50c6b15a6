/**
 * BERT's tokenizer: text to the ids that a model reads, and back.
 *
 * The stages stand in files of their own: added-tokens (in the raw text), normalizer, pre-tokenizer, wordpiece,
 * truncation. Ids and offsets are those of Hugging Face's `tokenizers` 0.23, but that offsets count UTF-16 units, as
 * `String.prototype.slice` does, where the Rust library counts code points.
 *
 * Does not pad or batch (data/ does), has no stride and no overflowing windows, and reads no files.
 */
import { AttuneError } from "../base/errors.ts";
import { AddedTokens } from "./added-tokens.ts";
import { joinTokens, tokensOf } from "./decode.ts";
import type { DecodeOptions, EncodeOptions, Encoding, Tokenizer } from "./encoding.ts";
import { NormalizedText } from "./normalized-text.ts";
import { BertNormalizer, type NormalizerOptions } from "./normalizer.ts";
import { WordSpans } from "./pre-tokenizer.ts";
import { TokenBuffer } from "./token-buffer.ts";
import { readTokenizerJson, type TokenizerParts, writeTokenizerJson } from "./tokenizer-json.ts";
import { checkLimit, keptTokens } from "./truncation.ts";
import { checkDistinct, checkSpecialTokens, SPECIAL_TOKENS, writeVocabulary } from "./vocabulary.ts";
import { WordPiece } from "./wordpiece.ts";

/** What a vocabulary alone does not say. */
export interface TokenizerOptions extends NormalizerOptions {
  /** Words of more characters than this are unknown. Default 100. */
  readonly maxCharactersPerWord?: number;
}

/**
 * Encodes one text, or pair of texts, at a time. Immutable but for buffers that it uses again.
 *
 * @example
 * const tokenizer = BertTokenizer.fromVocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "##ness"]);
 * tokenizer.encode("Goodness!").ids; // [2, 4, 5, 1, 3]
 */
export class BertTokenizer implements Tokenizer {
  readonly normalizer: BertNormalizer;
  readonly padId: number;
  readonly unkId: number;
  readonly clsId: number;
  readonly sepId: number;

  readonly #parts: TokenizerParts;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #tokens: readonly string[];
  readonly #specialIds: ReadonlySet<number>;
  readonly #added: AddedTokens;
  readonly #wordPiece: WordPiece;

  readonly #normalized = new NormalizedText();
  readonly #words = new WordSpans();
  readonly #first = new TokenBuffer();
  readonly #second = new TokenBuffer();

  private constructor(parts: TokenizerParts, file?: string) {
    this.#parts = parts;
    this.#ids = new Map([
      ...parts.vocabulary,
      ...parts.addedTokens.map(({ content, id }) => [content, id] as const),
    ]);
    const tokens: string[] = [];
    for (const [token, id] of this.#ids) tokens[id] = token;
    this.#tokens = tokens;
    checkSpecialTokens(this.#ids, file);
    this.#specialIds = new Set(parts.addedTokens.filter((token) => token.special).map((token) => token.id));
    this.padId = this.#idOf(SPECIAL_TOKENS.pad);
    this.unkId = this.#idOf(SPECIAL_TOKENS.unk);
    this.clsId = this.#idOf(SPECIAL_TOKENS.cls);
    this.sepId = this.#idOf(SPECIAL_TOKENS.sep);
    this.normalizer = new BertNormalizer(parts);
    this.#added = new AddedTokens(parts.addedTokens);
    this.#wordPiece = new WordPiece(parts.vocabulary, this.unkId, parts.maxCharactersPerWord);
  }

  /**
   * The tokenizer of a vocabulary whose ids are the positions in `tokens`. The special tokens [PAD], [UNK], [CLS],
   * [SEP] and, where there is one, [MASK] are recognised in texts.
   * Throws ERR_VOCABULARY if tokens are not distinct or one of the first four special tokens is missing.
   */
  static fromVocabulary(tokens: readonly string[], options: TokenizerOptions = {}): BertTokenizer {
    checkDistinct(tokens);
    const vocabulary = new Map(tokens.map((token, id) => [token, id]));
    const addedTokens = Object.values(SPECIAL_TOKENS).flatMap((content) => {
      const id = vocabulary.get(content);
      return id === undefined ? [] : [{ content, id, special: true }];
    });
    return new BertTokenizer({
      vocabulary,
      addedTokens: addedTokens.sort((a, b) => a.id - b.id),
      cleanText: options.cleanText ?? true,
      handleChineseChars: options.handleChineseChars ?? true,
      stripAccents: options.stripAccents,
      lowercase: options.lowercase ?? true,
      maxCharactersPerWord: options.maxCharactersPerWord ?? 100,
      cleanUp: true,
    });
  }

  /**
   * The tokenizer in the text of a `tokenizer.json`; `file` is only named in errors.
   * Throws ERR_TOKENIZER_JSON if it is not a BERT tokenizer, ERR_VOCABULARY if special tokens are missing.
   */
  static fromTokenizerJson(json: string, file?: string): BertTokenizer {
    return new BertTokenizer(readTokenizerJson(json, file), file);
  }

  /** The text of a `tokenizer.json` that Hugging Face's libraries read. */
  toTokenizerJson(): string {
    return writeTokenizerJson(this.#parts);
  }

  /** The text of a `vocab.txt`. Added tokens are in it where the vocabulary has them. */
  toVocabularyText(): string {
    return writeVocabulary([...this.#parts.vocabulary.keys()]);
  }

  /** How many ids there are, and so how many rows an embedding table needs. */
  get vocabSize(): number {
    return this.#tokens.length;
  }

  /** Whether texts are lower-cased. */
  get lowercase(): boolean {
    return this.normalizer.lowercase;
  }

  /** How texts are normalised, as tokenizer_config.json says it: `stripAccents` undefined follows `lowercase`. */
  get normalization(): {
    readonly lowercase: boolean;
    readonly stripAccents: boolean | undefined;
    readonly handleChineseChars: boolean;
  } {
    const { lowercase, stripAccents, handleChineseChars } = this.#parts;
    return { lowercase, stripAccents, handleChineseChars };
  }

  /** The id of [MASK]. Throws ERR_VOCABULARY if the vocabulary has none. */
  get maskId(): number {
    return this.#idOf(SPECIAL_TOKENS.mask);
  }

  /** The id of a token, or undefined. */
  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** The token of an id, or undefined. */
  idToToken(id: number): string | undefined {
    return this.#tokens[id];
  }

  /** Whether an id is that of a special token: [CLS], [MASK] and so on. */
  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /**
   * Encodes `text`, and with `options.pair` a second text. Any string can be encoded.
   * Throws ERR_TRUNCATION if the limits leave no room for special tokens or for the text that may be cut.
   */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    const { pair, addSpecialTokens = true } = options;
    const specialTokens = addSpecialTokens ? (pair === undefined ? 2 : 3) : 0;
    checkLimit(options, specialTokens);

    const first = this.#tokenize(text, this.#first, options);
    const second = this.#tokenize(pair ?? "", this.#second, options);
    const [keptFirst, keptSecond] = keptTokens(first, second, options, specialTokens);

    const length = keptFirst + keptSecond + specialTokens;
    const ids: number[] = [];
    const offsets = options.offsets === true ? new Int32Array(2 * length) : undefined;
    if (addSpecialTokens) ids.push(this.clsId);
    first.copyTo(ids, offsets, keptFirst);
    if (addSpecialTokens) ids.push(this.sepId);
    const firstTypes = ids.length;
    second.copyTo(ids, offsets, keptSecond);
    if (addSpecialTokens && pair !== undefined) ids.push(this.sepId);
    return {
      ids,
      typeIds: new Array<number>(length).fill(0, 0, firstTypes).fill(1, firstTypes),
      ...(offsets === undefined ? {} : { offsets }),
      tokenCount: first.length + second.length,
      truncatedTokens: first.length + second.length - keptFirst - keptSecond,
      unknownTokens: first.unknown + second.unknown,
    };
  }

  /**
   * Readable text from ids. Special tokens are left out with `skipSpecialTokens` (default false).
   * Throws ERR_TOKEN_ID for an id outside the vocabulary.
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    return joinTokens(tokensOf(this, ids, options), this.#parts.cleanUp);
  }

  /** Fills `out` with the tokens of one text, all of them, and notes where it reached the limit. */
  #tokenize(text: string, out: TokenBuffer, options: EncodeOptions): TokenBuffer {
    const { maxLength: limit = Number.POSITIVE_INFINITY, dropMatch } = options;
    out.clear();
    const tokenizePiece = (from: number, to: number) => {
      this.#normalized.clear();
      this.normalizer.append(text, from, to, this.#normalized);
      this.#words.split(this.#normalized);
      const { bounds, count } = this.#words;
      for (let i = 0; i < 2 * count; i += 2) {
        this.#wordPiece.append(this.#normalized, bounds[i], bounds[i + 1], out, dropMatch);
        if (out.length >= limit && out.lengthAtLimit === 0) out.lengthAtLimit = out.length;
      }
    };
    this.#added.split(text, tokenizePiece, (id, from, to) => out.push(id, from, to));
    if (out.lengthAtLimit === 0) out.lengthAtLimit = out.length;
    return out;
  }

  #idOf(token: string): number {
    const id = this.#ids.get(token);
    if (id === undefined) {
      throw new AttuneError("ERR_VOCABULARY", {
        rule: `the vocabulary must contain ${token}`,
        found: `none of its ${this.vocabSize} tokens is`,
        next: "use a vocabulary that was made for BERT",
      });
    }
    return id;
  }
}
