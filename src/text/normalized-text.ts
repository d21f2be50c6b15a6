/**
 * A text after normalization, with the place in the raw text that each unit comes from.
 *
 * One buffer is filled again for text after text; only after a very long one is it let go.
 * Does not normalize: normalizer.ts does.
 */

/** A buffer for more units than this serves one text only. */
const KEEP_UNITS = 1 << 20;

/** Parallel arrays, of which the first `length` entries count. */
export class NormalizedText {
  /** UTF-16 units of the normalized text; always well-formed. */
  units = new Uint16Array(1024);
  /** Per unit: where the character it comes from starts in the raw text, in UTF-16 units. */
  starts = new Int32Array(1024);
  /** Per unit: where that character ends. */
  ends = new Int32Array(1024);
  length = 0;

  /** Forgets the text. */
  clear(): void {
    this.length = 0;
    if (this.units.length > KEEP_UNITS) this.#resize(1024);
  }

  /** Makes room for `count` more units. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.units.length) this.#resize(Math.max(needed, this.units.length * 2));
  }

  /** Adds one character, which came from `start` to `end` of the raw text. There must be room. */
  push(codePoint: number, start: number, end: number): void {
    if (codePoint > 0xffff) {
      this.#pushUnit(0xd7c0 + (codePoint >> 10), start, end);
      this.#pushUnit(0xdc00 | (codePoint & 0x3ff), start, end);
    } else {
      this.#pushUnit(codePoint, start, end);
    }
  }

  /** The units from `from` to `to` as a string. */
  slice(from = 0, to = this.length): string {
    let text = "";
    for (let i = from; i < to; i += 4096) {
      text += String.fromCharCode(...this.units.subarray(i, Math.min(i + 4096, to)));
    }
    return text;
  }

  #pushUnit(unit: number, start: number, end: number): void {
    this.units[this.length] = unit;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length++;
  }

  #resize(capacity: number): void {
    const { units, starts, ends, length } = this;
    this.units = new Uint16Array(capacity);
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
    this.units.set(units.subarray(0, length));
    this.starts.set(starts.subarray(0, length));
    this.ends.set(ends.subarray(0, length));
  }
}
