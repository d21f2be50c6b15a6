/**
 * Tokens of one text before truncation, in a buffer that is filled again for text after text.
 *
 * Does not hold the special tokens that encoding adds.
 */

/** A buffer for more tokens than this serves one text only. */
const KEEP_TOKENS = 1 << 20;

/** Parallel arrays, of which the first `length` entries count. */
export class TokenBuffer {
  ids = new Int32Array(512);
  /** Per token: where it starts in the raw text, in UTF-16 units. */
  starts = new Int32Array(512);
  /** Per token: where it ends. */
  ends = new Int32Array(512);
  length = 0;
  /** `length` at the end of the word that reached the limit, or at the end of the text: what truncation compares. */
  lengthAtLimit = 0;
  /** How many of the tokens are words that the vocabulary cannot spell. */
  unknown = 0;

  /** Forgets the tokens. */
  clear(): void {
    this.length = 0;
    this.lengthAtLimit = 0;
    this.unknown = 0;
    if (this.ids.length > KEEP_TOKENS) this.#resize(512);
  }

  /** Adds one token. */
  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) this.#resize(this.length * 2);
    this.ids[this.length] = id;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length++;
  }

  /** Adds the first `count` tokens to `ids`, and their places to `offsets` where they are wanted. */
  copyTo(ids: number[], offsets: Int32Array | undefined, count: number): void {
    if (offsets !== undefined) {
      for (let i = 0; i < count; i++) {
        offsets[2 * (ids.length + i)] = this.starts[i];
        offsets[2 * (ids.length + i) + 1] = this.ends[i];
      }
    }
    for (let i = 0; i < count; i++) ids.push(this.ids[i]);
  }

  #resize(capacity: number): void {
    const { ids, starts, ends, length } = this;
    this.ids = new Int32Array(capacity);
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
    this.ids.set(ids.subarray(0, length));
    this.starts.set(starts.subarray(0, length));
    this.ends.set(ends.subarray(0, length));
  }
}
