import fc from "fast-check";
import { expect, test } from "vitest";
import { narrowToFloat16, widenBfloat16, widenFloat16 } from "./half.ts";

const patterns = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

/** The value of a binary floating-point number by its definition, in float64; NaN patterns are told apart below. */
function value(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> (exponentBits + fractionBits) === 0 ? 1 : -1;
  const largest = 2 ** exponentBits - 1;
  const exponent = (bits >>> fractionBits) & largest;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === largest) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

test.each([
  ["binary16", widenFloat16, 5, 10],
  ["bfloat16", widenBfloat16, 8, 7],
] as const)(
  "%s: every pattern has exactly its value, NaN its payload",
  (_, widen, exponentBits, fractionBits) => {
    const wide = new Float32Array(patterns.length);
    widen(patterns, wide);
    const expected = Float64Array.from(patterns, (bits) => value(bits, exponentBits, fractionBits));
    expect(Float64Array.from(wide)).toEqual(expected);

    const words = new Uint32Array(wide.buffer);
    const nans = patterns.filter((bits) => Number.isNaN(expected[bits]));
    const payloads = nans
      .map((bits) => words[bits] >>> (23 - fractionBits))
      .map((bits) => bits & (2 ** fractionBits - 1));
    expect(payloads).toEqual(nans.map((bits) => bits & (2 ** fractionBits - 1)));
  },
);

test("a target inside a larger buffer is filled at its place", () => {
  const buffer = new Float32Array(4);
  widenFloat16(Uint16Array.of(0x3c00, 0xc000), buffer.subarray(1, 3));
  expect([...buffer]).toEqual([0, 1, -2, 0]);
});

test("narrowing gives each binary16 value its own pattern back", () => {
  const wide = new Float32Array(patterns.length);
  widenFloat16(patterns, wide);
  const finite = patterns.filter((_, i) => !Number.isNaN(wide[i]));
  expect(narrowToFloat16(wide.filter((x) => !Number.isNaN(x)))).toEqual(finite);
  expect(narrowToFloat16(Float32Array.of(Number.NaN))[0] & 0x7fff).toBeGreaterThan(0x7c00);
});

test("narrowing takes the nearest, of two equally near the even one", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: Math.fround(-70000), max: Math.fround(70000) }), (x) => {
      const [bits] = narrowToFloat16(Float32Array.of(x));
      const candidates = [bits - 1, bits, bits + 1].filter(
        (b) => b >= 0 && b < 0x10000 && (b & 0x8000) === (bits & 0x8000) && (b & 0x7fff) < 0x7c00,
      );
      if ((bits & 0x7fff) === 0x7c00) return Math.abs(x) >= 65520; // half way to the next value that would be
      const distance = (b: number) => Math.abs(value(b, 5, 10) - x);
      const nearest = Math.min(...candidates.map(distance));
      const equal = candidates.filter((b) => distance(b) === nearest);
      return distance(bits) === nearest && (equal.length === 1 || (bits & 1) === 0);
    }),
    { numRuns: 20_000 },
  );
});
