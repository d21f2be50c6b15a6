/**
 * Tokens of one text before truncation, in a buffer that is filled again for text after text.
 *
 * Does not hold the special tokens that encoding adds.
 */

/** Parallel arrays, of which the first `length` entries count. */
export class TokenBuffer {
  ids = new Int32Array(512);
  /** Per token: where it starts in the raw text, in UTF-16 units. */
  starts = new Int32Array(512);
  /** Per token: where it ends. */
  ends = new Int32Array(512);
  length = 0;
  /** How many of the tokens are words that the vocabulary cannot spell. */
  unknown = 0;

  /** Forgets the tokens. */
  clear(): void {
    this.length = 0;
    this.unknown = 0;
  }

  /** Adds one token. */
  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) this.#grow();
    this.ids[this.length] = id;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length++;
  }

  #grow(): void {
    const { ids, starts, ends } = this;
    this.ids = new Int32Array(ids.length * 2);
    this.starts = new Int32Array(ids.length * 2);
    this.ends = new Int32Array(ids.length * 2);
    this.ids.set(ids);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}
