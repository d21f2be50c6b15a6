/** Texts as numbers, character by character, and batches of them. Source and target share one vocabulary. */
import type { Tensors } from "attune/nn";

export const PAD = 0;
export const START = 1;
export const END = 2;

/** Characters that a source may have; those that it learns from have at most 28. */
export const LONGEST = 64;

export class Characters {
  readonly #characters: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** The characters of some texts, which become numbers from 3 on. */
  constructor(texts: Iterable<string>) {
    this.#characters = [...new Set([...texts].join(""))].sort();
    this.#ids = new Map(this.#characters.map((character, i) => [character, END + 1 + i]));
  }

  /** All of them in order: `new Characters([alphabet])` gives the same numbers again. */
  get alphabet(): string {
    return this.#characters.join("");
  }

  /** Of the vocabulary, with padding, start and end. */
  get size(): number {
    return END + 1 + this.#characters.length;
  }

  /** @throws Error for a text of no or too many characters, or with one that has no number. */
  encode(text: string): number[] {
    const length = Array.from(text).length;
    if (length < 1 || length > LONGEST)
      throw new Error(`a text has 1 to ${LONGEST} characters, and "${text}" has ${length}`);
    return Array.from(text, (character) => {
      const id = this.#ids.get(character);
      if (id === undefined) throw new Error(`"${character}" in "${text}" is in no spelling that was learned`);
      return id;
    });
  }

  decode(ids: readonly number[]): string {
    return ids.map((id) => this.#characters[id - END - 1] ?? "?").join("");
  }

  /** `source` int32 [s, b]: each text a column, filled up with padding. */
  sources(texts: readonly string[]): Tensors {
    return { source: columns(texts.map((text) => this.encode(text))) };
  }

  /** Both sides, for teacher forcing: the decoder reads `target` [t, b] and is to say `next` [t, b]. */
  pairs(texts: readonly (readonly [source: string, target: string])[]): Tensors {
    const targets = texts.map(([, target]) => this.encode(target));
    return {
      ...this.sources(texts.map(([source]) => source)),
      target: columns(targets.map((ids) => [START, ...ids])),
      next: columns(targets.map((ids) => [...ids, END])),
    };
  }
}

function columns(rows: readonly (readonly number[])[]): Tensors[string] {
  const length = Math.max(...rows.map((ids) => ids.length));
  const data = new Int32Array(length * rows.length).fill(PAD);
  rows.forEach((ids, b) => ids.forEach((id, t) => (data[t * rows.length + b] = id)));
  return { dtype: "int32", shape: [length, rows.length], data };
}
