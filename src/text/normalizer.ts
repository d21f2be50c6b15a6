/**
 * BERT's text normalization, keeping for every unit its place in the raw text.
 *
 * Per character, in this order: clean (remove control characters, U+FFFD and NUL; any white space becomes a space),
 * put spaces round Chinese characters, decompose and drop accents, lower-case. As in Google's `tokenization.py`
 * (BasicTokenizer) and, where the two differ, as in Hugging Face's `tokenizers` 0.23, `normalizers/bert.rs`.
 *
 * A lone surrogate reads as U+FFFD, as it does wherever JavaScript hands text to the outside; cleaning removes it.
 * Lower-casing is per character, without context: a final capital sigma becomes the ordinary small one. It is the
 * only step that follows the runtime's version of Unicode.
 *
 * Does not split into words, does not compose (NFC) and does not fold compatibility forms (NFKC).
 */
import { canonicalOrder } from "./canonical-order.ts";
import { CharacterClass, hasClass } from "./character-classes.ts";
import { codePointAt, codePoints, decompose, unitCount } from "./code-points.ts";
import { NormalizedText } from "./normalized-text.ts";

/** Each step can be switched off. */
export interface NormalizerOptions {
  /** Remove control characters and unify white space. Default true. */
  readonly cleanText?: boolean;
  /** Make each Chinese character a word. Default true. */
  readonly handleChineseChars?: boolean;
  /** Drop accents. Default: the same as `lowercase`. */
  readonly stripAccents?: boolean | undefined;
  /** Default true. */
  readonly lowercase?: boolean;
}

/** The most units that one unit of raw text becomes: U+FACF, a Chinese character, becomes space, two units, space. */
const MAX_GROWTH = 4;

/** Entries of the table of results: a code point, or one of these. */
const UNSEEN = 0;
const DROPPED = -1;
const CHINESE = -2;
const EXPANDED = -3;
const REORDERED = -4;
const SURROGATE = -5;

/**
 * BERT's normalizer with a given set of steps.
 *
 * @example
 * new BertNormalizer().normalize("Résumé 你好").slice(); // "resume  你  好 "
 */
export class BertNormalizer {
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;

  /** What each code point becomes, found when it is first met: 4 MB, of which only the pages in use are real. */
  readonly #results = new Int32Array(0x110000);
  readonly #expansions = new Map<number, readonly number[]>();

  constructor(options: NormalizerOptions = {}) {
    this.cleanText = options.cleanText ?? true;
    this.handleChineseChars = options.handleChineseChars ?? true;
    this.lowercase = options.lowercase ?? true;
    this.stripAccents = options.stripAccents ?? this.lowercase;
    this.#results.fill(SURROGATE, 0xd800, 0xe000);
  }

  /** `text` normalized, in a buffer of its own. */
  normalize(text: string): NormalizedText {
    const out = new NormalizedText();
    this.append(text, 0, text.length, out);
    return out;
  }

  /** Normalizes `text` from unit `from` to unit `to` and adds it to `out`; offsets count from the start of `text`. */
  append(text: string, from: number, to: number, out: NormalizedText): void {
    out.reserve(MAX_GROWTH * (to - from));
    const results = this.#results;
    const { units, starts, ends } = out;
    let length = out.length;
    for (let at = from; at < to; ) {
      let codePoint = text.charCodeAt(at);
      let result = results[codePoint];
      let end = at + 1;
      if (result === SURROGATE) {
        codePoint = codePointAt(text, at, to);
        result = results[codePoint];
        end = at + unitCount(codePoint);
      }
      if (result === UNSEEN) result = this.#resolve(codePoint);

      if (result > 0 && result <= 0xffff) {
        units[length] = result;
        starts[length] = at;
        ends[length] = end;
        length++;
      } else if (result !== DROPPED) {
        out.length = length;
        if (result === REORDERED) end = canonicalOrder(text, from, at, to, this.cleanText, out);
        else this.#appendParts(result, codePoint, at, end, out);
        length = out.length;
      }
      at = end;
    }
    out.length = length;
  }

  /** Adds what is more than one unit. */
  #appendParts(result: number, codePoint: number, start: number, end: number, out: NormalizedText): void {
    if (result > 0) {
      out.push(result, start, end);
    } else if (result === CHINESE) {
      out.push(0x20, start, end);
      out.push(codePoint, start, end);
      out.push(0x20, start, end);
    } else {
      for (const part of this.#expansions.get(codePoint) ?? []) out.push(part, start, end);
    }
  }

  /** Finds what a code point becomes, and writes it down. */
  #resolve(codePoint: number): number {
    const parts = this.#parts(codePoint);
    let result = EXPANDED;
    if (parts === undefined) result = REORDERED;
    else if (parts.length === 0) result = DROPPED;
    else if (parts.length === 1 && parts[0] > 0) result = parts[0];
    else if (parts.length === 3 && parts[1] === codePoint && parts[0] === 0x20) result = CHINESE;
    else this.#expansions.set(codePoint, parts);
    this.#results[codePoint] = result;
    return result;
  }

  /** The code points that one becomes by itself; undefined if that depends on its neighbours. */
  #parts(codePoint: number): readonly number[] | undefined {
    if (this.cleanText) {
      if (hasClass(codePoint, CharacterClass.removed)) return [];
      if (hasClass(codePoint, CharacterClass.space)) return [0x20];
    }
    let parts: readonly number[] = [codePoint];
    if (this.stripAccents) {
      parts = decompose(codePoint);
      if (parts.some((part) => hasClass(part, CharacterClass.keptMark))) return undefined;
      parts = parts.filter((part) => !hasClass(part, CharacterClass.accent));
    }
    if (this.lowercase) parts = parts.flatMap(lowercase);
    return this.handleChineseChars && hasClass(codePoint, CharacterClass.chinese)
      ? [0x20, ...parts, 0x20]
      : parts;
  }
}

function lowercase(codePoint: number): number[] {
  return codePoints(String.fromCodePoint(codePoint).toLowerCase());
}
