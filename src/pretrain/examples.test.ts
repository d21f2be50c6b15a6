import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { chiSquare, chiSquareLimit } from "../../test/chi-square.ts";
import { temporaryFolder } from "../../test/temporary-files.ts";
import { Random } from "../base/random.ts";
import type { SentenceObjective } from "../models/bert/masked-lm.ts";
import type { MaskedExample } from "./examples.ts";
import { ExampleMaker, type ExampleOptions, maskedFeeds, specialTokens } from "./examples.ts";
import { maskings } from "./masking.ts";
import type { Sequences } from "./sequences.ts";
import { CONTINUES, TokenStore, TokenStoreWriter } from "./token-store.ts";

const { folder } = temporaryFolder();
const [PAD, CLS, SEP, MASK, STOP] = [0, 2, 3, 4, 5];
const VOCABULARY = 5000;

const options: ExampleOptions = {
  masking: "whole-words",
  maskShare: 0.15,
  objective: "none",
  seed: 1,
  clsId: CLS,
  sepId: SEP,
  padId: PAD,
  maskId: MASK,
  vocabSize: VOCABULARY,
  wordIds: Array.from({ length: VOCABULARY - 6 }, (_, i) => i + 6),
  sentenceEnds: new Set([STOP]),
};

/** Token j of sequence i: 6 + 50 i + j, and every ninth ends a sentence. */
const withSentences = (i: number, j: number) =>
  j % 9 === 8 ? STOP : (6 + 50 * i + j) | (j % 4 === 2 ? CONTINUES : 0);

/** Sequences of these lengths. */
async function maker(
  lengths: readonly number[],
  change: Partial<ExampleOptions>,
  name = "store",
  token = withSentences,
) {
  const path = join(folder, name);
  const writer = await TokenStoreWriter.create(path);
  const starts: number[] = [];
  let start = 0;
  for (const [i, length] of lengths.entries()) {
    await writer.add(Uint32Array.from({ length }, (_, j) => token(i, j) >>> 0));
    starts.push(start);
    start += length;
  }
  await writer.finish({});
  const opened = await TokenStore.open(path);
  if (opened === undefined) throw new Error("no store");
  const sequences: Sequences = { starts: Float64Array.from(starts), lengths: Uint16Array.from(lengths) };
  return new ExampleMaker(opened.store, sequences, { ...options, ...change });
}

/** The ids before any was hidden. */
function original({ ids, places, labels }: MaskedExample): Int32Array {
  const whole = ids.slice();
  places.forEach((place, k) => (whole[place] = labels[k]));
  return whole;
}

/** The segments of an example, special tokens left out, and that its type ids fit them. */
function segments(example: MaskedExample): number[][] {
  const whole = [...original(example)];
  expect(whole[0]).toBe(CLS);
  expect(whole.at(-1)).toBe(SEP);
  const first = whole.indexOf(SEP);
  expect([...example.typeIds]).toEqual(whole.map((_, i) => (i <= first ? 0 : 1)));
  expect(example.places.every((place) => place > 0 && ![CLS, SEP].includes(whole[place]))).toBe(true);
  return first === whole.length - 1
    ? [whole.slice(1, -1)]
    : [whole.slice(1, first), whole.slice(first + 1, -1)];
}

const LENGTHS = Array.from({ length: 80 }, (_, i) => 20 + (i % 20));
const text = (sequence: number, length = LENGTHS[sequence]) =>
  Array.from({ length }, (_, j) => (j % 9 === 8 ? STOP : 6 + 50 * sequence + j));

describe("without a sentence objective", () => {
  it("a sequence stands between [CLS] and [SEP], other tokens hidden at each visit, the same at the same", async () => {
    const make = await maker(LENGTHS, {});
    const examples = [0, 1, 2].map((epoch) => make.make(4, `train/${epoch}`));
    for (const example of examples) {
      expect(segments(example)).toEqual([text(4)]);
      expect(example.sentenceLabel).toBeUndefined();
      expect(example.ids).toHaveLength(LENGTHS[4] + specialTokens("none"));
    }
    expect(new Set(examples.map(({ places }) => places.join())).size).toBe(3);
    expect(make.make(4, "train/1")).toEqual(examples[1]);
  });

  it.each(maskings)("%s: special tokens are never hidden, nor drawn in a token's place", async (masking) => {
    const make = await maker(LENGTHS, { masking, maskShare: 0.9, objective: "nsp" });
    for (let sequence = 0; sequence < 80; sequence++) {
      const example = make.make(sequence, "train/0");
      segments(example);
      for (const place of example.places) expect([PAD, CLS, SEP]).not.toContain(example.ids[place]);
    }
  });
});

