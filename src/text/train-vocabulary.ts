/**
 * Learning a WordPiece vocabulary from texts.
 *
 * Words are counted after BERT's normalization; every character becomes a piece, alone and, where it continues a
 * word, with "##"; then the most frequent neighbouring pieces are merged until the vocabulary is full. This is what
 * Hugging Face's `WordPieceTrainer` does (Google's own trainer was never published), with two differences. Ties are
 * broken in a fixed order (smaller ids first, ids in the order of code points at the start), so that the result is
 * the same in every run and whatever the order of the texts. And words with a character outside the alphabet are
 * left out, since WordPiece will call them unknown; Hugging Face joins the pieces on both sides of the gap.
 *
 * Does not choose the size, and does not drop rare characters unless told to or forced by `vocabSize`.
 */
import { AttuneError, internal } from "../base/errors.ts";
import { mergePairs } from "./merge-pairs.ts";
import { BertNormalizer, type NormalizerOptions } from "./normalizer.ts";
import { SPECIAL_TOKENS } from "./vocabulary.ts";
import { WordCounter } from "./word-counter.ts";
import { CONTINUATION } from "./wordpiece.ts";

/** What to learn. The normalizer's options must be those of the tokenizer that will use the vocabulary. */
export interface TrainVocabularyOptions extends NormalizerOptions {
  /** The most tokens, special ones included. */
  readonly vocabSize: number;
  /** Pairs that occur less often are not merged. Default 2. */
  readonly minFrequency?: number;
  /** The most distinct characters; the rarest are dropped. Default: as many as `vocabSize` has room for. */
  readonly alphabetLimit?: number;
}

/**
 * Learns a vocabulary: [PAD], [UNK], [CLS], [SEP], [MASK], then characters, then merged pieces, most frequent first.
 * It may stay smaller than `vocabSize` where the texts have no more to give. Equal counts of equal words give equal
 * vocabularies.
 *
 * Throws ERR_VOCABULARY_SIZE if `vocabSize` is not a whole number with room for more than the special tokens, or
 * another option is out of range; ERR_VOCABULARY_EMPTY if the texts hold no word.
 *
 * @example
 * trainWordPiece(["low lower lowest", "new newer newest"], { vocabSize: 40 }).slice(-3); // ["##st", "##wer", "##west"]
 */
export function trainWordPiece(texts: Iterable<string>, options: TrainVocabularyOptions): string[] {
  const trainer = new WordPieceTrainer(options);
  for (const text of texts) trainer.add(text);
  return trainer.vocabulary();
}

/** `trainWordPiece` for texts that come one by one, such as those of a corpus that is read as a stream. */
export class WordPieceTrainer {
  readonly #options: TrainVocabularyOptions;
  readonly #counter: WordCounter;

  /** @throws ERR_VOCABULARY_SIZE */
  constructor(options: TrainVocabularyOptions) {
    const { vocabSize, minFrequency = 2, alphabetLimit = vocabSize } = options;
    checkCount("vocabSize", vocabSize, Object.values(SPECIAL_TOKENS).length + 1);
    checkCount("minFrequency", minFrequency, 1);
    checkCount("alphabetLimit", alphabetLimit, 1);
    this.#options = options;
    this.#counter = new WordCounter(new BertNormalizer(options));
  }

  add(text: string): void {
    this.#counter.add(text);
  }

  /** What was learnt from the texts so far. @throws ERR_VOCABULARY_EMPTY */
  vocabulary(): string[] {
    return learn(this.#counter.words(), this.#options);
  }
}

function learn(
  counts: readonly [string[], number][],
  { vocabSize, minFrequency = 2, alphabetLimit = vocabSize }: TrainVocabularyOptions,
): string[] {
  const specials = Object.values(SPECIAL_TOKENS);
  const alphabet = chooseAlphabet(counts, alphabetLimit, vocabSize - specials.length);
  const words = [...counts].filter(([word]) => word.every((character) => alphabet.has(character)));
  const continuing = new Set(words.flatMap(([word]) => word.slice(1)));
  const vocabulary = [
    ...specials,
    ...sorted(alphabet),
    ...sorted(continuing).map((character) => CONTINUATION + character),
  ];
  const ids = new Map(vocabulary.map((piece, id) => [piece, id]));
  const spelled = words.map(([word, count]) => ({ symbols: spell(word, ids), count }));
  mergePairs(vocabulary, spelled, vocabSize, minFrequency);
  return vocabulary;
}

/** The most frequent characters, of equals the one with the smaller code point, as many as the limits allow. */
function chooseAlphabet(
  words: readonly [string[], number][],
  limit: number,
  room: number,
): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const continuing = new Set<string>();
  for (const [word, count] of words) {
    for (const [i, character] of word.entries()) {
      counts.set(character, (counts.get(character) ?? 0) + count);
      if (i > 0) continuing.add(character);
    }
  }
  const alphabet = new Set<string>();
  let left = room;
  for (const [character] of [...counts].sort(([a, m], [b, n]) => n - m || codePointOf(a) - codePointOf(b))) {
    left -= continuing.has(character) ? 2 : 1;
    if (left < 0 || alphabet.size === limit) break;
    alphabet.add(character);
  }
  return alphabet;
}

/** The pieces of a word before any merge: its characters. */
function spell(word: readonly string[], ids: ReadonlyMap<string, number>): number[] {
  return word.map((character, i) => {
    const id = ids.get(i === 0 ? character : CONTINUATION + character);
    if (id === undefined) throw internal(`the alphabet lacks ${JSON.stringify(character)}`);
    return id;
  });
}

/** Characters in the order of their code points. */
function sorted(characters: ReadonlySet<string>): string[] {
  return [...characters].sort((a, b) => codePointOf(a) - codePointOf(b));
}

function codePointOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function checkCount(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least && value < 2 ** 21) return;
  throw new AttuneError("ERR_VOCABULARY_SIZE", {
    rule: `${name} must be a whole number from ${least} to ${2 ** 21 - 1}`,
    found: `found ${value}`,
    next: `raise ${name}, or leave it out for the default`,
  });
}
