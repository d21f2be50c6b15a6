import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary-files.ts";
import { Random } from "../base/random.ts";
import { loadBackend } from "../runtime/index.ts";
import { countPairs, embedCooccurrence } from "./cooccurrence.ts";
import type { Corpus } from "./corpus.ts";
import { cutDocuments, type DocumentRange } from "./sequences.ts";
import { CONTINUES, TokenStore, TokenStoreWriter } from "./token-store.ts";

const { folder } = temporaryFolder();
const SPECIALS = [0, 1, 2, 3, 4];
const DEVIATION = 0.1;
let stores = 0;

async function corpusOf(documents: readonly (readonly number[])[]): Promise<Corpus> {
  const path = join(folder, `${stores++}`);
  const writer = await TokenStoreWriter.create(path);
  for (const document of documents) await writer.add(Uint32Array.from(document));
  await writer.finish({});
  const opened = await TokenStore.open(path);
  if (opened === undefined) throw new Error("no store");
  const ranges: DocumentRange[] = [...opened.store.ends].map((end, i, ends) => ({
    start: i === 0 ? 0 : ends[i - 1],
    end,
  }));
  const none = cutDocuments([], 1);
  const counts = {
    documents: 0,
    tokens: 0,
    sequences: 0,
    devDocuments: 0,
    devTokens: 0,
    shortDocuments: 0,
    duplicateDocuments: 0,
    unknownShare: 0,
  };
  return { store: opened.store, train: cutDocuments(ranges, 40), dev: none, counts };
}

async function embed(documents: readonly (readonly number[])[], vocabSize: number, hiddenSize: number) {
  const corpus = await corpusOf(documents);
  const random = new Random(8, "table");
  const before = Float32Array.from({ length: vocabSize * hiddenSize }, () => random.normal());
  const table = before.slice();
  const options = { vocabSize, hiddenSize, without: new Set(SPECIALS), deviation: DEVIATION, seed: 1 };
  const written = await embedCooccurrence(corpus, table, options, await loadBackend());
  corpus.store.close();
  const row = (word: number, of = table) => of.subarray(word * hiddenSize, (word + 1) * hiddenSize);
  return { written, table, before, row };
}

/** Documents in which a word of one of four topics has words of the same topic beside it. */
function topics(words: number): number[][] {
  const random = new Random(2, "topics");
  return Array.from({ length: 200 }, (_, i) =>
    Array.from({ length: 30 }, () => 5 + (i % 4) + 4 * random.int(words / 4)),
  );
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe("embeddings from co-occurrence", () => {
  it("put words with the same neighbours close, at the deviation asked for; other rows stay", async () => {
    const { written, row, before } = await embed(topics(40), 60, 16);
    expect(written).toBe(40);
    const [same, other]: [number[], number[]] = [[], []];
    for (let a = 5; a < 45; a++)
      for (let b = 5; b < a; b++) ((a - b) % 4 === 0 ? same : other).push(cosine(row(a), row(b)));
    expect(Math.min(...same)).toBeGreaterThan(0.7);
    expect(Math.max(...other)).toBeLessThan(0.5);
    const values = Array.from({ length: 40 }, (_, i) => [...row(5 + i)]).flat();
    const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.sqrt(meanSquare)).toBeCloseTo(DEVIATION, 4);
    for (const word of [...SPECIALS, 45, 59]) expect(row(word)).toEqual(row(word, before));
  });

  it("are a function of corpus and seed, and do not see the marks of words", async () => {
    const documents = topics(40);
    const { table } = await embed(documents, 60, 16);
    expect((await embed(documents, 60, 16)).table).toEqual(table);
    const marked = documents.map((document) =>
      document.map((id, i) => (i % 3 === 0 ? (id | CONTINUES) >>> 0 : id)),
    );
    expect((await embed(marked, 60, 16)).table).toEqual(table);
  });

  it("leave the further columns as they were where there are fewer words than columns", async () => {
    const { written, row, before } = await embed(topics(12), 20, 32);
    expect(written).toBe(12);
    for (let word = 5; word < 17; word++) {
      expect(row(word).subarray(12)).toEqual(row(word, before).subarray(12));
      expect(row(word).subarray(0, 12)).not.toEqual(row(word, before).subarray(0, 12));
      expect(row(word).every(Number.isFinite)).toBe(true);
    }
  });

  it("come from counts that are exact, also of pairs that stand together millions of times", async () => {
    const sequences = 75_000; // of 40 tokens
    const corpus = await corpusOf([new Array<number>(40 * sequences).fill(7), [7, 8]]);
    // distance d stands 40 - d times in a sequence, and weighs (6 - d) fifths
    const inOne = [1, 2, 3, 4, 5].reduce((sum, d) => sum + (6 - d) * (40 - d), 0);
    expect([...countPairs(corpus, [7, 8], 9)]).toEqual([2 * inOne * sequences, 5, 5, 0]);
    corpus.store.close();
  });

  it.each([
    ["one word alone, which says nothing about itself", [new Array<number>(30).fill(7)]],
    ["special tokens alone", [[1, 1, 3, 1, 1, 1]]],
    ["words without neighbours", [[5], [6], [7]]],
  ])("stay random where a corpus has %s", async (_, documents) => {
    const { written, table, before } = await embed(documents, 12, 8);
    expect(written).toBe(0);
    expect(table).toEqual(before);
  });

  it("leave a word random that stands near nothing", async () => {
    const { row, before, written } = await embed([...topics(12), [40]], 60, 8);
    expect(written).toBe(12);
    expect(row(40)).toEqual(row(40, before));
  });
});
