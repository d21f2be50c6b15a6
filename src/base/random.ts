/**
 * Counter-based random numbers: Philox4x32-10.
 *
 * A value is a pure function of (seed, stream, index), so there is no generator state to save: a run that
 * resumes at step N asks for the numbers of step N and gets the same bits. The WASM kernel that fills dropout
 * masks computes the same function.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), and the
 * known-answer vectors of their Random123 library. Does not aim at cryptographic strength.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the unsigned 64-bit product. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/**
 * One Philox4x32-10 block: four 32-bit words from a four-word counter and a two-word key.
 * The words are written to `out[0..3]`.
 */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let [x0, x1, x2, x3, key0, key1] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0, k0 >>> 0, k1 >>> 0];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = mulHigh(M0, x0);
    const low0 = Math.imul(M0, x0) >>> 0;
    const high1 = mulHigh(M1, x2);
    const low1 = Math.imul(M1, x2) >>> 0;
    x0 = (high1 ^ x1 ^ key0) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ key1) >>> 0;
    x3 = low0;
    key0 = (key0 + W0) >>> 0;
    key1 = (key1 + W1) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** FNV-1a hash of a stream's name: independent streams of one seed are told apart by it. */
export function streamId(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

/**
 * A sequence of random numbers named by a seed and a stream ("init/bert.pooler.dense.weight", "shuffle/3").
 *
 * @example
 * const random = new Random(1, "shuffle/0");
 * random.int(10); // 0..9, the same on every machine
 */
export class Random {
  readonly #seedLow: number;
  readonly #seedHigh: number;
  readonly #stream: number;
  readonly #block = new Uint32Array(4);
  #counter = 0;

  /** `seed`: an integer in 0..2^53-1. `stream`: any name. */
  constructor(seed: number, stream: string) {
    this.#seedLow = seed >>> 0;
    this.#seedHigh = Math.floor(seed / 0x100000000) >>> 0;
    this.#stream = streamId(stream);
  }

  /** The next 32 random bits. */
  uint32(): number {
    const lane = this.#counter & 3;
    if (lane === 0) {
      const block = Math.floor(this.#counter / 4);
      const high = Math.floor(block / 0x100000000);
      philox4x32(this.#block, block, high, this.#stream, 1, this.#seedLow, this.#seedHigh);
    }
    this.#counter += 1;
    return this.#block[lane];
  }

  /** Uniform in the open interval (0, 1), 32 bits of resolution. */
  uniform(): number {
    return (this.uint32() + 0.5) / 0x100000000;
  }

  /** From the normal distribution with mean 0 and deviation 1 (Box and Muller 1958); two uniform numbers each. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Uniform integer in 0..n-1, without modulo bias (rejection). */
  int(n: number): number {
    const limit = 0x100000000 - (0x100000000 % n);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % n;
  }

  /** Fisher-Yates in place; returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}
