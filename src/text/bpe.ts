/**
 * Byte-pair encoding: spells a word with the pieces that merging makes of its characters, the earliest learnt merge first.
 *
 * Source: Sennrich, Haddow, Birch 2016, section 3.2; Hugging Face's `models/bpe`. On a byte-level vocabulary every word
 * can be spelled. A character that the vocabulary lacks is one unknown token; several in a row are one where the file
 * says so (`fuse_unk`).
 *
 * Does not split texts into words and does not know special tokens. No continuing prefix, no suffix of words, no byte
 * fallback: BERT's descendants use none.
 */
import type { AlignedText } from "./aligned-text.ts";
import { unitCount } from "./code-points.ts";
import { Heap } from "./heap.ts";
import type { TokenBuffer } from "./token-buffer.ts";

/** What makes up the model. */
export interface BpeParts {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs of pieces, the earliest learnt first. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** Id of the unknown token; undefined where every character is in the vocabulary. */
  readonly unknownId: number | undefined;
  readonly fuseUnknown: boolean;
}

/** Pairs are keyed `left * 2^21 + right`: vocabularies are smaller than 2 million. */
const KEY_BASE = 2 ** 21;

/** Words that are remembered, and how long one may be for it. */
const MOST_WORDS = 20_000;
const LONGEST_WORD = 64;

/** Symbols of a word: parallel arrays, ids and lengths in units; a length of 0 is a symbol that was merged away. */
interface Spelling {
  readonly ids: number[];
  readonly lengths: number[];
}

/** A merge of the symbol at `at` and the one behind it, which was possible when it was noted. */
interface Merge {
  /** Place in the list of merges learnt. */
  readonly rank: number;
  /** Id of the piece that it makes. */
  readonly id: number;
  readonly at: number;
}

export class Bpe {
  readonly #parts: BpeParts;
  /** Rank and result by pair. */
  readonly #merges = new Map<number, { readonly rank: number; readonly id: number }>();
  readonly #known = new Map<string, Spelling>();

  /** Throws a RangeError naming a merge whose pieces are not in the vocabulary. */
  constructor(parts: BpeParts) {
    this.#parts = parts;
    for (const [rank, [left, right]] of parts.merges.entries()) {
      const [l, r, id] = [left, right, left + right].map((piece) => parts.vocabulary.get(piece));
      if (l === undefined || r === undefined || id === undefined) throw new RangeError(`${left} ${right}`);
      this.#merges.set(l * KEY_BASE + r, { rank, id });
    }
  }

  /** Adds to `out` the tokens of a word. `dropMatch`, asked at every merge, passes it over (Provilkov et al. 2020). */
  append(word: AlignedText, out: TokenBuffer, dropMatch?: () => boolean): void {
    const { ids, lengths } = this.#spell(word.text, dropMatch);
    let at = 0;
    for (const [i, id] of ids.entries()) {
      const end = at + lengths[i];
      if (id === this.#parts.unknownId) out.unknown++;
      out.push(id, word.starts[at], word.ends[end - 1]);
      at = end;
    }
  }

  #spell(word: string, dropMatch: (() => boolean) | undefined): Spelling {
    if (dropMatch !== undefined) return this.#merge(this.#characters(word), dropMatch);
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const spelling = this.#merge(this.#characters(word));
    if (word.length <= LONGEST_WORD) {
      if (this.#known.size >= MOST_WORDS) this.#known.clear();
      this.#known.set(word, spelling);
    }
    return spelling;
  }

  #characters(word: string): Spelling {
    const { vocabulary, unknownId, fuseUnknown } = this.#parts;
    const ids: number[] = [];
    const lengths: number[] = [];
    let unknownBefore = false;
    for (const character of word) {
      const id = vocabulary.get(character) ?? unknownId;
      const units = unitCount(character.codePointAt(0) ?? 0);
      const unknown = id !== undefined && !vocabulary.has(character);
      if (id === undefined) continue; // only where the reader has made sure that this cannot be
      if (unknown && unknownBefore && fuseUnknown) lengths[lengths.length - 1] += units;
      else {
        ids.push(id);
        lengths.push(units);
      }
      unknownBefore = unknown;
    }
    return { ids, lengths };
  }

  /** Merges until no pair is left that was learnt: always the earliest learnt, of equals the leftmost. */
  #merge({ ids, lengths }: Spelling, dropMatch?: () => boolean): Spelling {
    const previous = ids.map((_, i) => i - 1);
    const next = ids.map((_, i) => i + 1);
    const queue = new Heap(earlier);
    const offer = (left: number) => {
      const right = next[left];
      if (left < 0 || right === undefined || right >= ids.length) return;
      const merge = this.#merges.get(ids[left] * KEY_BASE + ids[right]);
      if (merge !== undefined) queue.push({ ...merge, at: left });
    };
    for (let i = 0; i < ids.length; i++) offer(i);
    const skipped: Merge[] = [];
    for (let merge = queue.pop(); merge !== undefined; merge = queue.pop()) {
      if (dropMatch?.() === true) {
        skipped.push(merge);
        continue;
      }
      for (const one of skipped.splice(0)) queue.push(one);
      const { at, id } = merge;
      const right = next[at];
      if (lengths[at] === 0 || right >= ids.length) continue;
      if (this.#merges.get(ids[at] * KEY_BASE + ids[right])?.id !== id) continue; // a neighbour has changed since
      ids[at] = id;
      lengths[at] += lengths[right];
      lengths[right] = 0;
      next[at] = next[right];
      if (next[right] < ids.length) previous[next[right]] = at;
      offer(previous[at]);
      offer(at);
    }
    const alive = ids.flatMap((_, i) => (lengths[i] > 0 ? [i] : []));
    return { ids: alive.map((i) => ids[i]), lengths: alive.map((i) => lengths[i]) };
  }
}

/** The earliest learnt first, of equals the leftmost. */
function earlier(a: Merge, b: Merge): boolean {
  return a.rank !== b.rank ? a.rank < b.rank : a.at < b.at;
}
