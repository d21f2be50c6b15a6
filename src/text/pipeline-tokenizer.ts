/**
 * The tokenizer of any `tokenizer.json` of BERT's family that is not WordPiece: byte-level BPE (RoBERTa, ModernBERT) and
 * Unigram (XLM-R, ALBERT).
 *
 * Stages: added tokens and normalizer (flagged-tokens.ts, normalizer-steps.ts), pre-tokenizer, model, truncation,
 * template. Ids and offsets are those of Hugging Face's `tokenizers` 0.23, but that offsets count UTF-16 units. WordPiece
 * goes through tokenizer.ts, which is faster.
 *
 * Does not pad or batch, has no stride and no overflowing windows, and reads no files.
 */
import { AttuneError } from "../base/errors.ts";
import { tokensOf } from "./decode.ts";
import type { DecodeOptions, EncodeOptions, Encoding, Tokenizer } from "./encoding.ts";
import { FlaggedTokens } from "./flagged-tokens.ts";
import type { PipelineParts } from "./pipeline-json.ts";
import { readPipelineJson } from "./pipeline-json.ts";
import type { TemplatePiece } from "./template.ts";
import { TokenBuffer } from "./token-buffer.ts";
import { checkLimit, keptTokens } from "./truncation.ts";

/** What tokenizer.json does not say. */
export interface PipelineOptions {
  /** Named in errors. */
  readonly file?: string;
  /** Default: the one of "<pad>" and "[PAD]" that the vocabulary has. */
  readonly padToken?: string;
  /** Default: the one of "<mask>" and "[MASK]" that the vocabulary has. */
  readonly maskToken?: string;
}

/**
 * Encodes one text, or pair of texts, at a time. Immutable but for buffers that it uses again.
 *
 * @example
 * const tokenizer = PipelineTokenizer.fromTokenizerJson(await readFile("roberta/tokenizer.json", "utf8"));
 * tokenizer.encode("Hello there").ids; // [0, 31414, 89, 2]
 */
export class PipelineTokenizer implements Tokenizer {
  readonly padId: number;
  readonly padToken: string;

  readonly #parts: PipelineParts;
  readonly #tokens: readonly string[];
  readonly #specialIds: ReadonlySet<number>;
  readonly #added: FlaggedTokens;
  readonly #maskToken: string | undefined;
  readonly #first = new TokenBuffer();
  readonly #second = new TokenBuffer();

  private constructor(parts: PipelineParts, options: PipelineOptions) {
    this.#parts = parts;
    const tokens: string[] = [];
    for (const [token, id] of parts.ids) tokens[id] = token;
    this.#tokens = tokens;
    this.#specialIds = new Set(parts.addedTokens.filter(({ special }) => special).map(({ id }) => id));
    this.#added = new FlaggedTokens(parts.addedTokens, parts.normalize);
    this.padToken = this.#named([options.padToken, "<pad>", "[PAD]"]) ?? "";
    this.#maskToken = this.#named([options.maskToken, "<mask>", "[MASK]"]);
    const padId = parts.ids.get(this.padToken);
    if (padId === undefined) {
      throw new AttuneError("ERR_VOCABULARY", {
        rule: "the vocabulary must contain a padding token",
        found: `none of its ${tokens.length} tokens is ${options.padToken ?? '"<pad>" or "[PAD]"'}`,
        next: 'name it as "pad_token" in tokenizer_config.json',
        ...(options.file === undefined ? {} : { file: options.file }),
      });
    }
    this.padId = padId;
  }

  /**
   * The tokenizer in the text of a `tokenizer.json`.
   * Throws ERR_TOKENIZER_JSON if it has a part that is not known here, ERR_VOCABULARY if there is no padding token.
   */
  static fromTokenizerJson(json: string, options: PipelineOptions = {}): PipelineTokenizer {
    return new PipelineTokenizer(readPipelineJson(json, options.file), options);
  }

  /** The text of a `tokenizer.json`, as it was read but without settings of a run (truncation, padding). */
  toTokenizerJson(): string {
    return `${JSON.stringify(this.#parts.document, null, 2)}\n`;
  }

  get vocabSize(): number {
    return this.#tokens.length;
  }

  get maskId(): number {
    const id = this.#maskToken === undefined ? undefined : this.#parts.ids.get(this.#maskToken);
    if (id !== undefined) return id;
    throw new AttuneError("ERR_VOCABULARY", {
      rule: "the vocabulary must contain a mask token",
      found: `none of its ${this.vocabSize} tokens is "<mask>" or "[MASK]"`,
      next: "use a vocabulary that was made for a masked-language model",
    });
  }

