/**
 * A random order of 0..n-1 that needs no memory: the place of each number is computed.
 *
 * A Feistel network of four rounds over the smallest even number of bits that holds n, walked until it lands below n
 * (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains", sections 4 and 5; Luby and Rackoff 1988 for the
 * rounds). The round function is Philox, so the order is a function of seed and stream alone. Not cryptography.
 */
import { internal } from "../base/errors.ts";
import { philox4x32, streamId } from "../base/random.ts";

const ROUNDS = 4;

/**
 * The permutation of a stream: `order(i)` is the number at place i, for i in 0..n-1.
 *
 * @param n 1 to 2^52
 * @example
 * const order = permutation(5, 1, "epoch/0");
 * [0, 1, 2, 3, 4].map(order); // each of 0..4 once
 */
export function permutation(n: number, seed: number, stream: string): (i: number) => number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, n)) / 2));
  const side = 2 ** half;
  const id = streamId(stream);
  const block = new Uint32Array(4);
  const round = (value: number, number: number): number => {
    philox4x32(block, value, number, id, 2, seed >>> 0, Math.floor(seed / 0x100000000) >>> 0);
    return block[0] % side;
  };
  const walk = (value: number): number => {
    let left = Math.floor(value / side);
    let right = value % side;
    for (let r = 0; r < ROUNDS; r++) [left, right] = [right, (left + round(right, r)) % side];
    return left * side + right;
  };
  return (i) => {
    if (!(i >= 0 && i < n)) throw internal(`place ${i} of a permutation of ${n}`);
    let value = walk(i);
    while (value >= n) value = walk(value);
    return value;
  };
}
