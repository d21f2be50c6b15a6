/**
 * A trained model in use: reads texts once, then writes their dates character by character.
 *
 * Each character costs one position: keys and values of those before it are kept (Generator). Nothing says which text
 * is no date at all; the probability is all that the model tells about its doubts.
 */
import type { Backend, State } from "attune/nn";
import { Generator } from "attune/nn";
import type { Characters } from "./characters.ts";
import { END, START } from "./characters.ts";
import type { Pair } from "./data.ts";
import { dateTransformer } from "./model.ts";

/** What training leaves behind, and all that is needed to use it. */
export interface Learned {
  readonly characters: Characters;
  readonly state: State;
}

export interface Answer {
  readonly date: string;
  /** Of these characters in this order, as the model sees it. */
  readonly probability: number;
}

/** 2024-08-20 and the end. */
const LENGTH = 11;

/** Texts that are read together. */
const BATCH = 512;

export class DateNormalizer {
  readonly #characters: Characters;
  readonly #generator: Generator;

  private constructor(characters: Characters, generator: Generator) {
    this.#characters = characters;
    this.#generator = generator;
  }

  static async open({ characters, state }: Learned, backend: Backend): Promise<DateNormalizer> {
    const generator = await Generator.create(dateTransformer(characters.size), {
      state,
      backend,
      threads: 1,
    });
    return new DateNormalizer(characters, generator);
  }

  /** The date of each text. @throws Error for a character that training never showed. */
  async normalize(texts: readonly string[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let start = 0; start < texts.length; start += BATCH) {
      const sources = this.#characters.sources(texts.slice(start, start + BATCH));
      const options = { maxLength: LENGTH, startId: START, endId: END };
      for (const { tokens, score } of await this.#generator.generate(sources, options))
        answers.push({ date: this.#characters.decode(tokens), probability: Math.exp(score) });
    }
    return answers;
  }

  dispose(): Promise<void> {
    return this.#generator.dispose();
  }
}

export interface Mistake {
  readonly source: string;
  readonly target: string;
  readonly written: string;
}

/** The share of pairs whose target is written exactly, and the others. */
export async function exactMatch(
  learned: Learned,
  pairs: readonly Pair[],
  backend: Backend,
): Promise<{ readonly share: number; readonly mistakes: readonly Mistake[] }> {
  const normalizer = await DateNormalizer.open(learned, backend);
  try {
    const answers = await normalizer.normalize(pairs.map(([source]) => source));
    const mistakes = pairs.flatMap(([source, target], i) =>
      answers[i].date === target ? [] : [{ source, target, written: answers[i].date }],
    );
    return { share: 1 - mistakes.length / pairs.length, mistakes };
  } finally {
    await normalizer.dispose();
  }
}