  /** Special tokens by the names of tokenizer_config.json. */
  get specialTokens(): Readonly<Record<string, string>> {
    const special = this.#parts.template.single.filter(({ kind }) => kind === "special");
    const token = (piece: TemplatePiece | undefined) =>
      piece?.kind === "special" ? this.#tokens[piece.ids[0]] : undefined;
    const { unknownId: unknown } = this.#parts;
    const named = {
      cls_token: token(special[0]),
      mask_token: this.#maskToken,
      pad_token: this.padToken,
      sep_token: token(special.at(-1)),
      unk_token: unknown === undefined ? undefined : this.#tokens[unknown],
    };
    return Object.fromEntries(
      Object.entries(named).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])),
    );
  }

  tokenToId(token: string): number | undefined {
    return this.#parts.ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#tokens[id];
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  encode(text: string, options: EncodeOptions = {}): Encoding {
    const { pair, addSpecialTokens = true } = options;
    const { template } = this.#parts;
    const pieces = framed(pair === undefined ? template.single : template.pair, addSpecialTokens);
    const specialTokens = pieces.reduce((sum, one) => sum + (one.kind === "special" ? one.ids.length : 0), 0);
    checkLimit(options, specialTokens);
    const first = this.#tokenize(text, this.#first, options);
    const second = this.#tokenize(pair ?? "", this.#second, options);
    const kept = keptTokens(first, second, options, specialTokens);
    const length = kept[0] + kept[1] + specialTokens;
    const ids: number[] = [];
    const typeIds: number[] = [];
    const offsets = options.offsets === true ? new Int32Array(2 * length) : undefined;
    const textOf = new Uint8Array(length);
    for (const piece of pieces) {
      if (piece.kind === "special") ids.push(...piece.ids);
      else {
        textOf.fill(piece.text, ids.length, ids.length + kept[piece.text]);
        (piece.text === 0 ? first : second).copyTo(ids, offsets, kept[piece.text]);
      }
      while (typeIds.length < ids.length) typeIds.push(piece.typeId);
    }
    const tokenCount = first.length + second.length;
    return {
      ids,
      typeIds,
      ...(offsets === undefined ? {} : { offsets, textOf }),
      tokenCount,
      truncatedTokens: tokenCount - kept[0] - kept[1],
      unknownTokens: first.unknown + second.unknown,
    };
  }

  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    return this.#parts.decode(tokensOf(this, ids, options));
  }

  /** Fills `out` with the tokens of one text, all of them, and notes where it reached the limit. */
  #tokenize(text: string, out: TokenBuffer, options: EncodeOptions): TokenBuffer {
    const { maxLength: limit = Number.POSITIVE_INFINITY, dropMatch } = options;
    const { preTokenize, model } = this.#parts;
    out.clear();
    for (const part of this.#added.split(text)) {
      if (part.token !== undefined) {
        out.push(part.token.id, part.start, part.end);
        continue;
      }
      for (const word of preTokenize(part.text)) {
        model.append(word, out, dropMatch);
        if (out.length >= limit && out.lengthAtLimit === 0) out.lengthAtLimit = out.length;
      }
    }
    if (out.lengthAtLimit === 0) out.lengthAtLimit = out.length;
    if (options.offsets === true && this.#parts.template.trimOffsets) this.#trimOffsets(text, out);
    return out;
  }

  /** Leaves white space at the edges of tokens out of their offsets, but a first space that was added. */
  #trimOffsets(text: string, { ids, starts, ends, length }: TokenBuffer): void {
    const { addedTokens } = this.#parts;
    const addedIds = new Set(addedTokens.map(({ id }) => id));
    for (let i = 0; i < length; i++) {
      // an added token is what it took from the text, white space beside it included
      const token = addedIds.has(ids[i]) ? text.slice(starts[i], ends[i]) : this.#tokens[ids[i]];
      let leading = /^[\p{White_Space}Ġ]*/u.exec(token)?.[0].length ?? 0;
      const trailing = /[\p{White_Space}Ġ]*$/u.exec(token)?.[0].length ?? 0;
      if (leading > 0) {
        if ((i === 0 || starts[i] === 0) && this.#parts.template.addPrefixSpace) leading--;
        starts[i] = Math.min(starts[i] + leading, ends[i]);
      }
      if (trailing > 0 && ends[i] >= trailing) ends[i] = Math.max(ends[i] - trailing, starts[i]);
    }
  }

  /** The first of these tokens that there is. */
  #named(tokens: readonly (string | undefined)[]): string | undefined {
    return tokens.find((token) => token !== undefined && this.#parts.ids.has(token));
  }
}

/** A template, with special tokens or without. */
function framed(pieces: readonly TemplatePiece[], addSpecialTokens: boolean): readonly TemplatePiece[] {
  return addSpecialTokens ? pieces : pieces.filter(({ kind }) => kind === "text");
}
