/**
 * The two 16-bit floating-point formats, widened to float32. Every value has an exact float32, so nothing is rounded;
 * NaN payloads are kept.
 *
 * Sources: IEEE 754-2019 binary16 (1 sign, 5 exponent, 10 fraction bits) and bfloat16 (the upper half of a binary32).
 *
 * Does not narrow float32 to 16 bits.
 */

/** Widens bfloat16 bit patterns into `target`, which has their length. */
export function widenBfloat16(bits: Uint16Array, target: Float32Array): void {
  const out = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i] << 16;
}

/** Widens binary16 bit patterns into `target`, which has their length. */
export function widenFloat16(bits: Uint16Array, target: Float32Array): void {
  const out = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) out[i] = widen(bits[i]);
}

/** binary16 bits to binary32 bits. */
function widen(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  // The exponents' biases are 15 and 127.
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal, fraction * 2^-24: shift the leading 1 to where binary32 has it implicitly.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
