/**
 * Reading code points out of UTF-16, and taking them apart.
 *
 * Does not order combining marks across characters: canonical-order.ts does.
 */
import { CharacterClass, hasClass } from "./character-classes.ts";

/** The code point that starts at unit `at`, of the text up to `to`; U+FFFD for half of a surrogate pair. */
export function codePointAt(text: string, at: number, to: number): number {
  const codePoint = text.codePointAt(at) ?? 0xfffd;
  const half = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return half || (codePoint > 0xffff && at + 1 >= to) ? 0xfffd : codePoint;
}

/** How many UTF-16 units a code point takes. */
export function unitCount(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}

/** The code points of a well-formed string. */
export function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/**
 * The full canonical decomposition (NFD) of one code point, or the code point itself. By the runtime's tables, but
 * characters that got a decomposition only after our tables were frozen stay whole.
 */
export function decompose(codePoint: number): number[] {
  if (codePoint < 0x80 || hasClass(codePoint, CharacterClass.undecomposed)) return [codePoint];
  return codePoints(String.fromCodePoint(codePoint).normalize("NFD"));
}
