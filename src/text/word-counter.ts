/**
 * Counts the distinct words of a stream of texts, in bounded memory.
 *
 * Where there are more distinct words than memory should hold, the rarest are forgotten: those seen once, then twice, and
 * so on, until half of the room is free. A word forgotten that comes again counts from one, so counts of rare words may
 * be too low; words that make pieces of a vocabulary occur far more often.
 *
 * Does not learn anything from them: train-vocabulary.ts does.
 */
import { AttuneError } from "../base/errors.ts";
import { NormalizedText } from "./normalized-text.ts";
import type { BertNormalizer } from "./normalizer.ts";
import { WordSpans } from "./pre-tokenizer.ts";

/** Longer words are unknown to WordPiece, so nothing is learnt from them. */
const MAX_CHARACTERS = 100;

/** Distinct words held at a time: about a gigabyte. */
const MOST_WORDS = 8_000_000;

export class WordCounter {
  readonly #normalizer: BertNormalizer;
  readonly #mostWords: number;
  readonly #normalized = new NormalizedText();
  readonly #spans = new WordSpans();
  readonly #counts = new Map<string, number>();
  #texts = 0;

  /** @param mostWords distinct words above which the rarest are forgotten */
  constructor(normalizer: BertNormalizer, mostWords = MOST_WORDS) {
    this.#normalizer = normalizer;
    this.#mostWords = mostWords;
  }

  add(text: string): void {
    this.#texts++;
    const [normalized, spans, counts] = [this.#normalized, this.#spans, this.#counts];
    normalized.clear();
    this.#normalizer.append(text, 0, text.length, normalized);
    spans.split(normalized);
    const units = normalized.slice();
    for (let i = 0; i < 2 * spans.count; i += 2) {
      const word = units.slice(spans.bounds[i], spans.bounds[i + 1]);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    if (counts.size > this.#mostWords) this.#forget();
  }

  /**
   * The distinct words, as characters, and how often each stands in the texts.
   *
   * @throws ERR_VOCABULARY_EMPTY where there is none
   */
  words(): [string[], number][] {
    const words = [...this.#counts].map(([word, count]): [string[], number] => [Array.from(word), count]);
    if (words.length > 0) return words.filter(([word]) => word.length <= MAX_CHARACTERS);
    throw new AttuneError("ERR_VOCABULARY_EMPTY", {
      rule: "the texts to learn a vocabulary from must contain words",
      found: `${this.#texts} texts without a single one`,
      next: "check that the right column or file is read",
    });
  }

  #forget(): void {
    for (let least = 2; this.#counts.size > this.#mostWords / 2; least++) {
      for (const [word, count] of this.#counts) if (count < least) this.#counts.delete(word);
    }
  }
}
