/**
 * The npm package `tokenizers` as an oracle: the same vocabulary in both, and its offsets in our units.
 *
 * The peer is loaded from our own tokenizer.json, so that every comparison also checks that it reads the file.
 */
import { readFileSync } from "node:fs";
import { Tokenizer } from "tokenizers";
import type { TestContext } from "vitest";
import {
  BertTokenizer,
  readVocabulary,
  type Tokenizer as OurTokenizer,
  type TokenizerOptions,
} from "../../src/text/index.ts";
import { sharedData } from "../shared-data.ts";

/** Published vocabularies, by what stands between "bert-base-" and "-vocab.txt". */
export type VocabularyName = "uncased" | "cased" | "chinese" | "multilingual-cased";

/** The tokenizer of a published vocabulary; skips the running test where the shared data are absent. */
export function published(
  context: TestContext,
  name: VocabularyName,
  options: TokenizerOptions = {},
): BertTokenizer {
  const file = sharedData(context, `vocab/bert-base-${name}-vocab.txt`);
  return BertTokenizer.fromVocabulary(readVocabulary(readFileSync(file, "utf8"), file), options);
}

/** The oracle file `name`, parsed; skips the running test where it is absent. */
export function oracle<T>(context: TestContext, name: string): T {
  return JSON.parse(readFileSync(sharedData(context, `oracles/${name}.json`), "utf8")) as T;
}

/** What both libraries can tell about an encoding. */
export interface Tokens {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  /** [start, end, start, end, ...] in UTF-16 units. */
  readonly offsets: readonly number[];
}

/** How to encode; `maxLength` and `truncation` as in our own options. */
export interface PairOptions {
  readonly pair?: string | undefined;
  readonly maxLength?: number;
  readonly truncation?: "longestFirst" | "onlyFirst" | "onlySecond";
}

const STRATEGY = { longestFirst: "LongestFirst", onlyFirst: "OnlyFirst", onlySecond: "OnlySecond" } as const;

/** The peer for a tokenizer of ours. Truncation is a setting of the peer, so it holds one mode at a time. */
export class Peer {
  readonly #peer: Tokenizer;

  constructor(tokenizer: Pick<OurTokenizer, "toTokenizerJson">) {
    this.#peer = Tokenizer.fromString(tokenizer.toTokenizerJson());
  }

  async encode(text: string, options: PairOptions = {}): Promise<Tokens> {
    const [tokens] = await this.encodeAll([[text, options.pair]], options);
    return tokens;
  }

  /** Many texts, or pairs, under one limit: faster, since the calls wait together. */
  async encodeAll(
    inputs: readonly (readonly [text: string, pair?: string | undefined])[],
    options: Omit<PairOptions, "pair"> = {},
  ): Promise<Tokens[]> {
    if (options.maxLength === undefined) this.#peer.disableTruncation();
    else
      this.#peer.setTruncation(options.maxLength, {
        strategy: STRATEGY[options.truncation ?? "longestFirst"] as never,
      });
    // its encodeBatch takes no pairs
    const encodings = await Promise.all(inputs.map(([text, pair]) => this.#peer.encode(text, pair ?? null)));
    return encodings.map((encoding, n) => {
      const sequenceIds = encoding.getSequenceIds();
      const units = inputs[n].map((text) => unitsOfCharacters(text ?? ""));
      const offsets = encoding
        .getOffsets()
        .flatMap((place, i) => place.map((character) => units[sequenceIds[i] ?? 0][character]));
      return { ids: encoding.getIds(), typeIds: encoding.getTypeIds(), offsets };
    });
  }
}

/** The same of ours. */
export function encode(tokenizer: OurTokenizer, text: string, options: PairOptions = {}): Tokens {
  const { ids, typeIds, offsets } = tokenizer.encode(text, { ...options, offsets: true });
  return { ids, typeIds, offsets: [...(offsets ?? [])] };
}

/** Where each character (code point or lone surrogate) starts, in UTF-16 units, and where the last one ends. */
function unitsOfCharacters(text: string): number[] {
  const units = [0];
  for (const character of text) units.push((units.at(-1) ?? 0) + character.length);
  return units;
}
