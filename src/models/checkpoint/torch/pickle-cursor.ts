/**
 * Reads the arguments of pickle opcodes from bytes, never beyond their end.
 *
 * Source: Python's pickletools.py, the argument descriptors.
 */

/** The bytes end inside a pickle: more of the file may help. */
export class PickleEnds extends Error {}

export class PickleCursor {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, at = 0) {
    this.at = at;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** An unsigned 64-bit number; above 2^53 only near, which is above any count that fits. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** A big-endian double. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** The next `length` bytes, without a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Up to the next newline, which is passed. */
  line(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end === -1) throw new PickleEnds();
    const line = this.#bytes.subarray(this.at, end);
    this.at = end + 1;
    return line;
  }

  /** A two's complement number of `length` bytes, little-endian. */
  long(length: number): bigint {
    let value = 0n;
    const bytes = this.bytes(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    return BigInt.asIntN(length * 8, value);
  }

  #skip(length: number): number {
    if (length > this.#bytes.byteLength - this.at) throw new PickleEnds();
    const start = this.at;
    this.at += length;
    return start;
  }
}
