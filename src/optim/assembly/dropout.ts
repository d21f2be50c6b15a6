/**
 * Dropout masks from Philox4x32-10, bit for bit the function of `base/random.ts`, four blocks at a time.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), section 5.3.
 */

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;
const ROUNDS = 10;

/** Last word of the counter: keeps masks apart from the streams of `Random`, which has 1 there. */
const DOMAIN: u32 = 2;

/**
 * dst[i] = keepValue where the element's 16 random bits are >= threshold16, else 0.
 *
 * Element i takes block i / 8 of the counter [block, step, site, 2] under the key [seedLow, seedHigh]; of the block's
 * four words, low half first, it takes the (i mod 8)-th half. `threshold16` in 0..65535.
 */
export function dropoutMask(
  dst: usize,
  n: u32,
  threshold16: u32,
  keepValue: f32,
  site: u32,
  step: u32,
  seedLow: u32,
  seedHigh: u32,
): void {
  const threshold = i16x8.splat(<i16>threshold16);
  const keep = f32x4.splat(keepValue);
  const m0 = i32x4.splat(M0);
  const m1 = i32x4.splat(M1);
  let blocks = i32x4(0, 1, 2, 3);
  let done: u32 = 0;
  for (; n - done >= 32; done += 32) {
    // Lane b of x0..x3 is word 0..3 of the b-th of four blocks.
    let x0 = blocks;
    let x1 = i32x4.splat(step);
    let x2 = i32x4.splat(site);
    let x3 = i32x4.splat(DOMAIN);
    let key0 = seedLow;
    let key1 = seedHigh;
    for (let round = 0; round < ROUNDS; round++) {
      const a0 = i64x2.extmul_low_i32x4_u(x0, m0);
      const a1 = i64x2.extmul_high_i32x4_u(x0, m0);
      const b0 = i64x2.extmul_low_i32x4_u(x2, m1);
      const b1 = i64x2.extmul_high_i32x4_u(x2, m1);
      x0 = v128.xor(v128.xor(v128.shuffle<i32>(b0, b1, 1, 3, 5, 7), x1), i32x4.splat(key0));
      x1 = v128.shuffle<i32>(b0, b1, 0, 2, 4, 6);
      x2 = v128.xor(v128.xor(v128.shuffle<i32>(a0, a1, 1, 3, 5, 7), x3), i32x4.splat(key1));
      x3 = v128.shuffle<i32>(a0, a1, 0, 2, 4, 6);
      key0 += W0;
      key1 += W1;
    }
    // Transpose: from one word of four blocks to four words of one block.
    const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
    storeMask(dst, v128.shuffle<i64>(low01, low23, 0, 2), threshold, keep);
    storeMask(dst + 32, v128.shuffle<i64>(low01, low23, 1, 3), threshold, keep);
    storeMask(dst + 64, v128.shuffle<i64>(high01, high23, 0, 2), threshold, keep);
    storeMask(dst + 96, v128.shuffle<i64>(high01, high23, 1, 3), threshold, keep);
    dst += 128;
    blocks = i32x4.add(blocks, i32x4.splat(4));
  }
  for (; done < n; done++) {
    const bits = randomHalf(done, site, step, seedLow, seedHigh);
    store<f32>(dst, bits >= threshold16 ? keepValue : 0);
    dst += 4;
  }
}

/** Eight 16-bit numbers to eight mask values. */
// @ts-ignore: AssemblyScript decorates functions, TypeScript only classes
@inline
function storeMask(dst: usize, halves: v128, threshold: v128, keep: v128): void {
  const kept = i16x8.ge_u(halves, threshold);
  v128.store(dst, v128.and(i32x4.extend_low_i16x8_s(kept), keep));
  v128.store(dst, v128.and(i32x4.extend_high_i16x8_s(kept), keep), 16);
}

/** The 16 random bits of one element, for the tail: a whole block for one number. */
function randomHalf(element: u32, site: u32, step: u32, seedLow: u32, seedHigh: u32): u32 {
  let x0 = element >> 3;
  let x1 = step;
  let x2 = site;
  let x3 = DOMAIN;
  for (let round = 0; round < ROUNDS; round++) {
    const a = <u64>x0 * <u64>M0;
    const b = <u64>x2 * <u64>M1;
    x0 = <u32>(b >> 32) ^ x1 ^ seedLow;
    x1 = <u32>b;
    x2 = <u32>(a >> 32) ^ x3 ^ seedHigh;
    x3 = <u32>a;
    seedLow += W0;
    seedHigh += W1;
  }
  const word = (element >> 1) & 3;
  const bits = word == 0 ? x0 : word == 1 ? x1 : word == 2 ? x2 : x3;
  return (bits >> ((element & 1) << 4)) & 0xffff;
}
