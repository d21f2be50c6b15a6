/**
 * The merging half of vocabulary training: byte-pair encoding over the pieces of words.
 *
 * Again and again, the pair of neighbouring pieces that is most frequent in the corpus becomes one piece. Counts are
 * kept up to date word by word, so a merge costs what the words that have the pair cost, and not a pass over the
 * corpus. Source: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units" (ACL 2016),
 * section 3.2, on pieces spelled as WordPiece has them, as Hugging Face's `models/bpe/trainer.rs` does.
 *
 * Does not count words and does not choose the alphabet: train-vocabulary.ts does.
 */
import { type Pair, PairQueue } from "./pair-queue.ts";
import { CONTINUATION } from "./wordpiece.ts";

/** A distinct word of the corpus. */
export interface CountedWord {
  /** The pieces it is spelled with, as positions in the vocabulary; merging rewrites it. */
  symbols: number[];
  readonly count: number;
}

/** Pairs are keyed `left * 2^21 + right`: vocabularies are smaller than 2 million. */
const KEY_BASE = 2 ** 21;

/**
 * Adds pieces to `vocabulary` until it has `vocabSize`, or until no pair is left that occurs `minFrequency` times.
 * The result does not depend on the order of `words`.
 */
export function mergePairs(
  vocabulary: string[],
  words: readonly CountedWord[],
  vocabSize: number,
  minFrequency: number,
): void {
  const pairs = new PairTable();
  for (const [w, word] of words.entries()) {
    const { symbols, count } = word;
    for (let i = 1; i < symbols.length; i++) pairs.change(symbols[i - 1], symbols[i], count, w);
  }
  const queue = new PairQueue();
  for (const pair of pairs.takeNew()) queue.push(pair);

  while (vocabulary.length < vocabSize) {
    const entry = queue.pop();
    if (entry === undefined) return;
    const { pair, count } = entry;
    if (count !== pair.count) {
      // other merges have taken some of its places since it was put in; none can have added any
      if (pair.count > 0) queue.push(pair);
      continue;
    }
    if (count < minFrequency) return;

    // always a new piece: a stretch of characters is merged in the same order wherever it stands alone
    const piece = vocabulary[pair.left] + vocabulary[pair.right].slice(CONTINUATION.length);
    const merged = vocabulary.push(piece) - 1;
    for (const w of pair.words) mergeIn(words[w], w, pair, merged, pairs);
    pairs.remove(pair);
    for (const added of pairs.takeNew()) queue.push(added);
  }
}

/** Replaces `pair` by `merged` throughout a word, from the left. */
function mergeIn(word: CountedWord, w: number, pair: Pair, merged: number, pairs: PairTable): void {
  const { symbols, count } = word;
  const { left, right } = pair;
  const result: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] !== left || symbols[i + 1] !== right) {
      result.push(symbols[i]);
      continue;
    }
    const before = result.at(-1);
    if (before !== undefined) {
      pairs.change(before, left, -count, w);
      pairs.change(before, merged, count, w);
    }
    i++;
    if (i + 1 < symbols.length) {
      pairs.change(right, symbols[i + 1], -count, w);
      pairs.change(merged, symbols[i + 1], count, w);
    }
    result.push(merged);
  }
  word.symbols = result;
}

/** All pairs by their symbols, with the memory of which are new. */
class PairTable {
  readonly #pairs = new Map<number, Pair>();
  #new: Pair[] = [];

  /** Adds `by` to the count of a pair in word `w`. */
  change(left: number, right: number, by: number, w: number): void {
    const key = left * KEY_BASE + right;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { left, right, count: 0, words: [] };
      this.#pairs.set(key, pair);
      this.#new.push(pair);
    }
    pair.count += by;
    if (by > 0 && pair.words.at(-1) !== w) pair.words.push(w);
  }

  /** Forgets a pair that was merged everywhere. */
  remove(pair: Pair): void {
    this.#pairs.delete(pair.left * KEY_BASE + pair.right);
  }

  /** The pairs that were first met since the last call, and still occur. */
  takeNew(): Pair[] {
    const taken = this.#new.filter((pair) => pair.count > 0);
    this.#new = [];
    return taken;
  }
}
