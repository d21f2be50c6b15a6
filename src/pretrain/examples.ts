/**
 * From sequences to what a step is fed: special tokens, segments, masks, padding.
 *
 *     none      [CLS] a [SEP]
 *     nsp, sop  [CLS] a [SEP] b [SEP], a sequence cut in two at the end of a sentence near a random place; in half of the
 *               texts b is the end of another, random sequence (nsp) or a and b change places (sop); one word cannot be
 *               cut and stands alone, in order
 *
 * Everything is a function of (seed, epoch, sequence), so a run that resumes sees what it would have seen. Second
 * segments of other sequences are the one thing that crosses documents, since that is what the objective asks for.
 *
 * Legend: b texts, t tokens, p rows a text (row 0 is [CLS], then the masked places), v vocabulary.
 */
import { Random } from "../base/random.ts";
import type { SentenceObjective } from "../models/bert/masked-lm.ts";
import type { Tensors } from "../runtime/index.ts";
import type { Masked, MaskOptions } from "./masking.ts";
import { mask } from "./masking.ts";
import type { Sequences } from "./sequences.ts";
import { CONTINUES, type TokenStore } from "./token-store.ts";

export interface ExampleOptions extends MaskOptions {
  readonly objective: SentenceObjective;
  readonly seed: number;
  readonly clsId: number;
  readonly sepId: number;
  readonly padId: number;
  readonly vocabSize: number;
  /** Ids of tokens that end a sentence. */
  readonly sentenceEnds: ReadonlySet<number>;
}

/** One text, ready to be padded. */
export interface MaskedExample {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  /** Places of masked tokens in `ids`. */
  readonly places: Int32Array;
  readonly labels: Int32Array;
  /** 0: the second segment follows (in order), 1: it does not; undefined without a sentence objective. */
  readonly sentenceLabel: 0 | 1 | undefined;
}

/** How many special tokens a sequence gains. */
export function specialTokens(objective: SentenceObjective): number {
  return objective === "none" ? 2 : 3;
}

/** Makes the examples of one corpus split. `visits` names the visit in the random streams, such as "train/3". */
export class ExampleMaker {
  readonly #store: TokenStore;
  readonly #sequences: Sequences;
  readonly #options: ExampleOptions;

  constructor(store: TokenStore, sequences: Sequences, options: ExampleOptions) {
    this.#store = store;
    this.#sequences = sequences;
    this.#options = options;
  }

  make(sequence: number, visit: string): MaskedExample {
    const { objective, seed } = this.#options;
    const random = new Random(seed, `mask/${visit}/${sequence}`);
    const tokens = this.#read(sequence);
    if (objective === "none") return this.#assemble([mask(tokens, this.#options, random)], undefined);
    const cut = this.#cut(tokens, random);
    const [a, follows] = [tokens.subarray(0, cut), tokens.subarray(cut)];
    const half = random.uniform() < 0.5;
    const changed = half && follows.length > 0 && (objective === "sop" || this.#sequences.lengths.length > 1);
    const b = changed && objective === "nsp" ? this.#other(sequence, follows.length, random) : follows;
    const segments = changed && objective === "sop" ? [b, a] : [a, b];
    const masked = segments.filter((s) => s.length > 0).map((s) => mask(s, this.#options, random));
    return this.#assemble(masked, changed ? 1 : 0);
  }

  #read(sequence: number): Uint32Array {
    return this.#store.read(this.#sequences.starts[sequence], this.#sequences.lengths[sequence]);
  }

  /**
   * The end of the sentence nearest to a random place in the middle half; where no sentence ends, the nearest place
   * between two words, since of a word cut in two one half would tell the other; the end where there is one word.
   */
  #cut(tokens: Uint32Array, random: Random): number {
    const { sentenceEnds } = this.#options;
    const n = tokens.length;
    const wanted = Math.max(1, Math.floor(n / 4) + random.int(Math.max(1, Math.ceil(n / 2))));
    for (let distance = 0; distance < n / 4; distance++) {
      for (const place of [wanted - distance, wanted + distance]) {
        if (place >= 1 && place < n && sentenceEnds.has(tokens[place - 1] & ~CONTINUES)) return place;
      }
    }
    for (let distance = 0; distance < n; distance++) {
      for (const place of [wanted - distance, wanted + distance])
        if (place >= 1 && place < n && (tokens[place] & CONTINUES) === 0) return place;
    }
    return n;
  }

  /** The last `length` tokens of another random sequence, of which there must be one. */
  #other(sequence: number, length: number, random: Random): Uint32Array {
    const { lengths } = this.#sequences;
    let other = random.int(lengths.length);
    if (other === sequence) other = (other + 1) % lengths.length;
    const tokens = this.#read(other);
    return tokens.subarray(Math.max(0, tokens.length - length));
  }

