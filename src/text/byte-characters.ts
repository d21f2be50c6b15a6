/**
 * Bytes as visible characters, GPT-2's way: 256 characters stand for the 256 bytes of UTF-8, so that a vocabulary of
 * strings can hold any bytes. Printable Latin-1 stands for itself, the rest for U+0100 and up: a space is "Ġ".
 *
 * Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), `bytes_to_unicode` in its code.
 */

/** Character code by byte. */
export const BYTE_CHARACTERS: readonly number[] = byteCharacters();

const bytes = new Map(BYTE_CHARACTERS.map((code, byte) => [code, byte]));

/** The byte that a character code stands for, or undefined. */
export function byteOfCharacter(code: number): number | undefined {
  return bytes.get(code);
}

/** The bytes of a code point in UTF-8. */
export function utf8Bytes(codePoint: number): number[] {
  const tail = (shift: number) => 0x80 | ((codePoint >> shift) & 0x3f);
  if (codePoint < 0x80) return [codePoint];
  if (codePoint < 0x800) return [0xc0 | (codePoint >> 6), tail(0)];
  if (codePoint < 0x10000) return [0xe0 | (codePoint >> 12), tail(6), tail(0)];
  return [0xf0 | (codePoint >> 18), tail(12), tail(6), tail(0)];
}

function byteCharacters(): number[] {
  const visible = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => (visible(byte) ? byte : next++));
}
