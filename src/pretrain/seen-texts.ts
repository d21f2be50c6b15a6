/**
 * Which texts have been seen, by 48 bits of their MD5: of ten million texts, fewer than one is expected to be taken for
 * another. In parts, since a JavaScript Set holds no more than 2^24 values and a corpus may have more documents.
 */
import { createHash } from "node:crypto";

const PARTS = 256;

/** 0..2^48-1, the same for the same text. */
export function hashText(text: string): number {
  return createHash("md5").update(text).digest().readUIntBE(0, 6);
}

export class SeenHashes {
  readonly #parts = Array.from({ length: PARTS }, () => new Set<number>());

  /** Whether `hash` is new; from now on it is not. */
  add(hash: number): boolean {
    const part = this.#parts[hash % PARTS];
    if (part.has(hash)) return false;
    part.add(hash);
    return true;
  }
}