describe("next sentence", () => {
  let make: ExampleMaker;
  beforeAll(async () => {
    make = await maker(LENGTHS, { objective: "nsp" }, "nsp");
  });

  it("the second segment follows in half of the texts, and is the end of another sequence in the others", () => {
    const counts = [0, 0];
    for (let i = 0; i < 800; i++) {
      const sequence = i % 80;
      const example = make.make(sequence, `train/${Math.floor(i / 80)}`);
      const [a, b] = segments(example);
      const label = example.sentenceLabel ?? -1;
      counts[label]++;
      expect(a).toEqual(text(sequence).slice(0, a.length));
      if (label === 0) {
        expect([...a, ...b]).toEqual(text(sequence));
      } else {
        const other = Math.floor(((b.find((id) => id !== STOP) ?? 0) - 6) / 50);
        expect(other).not.toBe(sequence);
        expect(b).toEqual(text(other).slice(-b.length));
        expect(b.length).toBeLessThanOrEqual(LENGTHS[sequence] - a.length);
      }
      expect(example.ids.length).toBeLessThanOrEqual(LENGTHS[sequence] + specialTokens("nsp"));
    }
    expect(chiSquare(counts, 400)).toBeLessThan(chiSquareLimit(1));
  });

  it("texts are cut where a sentence ends, in their middle half, wherever one does", () => {
    let ends = 0;
    for (let sequence = 0; sequence < 80; sequence++) {
      const [a] = segments(make.make(sequence, "train/0"));
      const n = LENGTHS[sequence];
      expect(a.length).toBeGreaterThanOrEqual(1);
      expect(a.length).toBeLessThan(n);
      if (a.at(-1) === STOP) ends++;
    }
    expect(ends).toBeGreaterThan(70); // every ninth token is an end, and the search reaches a quarter of 20 or more
  });

  it("every sequence is taken as the other one", () => {
    const others = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const example = make.make(3, `train/${i}`);
      if (example.sentenceLabel === 1)
        others.add(Math.floor(((segments(example)[1].find((id) => id !== STOP) ?? 0) - 6) / 50));
    }
    expect(others.size).toBeGreaterThan(75);
    expect(others.has(3)).toBe(false);
  });

  it.each(["nsp", "sop"] as const)(
    "%s: a text that cannot be cut is whole, and in order",
    async (objective) => {
      const tiny = await maker([1, 1, 1, 1, 1, 1], { objective }, `tiny-${objective}`);
      for (let i = 0; i < 30; i++) {
        const example = tiny.make(i % 6, `train/${i}`);
        expect(example.sentenceLabel).toBe(0);
        expect(segments(example)).toEqual([text(i % 6, 1)]);
      }
    },
  );

  it("where there is no other sequence, the second segment always follows", async () => {
    const lonely = await maker([30], { objective: "nsp" }, "lonely");
    for (let i = 0; i < 20; i++) {
      const example = lonely.make(0, `train/${i}`);
      expect(example.sentenceLabel).toBe(0);
      expect(segments(example).flat()).toEqual(text(0, 30));
    }
  });
});

describe("sentence order", () => {
  it("the segments change places in half of the texts", async () => {
    const make = await maker(LENGTHS, { objective: "sop" }, "sop");
    const counts = [0, 0];
    for (let i = 0; i < 800; i++) {
      const example = make.make(i % 80, `train/${Math.floor(i / 80)}`);
      const [a, b] = segments(example);
      const label = example.sentenceLabel ?? -1;
      counts[label]++;
      expect(label === 0 ? [...a, ...b] : [...b, ...a]).toEqual(text(i % 80));
    }
    expect(chiSquare(counts, 400)).toBeLessThan(chiSquareLimit(1));
  });
});

describe("a text without the end of a sentence", () => {
  it.each([
    ["nsp", "whole-words"],
    ["sop", "whole-words"],
    ["sop", "spans"],
  ] as const)("%s is cut between words: none is hidden in part (%s)", async (objective, masking) => {
    const make = await maker(
      LENGTHS,
      { objective, masking, sentenceEnds: new Set() },
      `words-${objective}-${masking}`,
      ofFivePieces,
    );
    for (let i = 0; i < 800; i++) {
      const sequence = i % 80;
      const example = make.make(sequence, `train/${Math.floor(i / 80)}`);
      if (example.sentenceLabel === 1 && objective === "nsp") continue; // b is another text's end
      const hidden = new Set(example.labels);
      for (let start = 0; start < LENGTHS[sequence]; start += 5) {
        const word = pieces(sequence).slice(start, start + 5);
        expect([0, word.length]).toContain(word.filter((id) => hidden.has(id)).length);
      }
    }
  });

  it("is whole, and in order, where it is one word", async () => {
    const make = await maker([5, 5, 5], { objective: "sop" }, "one-word", ofFivePieces);
    for (let i = 0; i < 30; i++) {
      const example = make.make(i % 3, `train/${i}`);
      expect(example.sentenceLabel).toBe(0);
      expect(segments(example)).toEqual([pieces(i % 3).slice(0, 5)]);
    }
  });

  const pieces = (sequence: number) =>
    Array.from({ length: LENGTHS[sequence] }, (_, j) => 6 + 50 * sequence + j);
  const ofFivePieces = (i: number, j: number) => (6 + 50 * i + j) | (j % 5 === 0 ? 0 : CONTINUES);
});

