/** Files as bad disks and cut connections leave them: shorter, with flipped bits, or with other bytes in one place. */
import fc from "fast-check";

export function damaged(whole: Buffer): fc.Arbitrary<Buffer> {
  const changed = (change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(whole);
    change(copy);
    return copy;
  };
  return fc.oneof(
    fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
    fc.array(fc.nat(whole.length * 8 - 1), { minLength: 1, maxLength: 3 }).map((bits) =>
      changed((copy) => {
        for (const bit of bits) copy[bit >> 3] ^= 1 << (bit & 7);
      }),
    ),
    fc
      .tuple(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, put]) => changed((copy) => copy.set(put.subarray(0, copy.length - at), at))),
  );
}
