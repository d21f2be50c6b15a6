/**
 * A priority queue of symbol pairs: the most frequent one first, of equals the one with the smaller symbols.
 *
 * A binary heap. Counts change while a pair waits, so an entry holds the count it was put in with; the caller
 * compares. Does not remove or move entries.
 */

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
  readonly #heap: PairEntry[] = [];

  /** Puts in `pair` with its present count. */
  push(pair: Pair): void {
    const heap = this.#heap;
    const entry = { pair, count: pair.count };
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes out the first entry; undefined when there is none. */
  pop(): PairEntry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Whether `a` comes out before `b`: a total order, so that the order of pushes does not matter. */
function before(a: PairEntry, b: PairEntry): boolean {
  if (a.count !== b.count) return a.count > b.count;
  if (a.pair.left !== b.pair.left) return a.pair.left < b.pair.left;
  return a.pair.right < b.pair.right;
}
