/**
 * What kind of character a code point is to a BERT tokenizer.
 *
 * The classes are those of Hugging Face's `tokenizers`, which published models were trained with; the tables behind
 * them are frozen (character-tables.generated.ts), so that a text gives the same tokens on every runtime.
 * White space is the Unicode property White_Space, and never changes. "Chinese" is the list of blocks in
 * `normalizers/bert.rs`, with its slip: extension E starts at U+2B920 there, not at U+2B820.
 *
 * Does not decide what happens to a character: the normalizer and the pre-tokenizer do.
 */
import {
  ACCENTS,
  KEPT_MARKS,
  MARKS,
  PUNCTUATION,
  REMOVED,
  UNDECOMPOSED,
} from "./character-tables.generated.ts";

/** A set of these bits stands in `characterClasses` at each code point. */
export const CharacterClass = {
  /** Separates words. */
  space: 1,
  /** A word of its own. */
  punctuation: 2,
  /** Removed by cleaning: control, format and private-use characters, U+0000 and U+FFFD. */
  removed: 4,
  /** Removed by accent stripping. */
  accent: 8,
  /** Not an accent, but moved by canonical ordering among accents. */
  keptMark: 16,
  /** A word of its own when Chinese characters are handled. */
  chinese: 32,
  /** Has a decomposition in the runtime's Unicode, but not in ours. */
  undecomposed: 64,
  /** Removed by the normalizer StripAccents, which knows more marks than BERT's accent stripping. */
  mark: 128,
} as const;

const WHITE_SPACE = [
  0x9, 0xd, 0x20, 0x20, 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f,
  0x202f, 0x205f, 0x205f, 0x3000, 0x3000,
];

const CHINESE = [
  0x3400, 0x4dbf, 0x4e00, 0x9fff, 0xf900, 0xfaff, 0x20000, 0x2a6df, 0x2a700, 0x2b73f, 0x2b740, 0x2b81f,
  0x2b920, 0x2ceaf, 0x2f800, 0x2fa1f,
];

/** The bits of `CharacterClass`, one entry a code point. Only to be read. */
export const characterClasses: Uint8Array = classify();

/** Whether `codePoint` has the class whose bit is given. */
export function hasClass(codePoint: number, bit: number): boolean {
  return (characterClasses[codePoint] & bit) !== 0;
}

function classify(): Uint8Array {
  const classes = new Uint8Array(0x110000);
  const mark = (bit: number, ranges: readonly number[]) => {
    for (let i = 0; i < ranges.length; i += 2) {
      for (let codePoint = ranges[i]; codePoint <= ranges[i + 1]; codePoint++) classes[codePoint] |= bit;
    }
  };
  mark(CharacterClass.space, WHITE_SPACE);
  mark(CharacterClass.punctuation, PUNCTUATION);
  mark(CharacterClass.removed, [0, 0, ...REMOVED]);
  mark(CharacterClass.accent, ACCENTS);
  mark(CharacterClass.keptMark, KEPT_MARKS);
  mark(CharacterClass.chinese, CHINESE);
  mark(CharacterClass.undecomposed, UNDECOMPOSED);
  mark(CharacterClass.mark, MARKS);
  return classes;
}
