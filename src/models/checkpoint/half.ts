/**
 * The two 16-bit floating-point formats, widened to float32: every value has an exact one, so nothing is rounded, and
 * NaN payloads are kept. And float32 narrowed to binary16, to the nearest, ties to even.
 *
 * Sources: IEEE 754-2019 binary16 (1 sign, 5 exponent, 10 fraction bits) and bfloat16 (the upper half of a binary32).
 *
 * Does not narrow to bfloat16.
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

/** binary16 bit patterns of float32 values, each rounded to the nearest; beyond 65504 they become infinite. */
export function narrowToFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, narrow);
}

/** binary32 bits to binary16 bits. */
function narrow(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 2^16 and more
  if (magnitude >= 0x38800000) return sign | roundedShift(magnitude - 0x38000000, 13); // normal; a carry may reach infinity
  if (magnitude < 0x33000000) return sign; // below half of the smallest subnormal
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  return sign | roundedShift(fraction, 126 - (magnitude >>> 23));
}

/** value / 2^places, to the nearest whole number, ties to even. */
function roundedShift(value: number, places: number): number {
  const whole = value >>> places;
  const rest = value & ((1 << places) - 1);
  const half = 1 << (places - 1);
  return rest > half || (rest === half && (whole & 1) === 1) ? whole + 1 : whole;
}