describe("the feeds of a step", () => {
  const ints = (tensor: { data: unknown }) =>
    tensor.data instanceof Int32Array ? tensor.data : new Int32Array(0);
  const floats = (tensor: { data: unknown }) =>
    tensor.data instanceof Float32Array ? tensor.data : new Float32Array(0);
  const objectives = fc.constantFrom<SentenceObjective>("none", "nsp", "sop");

  it("say of every row where it stands, what stood there and how much it weighs, over micro-batches", async () => {
    const makers = {
      none: await maker(LENGTHS, { objective: "none" }, "feeds-none"),
      nsp: await maker(LENGTHS, { objective: "nsp" }, "feeds-nsp"),
      sop: await maker(LENGTHS, { objective: "sop" }, "feeds-sop"),
    };
    fc.assert(
      fc.property(objectives, fc.integer({ min: 1, max: 9 }), fc.nat(), (objective, count, seed) => {
        const random = new Random(seed, "step");
        const examples = Array.from({ length: count }, () =>
          makers[objective].make(random.int(80), `train/${seed}`),
        );
        const masked = examples.reduce((sum, { places }) => sum + places.length, 0);
        const cut = random.int(count + 1);
        const parts = [examples.slice(0, cut), examples.slice(cut)].filter((part) => part.length > 0);
        let [weight, labelWeight, textWeight] = [0, 0, 0];
        for (const part of parts) {
          const feeds = maskedFeeds(part, options, { masked, texts: count });
          checkPart(part, feeds);
          weight += floats(feeds.weights).reduce((a, b) => a + b);
          labelWeight += floats(feeds.label_weights).reduce((a, b) => a + b);
          if (objective === "none") expect(feeds).not.toHaveProperty("sentence_labels");
          else textWeight += floats(feeds.example_weights).reduce((a, b) => a + b);
        }
        expect(weight).toBeCloseTo(1, 5);
        expect(labelWeight).toBeCloseTo(1, 5);
        if (objective !== "none") expect(textWeight).toBeCloseTo(1, 5);
      }),
      { numRuns: 40 },
    );
  });

  function checkPart(part: readonly MaskedExample[], feeds: ReturnType<typeof maskedFeeds>): void {
    const [b, t] = feeds.input_ids.shape;
    const [p] = feeds.places.shape;
    const [ids, types, present] = [feeds.input_ids, feeds.token_type_ids, feeds.attention_mask].map(ints);
    const [places, inverse, labels] = [feeds.places, feeds.inverse, feeds.labels].map(ints);
    const weights = floats(feeds.weights);
    expect([b, t]).toEqual([part.length, Math.max(...part.map(({ ids: { length } }) => length))]);
    expect(p).toBe(1 + Math.max(...part.map((example) => example.places.length)));
    const byLabel = new Float32Array(VOCABULARY);
    part.forEach((example, i) => {
      const n = example.ids.length;
      expect([...ids.subarray(i * t, (i + 1) * t)]).toEqual([
        ...example.ids,
        ...new Array<number>(t - n).fill(PAD),
      ]);
      expect([...types.subarray(i * t, i * t + n)]).toEqual([...example.typeIds]);
      expect([...present.subarray(i * t, (i + 1) * t)]).toEqual(
        Array.from({ length: t }, (_, at) => (at < n ? 1 : 0)),
      );
      expect(places[i]).toBe(i); // the first token of text i
      expect(weights[i]).toBe(0);
      for (let k = 0; k < p - 1; k++) {
        const row = (k + 1) * b + i;
        expect(weights[row] > 0).toBe(k < example.places.length);
        if (weights[row] === 0) continue;
        expect(places[row]).toBe(example.places[k] * b + i);
        expect(inverse[places[row]]).toBe(row);
        expect(labels[row]).toBe(example.labels[k]);
        byLabel[labels[row]] += weights[row];
      }
    });
    floats(feeds.label_weights).forEach((weight, label) => expect(weight).toBeCloseTo(byLabel[label], 6));
    // and no other place claims a row
    expect(inverse.filter((row) => row < p * b)).toHaveLength(b + weights.filter((w) => w > 0).length);
  }
});
