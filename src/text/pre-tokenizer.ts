/**
 * Splits a normalized text into words: at white space, and round every punctuation mark, which is a word itself.
 *
 * As Google's BasicTokenizer and Hugging Face's `pre_tokenizers/bert.rs`. "Punctuation" is every ASCII symbol and
 * the Unicode categories P*; other symbols (emoji, currency signs) are parts of words.
 *
 * Does not look at the language: Chinese characters are words because the normalizer puts spaces round them.
 */
import { CharacterClass, characterClasses } from "./character-classes.ts";
import type { NormalizedText } from "./normalized-text.ts";

const BOUNDARY = CharacterClass.space | CharacterClass.punctuation;

/** A buffer for more words than this serves one text only. */
const KEEP_WORDS = 1 << 20;

/** The words of a text, in a buffer that is filled again for text after text. */
export class WordSpans {
  /** `[start, end, start, end, ...]` in units of the normalized text; the first `2 * count` entries count. */
  bounds = new Int32Array(1024);
  count = 0;

  /** Finds the words of `text`, in place of those found before. */
  split(text: NormalizedText): void {
    const { units, length } = text;
    this.#fit(length);
    const bounds = this.bounds;
    let found = 0;
    let wordStart = 0;
    for (let at = 0; at < length; ) {
      let codePoint = units[at];
      let next = at + 1;
      if ((codePoint & 0xfc00) === 0xd800) {
        codePoint = ((codePoint - 0xd7c0) << 10) | (units[next] & 0x3ff);
        next++;
      }
      const boundary = characterClasses[codePoint] & BOUNDARY;
      if (boundary !== 0) {
        if (at > wordStart) {
          bounds[found++] = wordStart;
          bounds[found++] = at;
        }
        if (boundary !== CharacterClass.space) {
          bounds[found++] = at;
          bounds[found++] = next;
        }
        wordStart = next;
      }
      at = next;
    }
    if (length > wordStart) {
      bounds[found++] = wordStart;
      bounds[found++] = length;
    }
    this.count = found / 2;
  }

  /** Makes room for the words of a text of `length` units, each at least one long; lets go of a far larger buffer. */
  #fit(length: number): void {
    const capacity = this.bounds.length / 2;
    if (capacity < length || (capacity > KEEP_WORDS && length < KEEP_WORDS)) {
      this.bounds = new Int32Array(2 * Math.max(1024, 2 * length));
    }
  }
}
