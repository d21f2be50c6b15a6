/** Token lists of different lengths to the rectangular arrays that the model takes. Dimensions: b batch, t tokens. */
import { internal } from "../base/errors.ts";

/** One tokenized example: token ids and token types (0 first text, 1 second), of equal length. */
export interface Tokens {
  readonly ids: ArrayLike<number>;
  readonly typeIds: ArrayLike<number>;
}

/** Arrays of shape [b, t], row-major, padded on the right to the longest example. */
export interface CollatedBatch {
  readonly inputIds: Int32Array;
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: Int32Array;
  readonly tokenTypeIds: Int32Array;
  /** b */
  readonly batch: number;
  /** t */
  readonly length: number;
}

/**
 * Pads a batch. `padId` fills `inputIds`; mask and token types are 0 there.
 *
 * @example
 * collate([{ ids: [2, 7, 3], typeIds: [0, 0, 0] }, { ids: [2, 3], typeIds: [0, 0] }], { padId: 0 }).inputIds;
 * // [2, 7, 3, 2, 3, 0]
 */
export function collate(encodings: readonly Tokens[], { padId }: { readonly padId: number }): CollatedBatch {
  const batch = encodings.length;
  const length = encodings.reduce((longest, one) => Math.max(longest, one.ids.length), 0);
  const inputIds = new Int32Array(batch * length).fill(padId);
  const attentionMask = new Int32Array(batch * length);
  const tokenTypeIds = new Int32Array(batch * length);
  encodings.forEach(({ ids, typeIds }, row) => {
    if (ids.length !== typeIds.length)
      throw internal(`${ids.length} token ids with ${typeIds.length} token types`);
    const start = row * length;
    inputIds.set(ids, start);
    attentionMask.fill(1, start, start + ids.length);
    tokenTypeIds.set(typeIds, start);
  });
  return { inputIds, attentionMask, tokenTypeIds, batch, length };
}
