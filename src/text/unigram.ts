/**
 * Unigram: spells a word with the pieces whose probabilities have the greatest product.
 *
 * Source: Kudo, "Subword Regularization: Improving Neural Network Translation Models with Multiple Subword Candidates"
 * (ACL 2018), section 3.2, by Viterbi's algorithm as in SentencePiece's `EncodeOptimized` and Hugging Face's
 * `models/unigram`: a character that is no piece by itself may be unknown, at 10 below the lowest log probability, and
 * unknown characters in a row are one token.
 *
 * Does not split texts into words, does not sample, has no byte fallback.
 */
import type { AlignedText } from "./aligned-text.ts";
import { unitCount } from "./code-points.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { NONE, Trie } from "./trie.ts";

const UNKNOWN_PENALTY = 10;

/** The Unigram model of a vocabulary. */
export class Unigram {
  readonly #scores: readonly number[];
  readonly #unknownId: number;
  readonly #unknownScore: number;
  readonly #pieces = new Trie();
  readonly #root = this.#pieces.addRoot();

  /** `pieces` are in the order of their ids, with their log probabilities. */
  constructor(pieces: readonly (readonly [piece: string, score: number])[], unknownId: number) {
    this.#scores = pieces.map(([, score]) => score);
    this.#unknownId = unknownId;
    this.#unknownScore =
      this.#scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) -
      UNKNOWN_PENALTY;
    for (const [id, [piece]] of pieces.entries()) this.#pieces.set(this.#root, piece, id);
  }

  /** Adds to `out` the tokens of a word. `dropMatch`, asked at every piece of several characters, passes it over. */
  append({ text, starts, ends }: AlignedText, out: TokenBuffer, dropMatch?: () => boolean): void {
    const { ids, from } = this.#bestPaths(text, dropMatch);
    const bounds: [id: number, start: number, end: number][] = [];
    for (let end = text.length; end > 0; end = from[end]) {
      const previous = bounds.at(-1);
      if (ids[end] === this.#unknownId && previous?.[0] === this.#unknownId) previous[1] = from[end];
      else bounds.push([ids[end], from[end], end]);
    }
    for (const [id, start, end] of bounds.reverse()) {
      if (id === this.#unknownId) out.unknown++;
      out.push(id, starts[start], ends[end - 1]);
    }
  }

  /** For every place in `text` the last piece of the best spelling up to there, and where that piece begins. */
  #bestPaths(text: string, dropMatch: (() => boolean) | undefined) {
    const ids = new Int32Array(text.length + 1).fill(NONE);
    const from = new Int32Array(text.length + 1);
    const best = new Float64Array(text.length + 1);
    const offer = (id: number, score: number, start: number, end: number) => {
      const total = score + best[start];
      if (ids[end] !== NONE && total <= best[end]) return;
      ids[end] = id;
      best[end] = total;
      from[end] = start;
    };
    for (let start = 0; start < text.length; ) {
      const next = start + unitCount(text.codePointAt(start) ?? 0);
      let single = false;
      let node = this.#root;
      for (let at = start; at < text.length; ) {
        const edge = this.#pieces.find(node, text.charCodeAt(at++));
        if (edge === NONE) break;
        node = this.#pieces.child(edge);
        const id = this.#pieces.value(edge);
        if (id === NONE || (at > next && dropMatch?.() === true)) continue;
        offer(id, this.#scores[id], start, at);
        single ||= at === next;
      }
      if (!single) offer(this.#unknownId, this.#unknownScore, start, next);
      start = next;
    }
    return { ids, from };
  }
}