  #assemble(segments: readonly Masked[], sentenceLabel: 0 | 1 | undefined): MaskedExample {
    const { clsId, sepId } = this.#options;
    const length = 1 + segments.reduce((sum, { ids }) => sum + ids.length + 1, 0);
    const ids = new Int32Array(length);
    const typeIds = new Int32Array(length);
    const places: number[] = [];
    const labels: number[] = [];
    ids[0] = clsId;
    let at = 1;
    segments.forEach((segment, type) => {
      ids.set(segment.ids, at);
      ids[at + segment.ids.length] = sepId;
      typeIds.fill(type, at, at + segment.ids.length + 1);
      for (const place of segment.places) places.push(at + place);
      labels.push(...segment.labels);
      at += segment.ids.length + 1;
    });
    return {
      ids,
      typeIds,
      places: Int32Array.from(places),
      labels: Int32Array.from(labels),
      sentenceLabel,
    };
  }
}

/**
 * The feeds of one micro-batch.
 *
 * @param totals masked tokens and texts of the whole step: what a row weighs
 */
export function maskedFeeds(
  examples: readonly MaskedExample[],
  { padId, vocabSize }: Pick<ExampleOptions, "padId" | "vocabSize">,
  totals: { readonly masked: number; readonly texts: number },
): Tensors {
  const b = examples.length;
  const t = examples.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const p = 1 + examples.reduce((most, { places }) => Math.max(most, places.length), 0);
  const inputIds = new Int32Array(b * t).fill(padId);
  const attentionMask = new Int32Array(b * t);
  const tokenTypeIds = new Int32Array(b * t);
  const places = new Int32Array(p * b); // 0 where there is nothing: a row that weighs nothing
  const inverse = new Int32Array(t * b).fill(p * b);
  const labels = new Int32Array(p * b);
  const weights = new Float32Array(p * b);
  const labelWeights = new Float32Array(vocabSize);
  examples.forEach((example, i) => {
    inputIds.set(example.ids, i * t);
    attentionMask.fill(1, i * t, i * t + example.ids.length);
    tokenTypeIds.set(example.typeIds, i * t);
    places[i] = i;
    inverse[i] = i;
    example.places.forEach((token, k) => {
      const row = (k + 1) * b + i;
      places[row] = token * b + i;
      inverse[token * b + i] = row;
      labels[row] = example.labels[k];
      weights[row] = 1 / totals.masked;
      labelWeights[example.labels[k]] += 1 / totals.masked;
    });
  });
  const int32 = (shape: readonly number[], data: Int32Array) => ({ dtype: "int32" as const, shape, data });
  const float32 = (shape: readonly number[], data: Float32Array) => ({
    dtype: "float32" as const,
    shape,
    data,
  });
  const sentences = examples.flatMap(({ sentenceLabel }) =>
    sentenceLabel === undefined ? [] : [sentenceLabel],
  );
  return {
    input_ids: int32([b, t], inputIds),
    attention_mask: int32([b, t], attentionMask),
    token_type_ids: int32([b, t], tokenTypeIds),
    places: int32([p, b], places),
    inverse: int32([t * b], inverse),
    labels: int32([p, b], labels),
    weights: float32([p, b], weights),
    label_weights: float32([vocabSize], labelWeights),
    ...(sentences.length === 0
      ? {}
      : {
          sentence_labels: int32([b], Int32Array.from(sentences)),
          example_weights: float32([b], new Float32Array(b).fill(1 / totals.texts)),
        }),
  };
}
