/**
 * Training inputs with noise: words spelled in other pieces, tokens hidden. What each is worth from scratch on a small
 * set: docs/decisions/0004.
 *
 * Sources: Hiraoka 2022, "MaxMatch-Dropout: Subword Regularization for WordPiece"; word dropout of Iyyer et al. 2015,
 * "Deep Unordered Composition Rivals Syntactic Methods for Text Classification", section 3.2, with BERT's own mask
 * token for a hidden word. Draws are functions of the seed and the step, so a resumed run makes the same noise.
 */
import { Random } from "../base/random.ts";
import type { Example, Tokens } from "../data/index.ts";
import type { Tokenizer } from "../text/index.ts";

export interface InputNoise {
  /** Share of vocabulary matches passed over, in [0, 1). */
  readonly pieceDropout: number;
  /** Share of tokens hidden behind [MASK], in [0, 1). */
  readonly tokenDropout: number;
  readonly maxLength: number;
  readonly seed: number;
}

/** Encodings of the examples of one step (0-based), with noise. */
export function noisyEncodings(
  examples: readonly Pick<Example, "text" | "textPair">[],
  tokenizer: Tokenizer,
  { pieceDropout, tokenDropout, maxLength, seed }: InputNoise,
  step: number,
): Tokens[] {
  const random = new Random(seed, `noise/${step}`);
  const dropMatch = pieceDropout === 0 ? undefined : () => random.uniform() < pieceDropout;
  return examples.map(({ text, textPair }) => {
    const { ids, typeIds } = tokenizer.encode(text, { pair: textPair, maxLength, dropMatch });
    if (tokenDropout === 0) return { ids, typeIds };
    const hide = (id: number) => random.uniform() < tokenDropout && !tokenizer.isSpecial(id);
    return { ids: ids.map((id) => (hide(id) ? tokenizer.maskId : id)), typeIds };
  });
}
