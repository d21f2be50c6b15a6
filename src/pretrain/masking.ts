/**
 * Which tokens are hidden, and what stands in their place.
 *
 * Of n tokens max(1, round(share n)) are chosen: 80% of them become [MASK], 10% a random word, 10% stay as they are
 * (Devlin et al. 2019, section 3.1 and A.1; the count as in Google's create_pretraining_data.py). They are chosen
 *
 *     tokens        one by one
 *     whole-words   all pieces of a word together (Google's update of May 2019; for Chinese words Cui et al. 2019)
 *     spans         runs of whole words, their number from a geometric distribution with p = 0.2, at most 10
 *                   (Joshi et al. 2020, SpanBERT, section 3.1)
 *
 * until the count is reached; a word or span that would exceed it is passed over. No word is ever split: where none fits,
 * as in a title of eight characters and four words, a shortest one is hidden whole. Masking is dynamic (Liu et al. 2019):
 * draws come from a generator that the caller names, one for each visit of a text. Which tokens form a word is marked
 * in the token store.
 */
import type { Random } from "../base/random.ts";
import { CONTINUES } from "./token-store.ts";

export const maskings = ["tokens", "whole-words", "spans"] as const;
export type Masking = (typeof maskings)[number];

export interface MaskOptions {
  readonly masking: Masking;
  /** Share of tokens hidden, in (0, 1). */
  readonly maskShare: number;
  readonly maskId: number;
  /** Random words are drawn from these ids. */
  readonly wordIds: ArrayLike<number>;
}

export interface Masked {
  /** Token ids with the chosen ones hidden. */
  readonly ids: Int32Array;
  /** The places chosen, ascending. */
  readonly places: Int32Array;
  /** What stood there. */
  readonly labels: Int32Array;
}

const SPAN_P = 0.2;
const LONGEST_SPAN = 10;

/**
 * Hides tokens of one text.
 *
 * @param tokens ids, each with or without `CONTINUES`; no special tokens. At least one.
 */
export function mask(tokens: Uint32Array, options: MaskOptions, random: Random): Masked {
  const count = Math.max(1, Math.round(options.maskShare * tokens.length));
  const chosen =
    options.masking === "tokens"
      ? someTokens(tokens, count, random)
      : someWords(tokens, count, options, random);
  const places = Int32Array.from(chosen).sort();
  const ids = Int32Array.from(tokens, (token) => token & ~CONTINUES);
  const labels = places.map((place) => ids[place]);
  for (const place of places) {
    const draw = random.uniform();
    if (draw < 0.8) ids[place] = options.maskId;
    else if (draw < 0.9) ids[place] = options.wordIds[random.int(options.wordIds.length)];
  }
  return { ids, places, labels };
}

/** `count` distinct places, all subsets equally likely (Floyd 1987). */
function someTokens(tokens: Uint32Array, count: number, random: Random): Set<number> {
  const chosen = new Set<number>();
  for (let last = tokens.length - count; last < tokens.length; last++) {
    const place = random.int(last + 1);
    chosen.add(chosen.has(place) ? last : place);
  }
  return chosen;
}

/** Words, or runs of words, in random order, as long as they fit. Where no word is short enough, one of the shortest. */
function someWords(
  tokens: Uint32Array,
  count: number,
  { masking }: MaskOptions,
  random: Random,
): Set<number> {
  const starts = wordStarts(tokens); // and the end
  const words = starts.length - 1;
  const chosen = new Set<number>();
  const order = random.shuffle(Array.from({ length: words }, (_, word) => word));
  for (const first of order) {
    if (chosen.size >= count) break;
    const length = masking === "spans" ? spanLength(random) : 1;
    for (let word = first; word < Math.min(words, first + length); word++) {
      const from = starts[word];
      const to = starts[word + 1];
      if (chosen.has(from)) break;
      if (chosen.size + to - from > count) break;
      for (let place = from; place < to; place++) chosen.add(place);
    }
  }
  return chosen.size > 0 ? chosen : shortestWord(starts, order);
}

/** The places of the first of the shortest words in an order. */
function shortestWord(starts: readonly number[], order: readonly number[]): Set<number> {
  const length = (word: number) => starts[word + 1] - starts[word];
  const shortest = order.reduce((best, word) => (length(word) < length(best) ? word : best));
  return new Set(Array.from({ length: length(shortest) }, (_, i) => starts[shortest] + i));
}

/** The places at which words start, and the end of the text. A text may begin inside a word. */
function wordStarts(tokens: Uint32Array): number[] {
  const starts = [0];
  for (let i = 1; i < tokens.length; i++) if ((tokens[i] & CONTINUES) === 0) starts.push(i);
  starts.push(tokens.length);
  return starts;
}

/** Words of a span: 1, 2, ... with P(l) proportional to p (1 - p)^(l - 1), up to 10. */
export function spanLength(random: Random): number {
  const mass = 1 - (1 - SPAN_P) ** LONGEST_SPAN;
  return Math.ceil(Math.log(1 - random.uniform() * mass) / Math.log(1 - SPAN_P));
}
