/**
 * Hides a random share of the input tokens behind [MASK] in training, so that no single word decides.
 *
 * Source: word dropout (Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods for Text
 * Classification", section 3.2), with BERT's own mask token for a hidden word. From scratch on small sets it is
 * the most useful regulariser there is: see docs/decisions/0004.
 */
import { Random } from "../base/random.ts";
import type { Tokens } from "../data/index.ts";

export interface TokenDropoutOptions {
  /** Share of tokens to hide, in [0, 1). */
  readonly rate: number;
  readonly maskId: number;
  readonly isSpecial: (id: number) => boolean;
  readonly seed: number;
  /** 0-based optimizer step: a resumed run hides the same tokens. */
  readonly step: number;
}

/** Copies of the encodings with some ids hidden; special tokens stay. */
export function dropTokens(encodings: readonly Tokens[], options: TokenDropoutOptions): readonly Tokens[] {
  const { rate, maskId, isSpecial, seed, step } = options;
  if (rate === 0) return encodings;
  const random = new Random(seed, `tokens/${step}`);
  return encodings.map(({ ids, typeIds }) => ({
    typeIds,
    ids: Array.from(ids, (id) => (random.uniform() < rate && !isSpecial(id) ? maskId : id)),
  }));
}
