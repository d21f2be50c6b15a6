/**
 * Snappy decompression of one block.
 *
 * Source: Google's "Snappy compressed format description" (format_description.txt).
 *
 * An own one, because the readers that npm has trust their input: a negative length in it makes them run for ever.
 */

/** No element makes more than 64 bytes of 3; a length beyond that is a lie. */
const MAX_RATIO = 64 / 3;

/** Decompresses `input`; undefined where it is not Snappy data, whole and right to the last byte. */
export function unsnappy(input: Uint8Array, maxBytes: number): Uint8Array | undefined {
  const preamble = readLength(input);
  if (preamble === undefined) return undefined;
  const { length, start } = preamble;
  if (length > maxBytes || length > Math.ceil(input.length * MAX_RATIO)) return undefined;
  const output = new Uint8Array(length);
  let from = start;
  let to = 0;
  while (from < input.length) {
    const tag = input[from++];
    const kind = tag & 3;
    const argumentBytes = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : [0, 1, 2, 4][kind];
    if (from + argumentBytes > input.length) return undefined;
    const argument = littleEndian(input, from, argumentBytes);
    from += argumentBytes;
    if (kind === 0) {
      const count = (argumentBytes === 0 ? tag >>> 2 : argument) + 1;
      if (from + count > input.length || to + count > length) return undefined;
      output.set(input.subarray(from, from + count), to);
      from += count;
      to += count;
    } else {
      const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
      const offset = kind === 1 ? ((tag >>> 5) << 8) | argument : argument;
      if (offset === 0 || offset > to || to + count > length) return undefined;
      // Byte by byte: a copy may read what it has just written.
      for (const end = to + count; to < end; to++) output[to] = output[to - offset];
    }
  }
  return to === length ? output : undefined;
}

/** A varint of at most 5 bytes, and where it ends. */
function readLength(input: Uint8Array): { readonly length: number; readonly start: number } | undefined {
  let length = 0;
  for (let i = 0; i < 5 && i < input.length; i++) {
    length += (input[i] & 0x7f) * 2 ** (7 * i);
    if (input[i] < 0x80) return { length, start: i + 1 };
  }
  return undefined;
}

/** An unsigned number of 0 to 4 bytes. */
function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + input[at + i];
  return value;
}
