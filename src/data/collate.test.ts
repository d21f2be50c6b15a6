import fc from "fast-check";
import { expect, it } from "vitest";
import { collate } from "./collate.ts";

it("pads on the right to the longest, row-major", () => {
  const batch = collate(
    [
      { ids: [2, 7, 8, 3], typeIds: [0, 0, 1, 1] },
      { ids: [2, 3], typeIds: [0, 0] },
      { ids: Int32Array.of(2, 9, 3), typeIds: Int32Array.of(0, 1, 1) },
    ],
    { padId: 5 },
  );
  expect(batch).toEqual({
    inputIds: Int32Array.of(2, 7, 8, 3, 2, 3, 5, 5, 2, 9, 3, 5),
    attentionMask: Int32Array.of(1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0),
    tokenTypeIds: Int32Array.of(0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0),
    batch: 3,
    length: 4,
  });
});

it("gives every example back where the mask is 1, and nothing but padding elsewhere", () => {
  const tokens = fc.array(fc.tuple(fc.nat(30_000), fc.nat(1)), { minLength: 1, maxLength: 13 });
  fc.assert(
    fc.property(fc.array(tokens, { minLength: 1, maxLength: 7 }), fc.nat(9), (rows, padId) => {
      const encodings = rows.map((row) => ({
        ids: row.map(([id]) => id),
        typeIds: row.map(([, type]) => type),
      }));
      const { inputIds, attentionMask, tokenTypeIds, batch, length } = collate(encodings, { padId });
      expect([batch, length]).toEqual([rows.length, Math.max(...rows.map((row) => row.length))]);
      encodings.forEach(({ ids, typeIds }, b) => {
        const [start, end, next] = [b * length, b * length + ids.length, (b + 1) * length];
        expect([...inputIds.subarray(start, end)]).toEqual(ids);
        expect([...tokenTypeIds.subarray(start, end)]).toEqual(typeIds);
        expect(attentionMask.subarray(start, end).every((one) => one === 1)).toBe(true);
        expect(inputIds.subarray(end, next).every((one) => one === padId)).toBe(true);
        expect(
          [...attentionMask.subarray(end, next), ...tokenTypeIds.subarray(end, next)].every(
            (one) => one === 0,
          ),
        ).toBe(true);
      });
    }),
  );
});

it("refuses token types of another length", () => {
  expect(() => collate([{ ids: [1, 2], typeIds: [0] }], { padId: 0 })).toThrow(
    /^internal: 2 token ids with 1 token types/,
  );
});
