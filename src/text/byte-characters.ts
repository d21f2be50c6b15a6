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

function byteCharacters(): number[] {
  const visible = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => (visible(byte) ? byte : next++));
}
