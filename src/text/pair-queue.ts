/**
 * A priority queue of symbol pairs: the most frequent one first, of equals the one with the smaller symbols.
 *
 * Counts change while a pair waits, so an entry holds the count it was put in with; the caller compares.
 */
import { Heap } from "./heap.ts";

/** Two neighbouring symbols of words. */
export interface Pair {
  readonly left: number;
  readonly right: number;
  /** How often they are neighbours now. */
  count: number;
  /** Words they have been neighbours in; some may have lost them since, some stand twice. */
  readonly words: number[];
}

/** A pair with the count it had when it was put in. */
export interface PairEntry {
  readonly pair: Pair;
  readonly count: number;
}

export class PairQueue {
  readonly #heap = new Heap<PairEntry>(before);

  /** Puts in `pair` with its present count. */
  push(pair: Pair): void {
    this.#heap.push({ pair, count: pair.count });
  }

  /** Takes out the first entry; undefined when there is none. */
  pop(): PairEntry | undefined {
    return this.#heap.pop();
  }
}

/** Whether `a` comes out before `b`: a total order, so that the order of pushes does not matter. */
function before(a: PairEntry, b: PairEntry): boolean {
  if (a.count !== b.count) return a.count > b.count;
  if (a.pair.left !== b.pair.left) return a.pair.left < b.pair.left;
  return a.pair.right < b.pair.right;
}
