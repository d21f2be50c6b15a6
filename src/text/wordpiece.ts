/**
 * WordPiece: spells a word with the fewest-first greedy rule, always the longest piece of the vocabulary that fits.
 *
 * Source: Google's `tokenization.py` (WordpieceTokenizer) and Hugging Face's `models/wordpiece/mod.rs`. A word that
 * cannot be spelled to its end, or that has more than 100 characters (code points, not units), is one unknown token.
 *
 * Does not split texts into words and does not know special tokens.
 */
import type { NormalizedText } from "./normalized-text.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { NONE, Trie } from "./trie.ts";

/** What marks a piece that continues a word. */
export const CONTINUATION = "##";

/** The WordPiece model of a vocabulary. */
export class WordPiece {
  readonly maxCharactersPerWord: number;
  readonly #unknownId: number;
  readonly #pieces = new Trie();
  readonly #first = this.#pieces.addRoot();
  readonly #continuing = this.#pieces.addRoot();

  /** `vocabulary` maps pieces to ids; `unknownId` stands for a word it cannot spell. */
  constructor(vocabulary: ReadonlyMap<string, number>, unknownId: number, maxCharactersPerWord: number) {
    this.#unknownId = unknownId;
    this.maxCharactersPerWord = maxCharactersPerWord;
    for (const [piece, id] of vocabulary) {
      if (piece.startsWith(CONTINUATION))
        this.#pieces.set(this.#continuing, piece.slice(CONTINUATION.length), id);
      else this.#pieces.set(this.#first, piece, id);
    }
  }

  /**
   * Adds to `out` the tokens of the word from unit `from` to unit `to` of `text`. `dropMatch`, asked at every match
   * but the shortest, passes it over where it says so.
   */
  append(text: NormalizedText, from: number, to: number, out: TokenBuffer, dropMatch?: () => boolean): void {
    const { units, starts, ends } = text;
    const pieces = this.#pieces;
    const firstToken = out.length;
    let node = this.#first;
    let pieceStart = this.#isTooLong(units, from, to) ? Number.POSITIVE_INFINITY : from;
    while (pieceStart < to) {
      let id = NONE;
      let pieceEnd = pieceStart;
      for (let at = pieceStart; at < to; ) {
        const edge = pieces.find(node, units[at++]);
        if (edge === NONE) break;
        node = pieces.child(edge);
        const value = pieces.value(edge);
        if (value !== NONE && (id === NONE || dropMatch === undefined || !dropMatch())) {
          id = value;
          pieceEnd = at;
        }
      }
      if (id === NONE) break;
      out.push(id, starts[pieceStart], ends[pieceEnd - 1]);
      pieceStart = pieceEnd;
      node = this.#continuing;
    }
    if (pieceStart !== to) {
      out.length = firstToken;
      out.unknown++;
      out.push(this.#unknownId, starts[from], ends[to - 1]);
    }
  }

  /** Whether the word has more characters than the limit; a surrogate pair is one. */
  #isTooLong(units: Uint16Array, from: number, to: number): boolean {
    if (to - from <= this.maxCharactersPerWord) return false;
    let characters = 0;
    for (let at = from; at < to; at++) if ((units[at] & 0xfc00) !== 0xdc00) characters++;
    return characters > this.maxCharactersPerWord;
  }
}
