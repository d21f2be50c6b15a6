/**
 * Chapter 1, tokens and embeddings: a vocabulary learned from messages, text as ids, ids as rows of a table, and what
 * training does to those rows.
 *
 *     node --import ./scripts/typescript.js examples/principles/01-tokens-and-embeddings.ts
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BertTokenizer, trainWordPiece } from "attune";
import type { HostTensor, ParameterSpec, Scope, Tensor } from "attune/nn";
import {
  add,
  crossEntropy,
  Embedding,
  embedding,
  evaluate,
  fit,
  gemm,
  initialize,
  input,
  linear,
  linearWarmup,
  loadBackend,
  oneHot,
  Random,
  tensor,
  TransformerEncoderLayer,
} from "attune/nn";
import { cosine, floats, grouped, isMain, largestDifference, printTable, rows, shapeOf } from "./numbers.ts";

const steps = 500;

export async function main() {
  const tokenizer = learnVocabulary();
  spellWords(tokenizer);
  await embed(tokenizer);
  compareCosts();
  const { before, after } = await learnWords();
  printCosines(before, after);
  return { words, before: cosines(before), after: cosines(after) };
}

/** The vocabulary of the 720 messages of the quickstart, English and Chinese. */
function learnVocabulary(): BertTokenizer {
  const file = new URL("../quickstart/train.csv", import.meta.url);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
  const texts = lines.map((line) => line.slice(0, line.lastIndexOf(","))); // "text,label" without its label
  // #region vocabulary
  const vocabulary = trainWordPiece(texts, { vocabSize: 3000, minFrequency: 5 });
  const tokenizer = BertTokenizer.fromVocabulary(vocabulary);
  // #endregion
  const characters = vocabulary.filter((token) => /^(##)?.$/u.test(token)).length;
  const merged = vocabulary.length - 5 - characters;
  console.log(`${texts.length} messages: ${grouped(vocabulary.length)} tokens`);
  console.log(`${characters} characters, ${merged} merged pieces, 5 special tokens`);
  return tokenizer;
}

function spellWords(tokenizer: BertTokenizer): void {
  console.log();
  const pieces = (word: string) => {
    const { ids } = tokenizer.encode(word, { addSpecialTokens: false });
    return ids.map((id) => tokenizer.idToToken(id)).join(" ");
  };
  const spelled = ["refund", "Refunded", "delivery", "redelivered", "退款", "☕"];
  for (const word of spelled) console.log(`${word} -> ${pieces(word)}`);
  assert.equal(pieces("Refunded"), "refund ##ed");
  assert(pieces("redelivered").split(" ").length > 3 && pieces("delivery") === "delivery");
  assert.equal(pieces("退款"), "退 款");
  assert.equal(pieces("☕"), "[UNK]");
}

/** A pair of texts becomes [10, 512]. */
async function embed(tokenizer: BertTokenizer): Promise<void> {
  const { vocabSize } = tokenizer;
  // #region encode
  const { ids, typeIds } = tokenizer.encode("No refund?", { pair: "I returned it" });
  // #endregion
  console.log();
  printTable([
    ["token", ...ids.map((id) => tokenizer.idToToken(id) ?? "")],
    ["id", ...ids.map(String)],
    ["type", ...typeIds.map(String)],
  ]);
  assert.equal(ids.length, 10);

  // #region lookup
  const table = new Embedding({ numEmbeddings: vocabSize, embeddingDim: 512 });
  const types = new Embedding({ numEmbeddings: 2, embeddingDim: 512, seed: 1 });
  const token = table(tensor(ids, "int32")); // [10, 512]
  const x = add(token, types(tensor(typeIds, "int32"))); // [10, 512]
  // #endregion
  console.log(`\nx ${shapeOf(x)}`);
  const first = rows(await evaluate(token));
  for (const place of [0, 4, 9]) {
    const numbers = Array.from(first[place].subarray(0, 6), (value) => value.toFixed(2).padStart(5));
    console.log(
      `row ${place}, ${(tokenizer.idToToken(ids[place]) ?? "").padEnd(5)} ${numbers.join(" ")} ...`,
    );
  }
  assert.deepEqual(first[4], first[9]); // one token, one row

  const weight = table.parameters[0].tensor;
  // #region product
  const chosen = oneHot(tensor(ids, "int32"), vocabSize); // [10, v]: a 1 in the column of the id, else 0
  const product = gemm(chosen, weight); // [10, v] x [v, 512] -> [10, 512]
  // #endregion
  const values = await evaluate({ token, product });
  const difference = largestDifference(floats(values.token), floats(values.product));
  console.log(`\nlookup against product, largest difference: ${difference}`);
  console.log(`multiplications of the product: ${grouped(ids.length * vocabSize * 512)}`);
  assert.equal(difference, 0);
}

/** How much of a model is its table: BERT's vocabulary of 30,522 tokens beside its layers. */
function compareCosts(): void {
  const sizes = [
    { name: "BERT-tiny", d: 128, nHead: 2, layers: 2 },
    { name: "BERT-base", d: 768, nHead: 12, layers: 12 },
  ];
  const costs = sizes.map(({ name, d, nHead, layers }) => {
    const { parameters } = new TransformerEncoderLayer({ dModel: d, nHead, dimFeedforward: 4 * d });
    const inLayers =
      layers * parameters.reduce((sum, { shape }) => sum + shape.reduce((n, dim) => n * dim), 0);
    return { name, table: 30522 * d, inLayers };
  });
  console.log();
  printTable([
    ["", "table", "layers", "share of the table"],
    ...costs.map(({ name, table, inLayers }) => {
      const share = Math.round((100 * table) / (table + inLayers));
      return [name, grouped(table), grouped(inLayers), `${share}%`];
    }),
  ]);
  assert(costs[0].table > 9 * costs[0].inLayers && costs[1].table < 0.3 * costs[1].inLayers);
}

const animals = ["dog", "cat", "horse", "bird"];
const verbs = ["loves", "hates", "sees"];
const foods = ["bread", "fish", "rice", "corn"];
const words = [...animals, ...verbs, ...foods, "the", "."];

// #region model
/** From a word [b], scores of each of the 13 words to be the next: [b, 13]. */
function nextWord(scope: Scope): Tensor {
  const word = input("word", "int32", ["b"]);
  const init = { kind: "normal", std: 0.02 } as const;
  const x = embedding(scope.at("words"), word, { numEmbeddings: words.length, embeddingDim: 32, init }); // [b, 32]
  return linear(scope.at("next"), x, { outFeatures: words.length }); // [b, 13]
}
// #endregion

/** The table's rows before training and after it. */
async function learnWords(): Promise<{ before: Float32Array[]; after: Float32Array[] }> {
  const backend = await loadBackend();
  const schedule = linearWarmup({ lr: 0.01, warmupSteps: 10, totalSteps: steps });
  const loss = (scope: Scope) => crossEntropy(nextWord(scope), input("next", "int32", ["b"]));
  const batches = (step: number) => [bigrams(new Random(0, `sentences/${step}`))];
  const before: Float32Array[] = [];
  const start = (spec: ParameterSpec, out: Float32Array) => {
    initialize(spec, 0, out);
    if (spec.name === "words.weight") before.push(...rowsOf(out));
  };
  const losses: number[] = [];
  let after: Float32Array[] = [];
  for await (const { loss: now, state } of fit({
    loss,
    batches,
    steps,
    schedule,
    backend,
    start,
    threads: 1,
  })) {
    losses.push(now);
    if (losses.length === steps) after = rowsOf(state().get("words.weight")?.data ?? new Float32Array());
  }
  console.log(`\nloss ${losses[0].toFixed(2)} at first, ${losses[steps - 1].toFixed(2)} at last`);
  assert(losses[0] > 2.4 && losses[steps - 1] < 1.15);
  return { before, after };
}

/** A copy of the table [13, 32], row by row. */
function rowsOf(table: Float32Array): Float32Array[] {
  return words.map((_, i) => table.slice(i * 32, (i + 1) * 32));
}

/** Words and their next words out of 32 sentences such as "the dog loves the fish ." */
function bigrams(random: Random) {
  const pick = (list: readonly string[]) => list[random.int(list.length)];
  const sentences = Array.from({ length: 32 }, () =>
    ["the", pick(animals), pick(verbs), "the", pick(foods), "."].map((word) => words.indexOf(word)),
  );
  const column = (ids: readonly number[]) =>
    ({ dtype: "int32", shape: [ids.length], data: Int32Array.from(ids) }) satisfies HostTensor;
  return {
    word: column(sentences.flatMap((ids) => ids.slice(0, -1))),
    next: column(sentences.flatMap((ids) => ids.slice(1))),
  };
}

function printCosines(before: readonly Float32Array[], after: readonly Float32Array[]): void {
  const between = (table: readonly Float32Array[], a: string, b: string) =>
    cosine(table[words.indexOf(a)], table[words.indexOf(b)]);
  const pairs = [
    ["dog", "loves", "side by side"],
    ["loves", "the", "side by side"],
    ["dog", "cat", "never"],
    ["bread", "rice", "never"],
    ["loves", "hates", "never"],
  ];
  console.log();
  printTable([
    ["pair", "in one sentence", "before", "after"],
    ...pairs.map(([a, b, together]) => [
      `${a}, ${b}`,
      together,
      oneDigit(between(before, a, b)),
      oneDigit(between(after, a, b)),
    ]),
  ]);
  for (const group of [animals, verbs, foods]) {
    for (const a of group)
      for (const b of words) assert(between(after, a, b) > 0.9 === group.includes(b), `${a}, ${b}`);
  }
}

/** Every row of a table with every other. */
function cosines(table: readonly Float32Array[]): number[][] {
  return table.map((a) => table.map((b) => cosine(a, b)));
}

/** 0.26 as "0.3", -0.04 as "0.0". */
function oneDigit(value: number): string {
  return (Math.round(value * 10) / 10 + 0).toFixed(1);
}

if (isMain(import.meta.url)) await main();
