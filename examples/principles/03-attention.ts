/**
 * Chapter 3, attention: queries, keys and values, the softmax, the mask, what the scale does to random vectors of any
 * width, and what a model that is trained without it fails to learn.
 *
 *     node --import ./scripts/typescript.js examples/principles/03-attention.ts
 */
import assert from "node:assert/strict";
import type { Backend, HostTensor, Tensor } from "attune/nn";
import {
  arange,
  batchMatmul,
  concat,
  crossEntropy,
  embedding,
  evaluate,
  fit,
  gemm,
  greater,
  input,
  linear,
  linearWarmup,
  loadBackend,
  mul,
  Random,
  randn,
  reshape,
  Scope,
  scalar,
  scaledDotProductAttention,
  softmax,
  tensor,
  where,
  zeros,
} from "attune/nn";
import { floats, isMain, largestDifference, moments, printTable, rows } from "./numbers.ts";
import { lastOf, scopeOf } from "./trained.ts";

const places = 10; // letters in a list
const alphabet = 20;

export async function main() {
  await lookUp();
  const { inputs, ...weights } = await tenTokens();
  await hidePadding(inputs);
  const widths = await growWidth();
  await learnToLookUp(await loadBackend());
  return { ...weights, widths };
}

interface Options {
  /** What scores are multiplied by. */
  readonly scale?: number;
  readonly hidden?: Tensor;
}

// #region attention
/** q [t, d], k [s, d], v [s, c] -> output [t, c]. hidden: bool [1 or t, s], true where a key must not be seen. */
function attention(q: Tensor, k: Tensor, v: Tensor, options: Options = {}) {
  const { scale = 1 / Math.sqrt(Number(q.shape[1])), hidden } = options;
  const scores = mul(scalar(scale), gemm(q, k, { transB: true })); // [t, s]: each query times each key
  const seen = hidden === undefined ? scores : where(hidden, scalar(-Infinity), scores);
  const weights = softmax(seen); // [t, s]: each row adds up to 1
  return { weights, output: gemm(weights, v) }; // [t, c]: means of the rows of v
}
// #endregion

/** Attention as a table that is asked. */
async function lookUp(): Promise<void> {
  // #region table
  const keys = reshape(tensor([1, 0, 0, 1, -1, 0]), [3, 2]); // (1, 0), (0, 1) and (-1, 0)
  const values = tensor([[10], [20], [30]]); // [3, 1]
  const queries = reshape(tensor([9, 0, 9, 9, 0, 0]), [3, 2]); // (9, 0), (9, 9) and (0, 0)
  const { weights, output } = attention(queries, keys, values); // [3, 3] and [3, 1]
  // #endregion
  const found = await evaluate({ weights, output });
  const answers = floats(found.output);
  printTable([
    ["query", "weights of the keys", "answer"],
    ...rows(found.weights).map((row, i) => [
      ["9, 0", "9, 9", "0, 0"][i],
      decimals(row),
      answers[i].toFixed(1),
    ]),
  ]);
  assert(Math.abs(answers[0] - 10) < 0.05 && Math.abs(answers[1] - 15) < 0.05);
  assert(Math.abs(answers[2] - 20) < 1e-4, "a query of zeros gives the mean");
}

/** Ten tokens attend to each other: as they are, and through projections with and without the scale. */
async function tenTokens() {
  // #region tokens
  const x = randn([10, 512], { seed: 0 }); // ten tokens, 512 numbers each
  const matrix = (seed: number) => mul(scalar(1 / Math.sqrt(512)), randn([512, 512], { seed }));
  const matrices = [1, 2, 3].map(matrix); // W^Q, W^K and W^V, not trained
  const [q, k, v] = matrices.map((w) => gemm(x, w)); // [10, 512] each
  const results = [attention(x, x, x), attention(q, k, v, { scale: 1 }), attention(q, k, v)];
  // #endregion
  const [bare, unscaled, scaled] = await Promise.all(
    results.map(async ({ weights }) => rows(await evaluate(weights))),
  );
  console.log("\nwhat token 0 takes from tokens 0 to 9");
  console.log(`without projections  ${decimals(bare[0])}`);
  console.log(`without the scale    ${decimals(unscaled[0])}`);
  console.log(`attention            ${decimals(scaled[0])}`);
  bare.forEach((row, i) => assert(row[i] > 0.9999, "a token finds itself"));
  for (const row of scaled) assert(Math.max(...row) < 0.6);
  assert(mean(unscaled.map((row) => Math.max(...row))) > 0.95);
  await compareWithModule([q, k, v], results[2].output);
  return { inputs: { x, matrices }, bare, unscaled, scaled };
}

async function compareWithModule(parts: readonly Tensor[], byHand: Tensor): Promise<void> {
  const [q, k, v] = parts.map((part) => reshape(part, [10, 1, 512])); // a batch of one
  const { context } = scaledDotProductAttention(Scope.root({ training: false }), q, k, v, { numHeads: 1 });
  const values = await evaluate({ context, byHand });
  assert(largestDifference(floats(values.context), floats(values.byHand)) < 1e-5);
}

interface Inputs {
  readonly x: Tensor;
  /** W^Q, W^K and W^V. */
  readonly matrices: readonly Tensor[];
}

/** Ten tokens and ten vectors of zeros behind them: what padding takes where nothing hides it. */
async function hidePadding({ x, matrices: [toQ, toK, toV] }: Inputs): Promise<void> {
  const attend = (keys: Tensor, hidden?: Tensor) =>
    attention(gemm(x, toQ), gemm(keys, toK), gemm(keys, toV), { hidden });
  // #region padding
  const padded = concat([x, zeros([10, 512])], { axis: 0 }); // [20, 512]: ten tokens, ten times nothing
  const isPadding = greater(arange(20), tensor([9], "int32")); // bool [20]: true from place 10 on
  const [ten, open] = [attend(x), attend(padded)]; // queries always from x; keys and values from what is given
  const masked = attend(padded, reshape(isPadding, [1, 20]));
  // #endregion
  const values = await evaluate({ ten: ten.output, masked: masked.output, open: open.output });
  const shareOf = async ({ weights }: { readonly weights: Tensor }) =>
    mean(
      rows(await evaluate(weights)).map((row) => row.subarray(10).reduce((sum, weight) => sum + weight, 0)),
    );
  const lengthOf = (of: HostTensor) => Math.sqrt(mean(rows(of).map((row) => Math.hypot(...row) ** 2)));
  const shares = { open: await shareOf(open), masked: await shareOf(masked) };
  console.log("\nten tokens with ten vectors of zeros behind them");
  printTable([
    ["", "weight of the zeros", "length of the outputs"],
    ["ten tokens alone", "", lengthOf(values.ten).toFixed(1)],
    ["without the mask", shares.open.toFixed(2), lengthOf(values.open).toFixed(1)],
    ["with the mask", shares.masked.toFixed(2), lengthOf(values.masked).toFixed(1)],
  ]);
  assert.equal(shares.masked, 0);
  assert(shares.open > 0.3);
  assert(largestDifference(floats(values.ten), floats(values.masked)) < 1e-5);
}

/** Random queries against ten random keys each: scores, largest weights and slopes by width. */
async function growWidth() {
  const results = [];
  for (const d of [4, 16, 64, 256, 1024]) {
    const [q, k] = [1, 2].map((seed) => randn([200, 10, d], { seed })); // 200 times ten queries and ten keys
    const scores = batchMatmul(q, k, { transB: true }); // [200, 10, 10]
    const values = await evaluate({
      scores,
      unscaled: softmax(scores),
      scaled: softmax(mul(scalar(1 / Math.sqrt(d)), scores)),
    });
    const { std } = moments(floats(values.scores));
    results.push({ d, std, unscaled: summary(values.unscaled), scaled: summary(values.scaled) });
  }
  console.log();
  printTable([
    ["", "", "without the scale", "", "with it", ""],
    ["width", "scores", "largest weight", "slope", "largest weight", "slope"],
    ...results.map(({ d, std, unscaled, scaled }) => [
      String(d),
      std.toFixed(0),
      ...[unscaled, scaled].flatMap(({ largest, slope }) => [largest.toFixed(2), slope.toFixed(4)]),
    ]),
  ]);
  for (const { d, std, scaled } of results) {
    assert(Math.abs(std / Math.sqrt(d) - 1) < 0.02, "the scores spread by the root of the width");
    assert(scaled.largest > 0.25 && scaled.largest < 0.45);
  }
  return results;
}

/** The largest of a row's ten weights w, averaged; and the median of w (1 - w), which its score moves it by. */
function summary(weights: HostTensor) {
  const largest = rows(weights).map((row) => Math.max(...row));
  const rest = rows(weights).map((row) => {
    const top = Math.max(...row);
    return top * row.reduce((sum, weight) => sum + weight, -top);
  });
  return { largest: mean(largest), slope: rest.sort((a, b) => a - b)[rest.length / 2] };
}

interface Sizes {
  readonly d: number;
  /** What scores are multiplied by. */
  readonly scale: number;
  /** By how much W^Q is smaller at the start. */
  readonly divide?: number;
  readonly steps: number;
}

// #region model
/** Ten letters with a digit each [b, 10], and one of the letters [b, 1]: scores of the ten digits [b, 10]. */
function digitOf(scope: Scope, { d, scale, divide = 1 }: Sizes): Tensor {
  const vectors = (name: string, shape: ["b", number], numEmbeddings: number) =>
    embedding(scope.at(`${name}.vectors`), input(name, "int32", shape), { numEmbeddings, embeddingDim: d });
  const times = (name: string, x: Tensor, std = 1 / Math.sqrt(d)) =>
    linear(scope.at(name), x, { outFeatures: d, bias: false, init: { kind: "normal", std } });
  const q = times("q", vectors("asked", ["b", 1], 20), 1 / Math.sqrt(d) / divide); // [b, 1, d]
  const k = times("k", vectors("letters", ["b", 10], 20)); // [b, 10, d]
  const v = times("v", vectors("digits", ["b", 10], 10)); // [b, 10, d]
  const weights = softmax(mul(scalar(scale), batchMatmul(q, k, { transB: true }))); // [b, 1, 10]
  return reshape(linear(scope.at("answer"), batchMatmul(weights, v), { outFeatures: 10 }), ["b", 10]);
}
// #endregion

async function learnToLookUp(backend: Backend): Promise<void> {
  const d = 64;
  const trainings: readonly (readonly [name: string, sizes: Sizes])[] = [
    ["scores / 8", { d, scale: 1 / 8, steps: 100 }],
    ["scores", { d, scale: 1, steps: 100 }],
    ["scores", { d, scale: 1, steps: 400 }],
    ["scores, W^Q / 8", { d, scale: 1, divide: 8, steps: 100 }],
    ["scores / 64", { d, scale: 1 / 64, steps: 100 }],
  ];
  const lines = [];
  for (const [name, sizes] of trainings) {
    const models = [];
    for (const seed of [0, 1, 2, 3, 4]) models.push(await learn(backend, sizes, seed));
    lines.push({ name, steps: sizes.steps, ...compareLetters(models.flat()) });
  }
  console.log("\nfive models each, width 64: share of right answers, and of letters");
  printTable([
    ["softmax of", "steps", "right", "letters known", "guessed", "between"],
    ...lines.map(({ name, steps, ...shares }) => [
      name,
      String(steps),
      ...[shares.right, shares.known, shares.guessed, shares.between].map((share) => share.toFixed(1)),
    ]),
  ]);
  const [scaled, unscaled, longer, divided, small] = lines;
  for (const { right } of [scaled, divided, small]) assert(right > 0.95);
  assert(unscaled.right < 0.75 && longer.right < 0.95);
  assert(unscaled.guessed > 0.2 && unscaled.between < 0.2, "most letters are known or guessed");
}

/** Trains a model; how it answers for each of the twenty letters, out of 2,000 questions: shares that are right. */
async function learn(backend: Backend, sizes: Sizes, seed: number): Promise<number[]> {
  const { steps } = sizes;
  const schedule = linearWarmup({ lr: 5e-3, warmupSteps: 20, totalSteps: steps });
  const loss = (scope: Scope) => crossEntropy(digitOf(scope, sizes), input("wanted", "int32", ["b"]));
  const batches = (step: number) => [questions(64, new Random(0, `batch/${step}`))];
  const { state } = await lastOf(fit({ loss, batches, steps, schedule, backend, seed, threads: 1 }));
  const { wanted, ...feeds } = questions(2000, new Random(0, "test"));
  const scores = rows(await evaluate(digitOf(scopeOf(state), sizes), { feeds }));
  const right = scores.map((row, i) => (row.indexOf(Math.max(...row)) === wanted.data[i] ? 1 : 0));
  return Array.from({ length: alphabet }, (_, letter) =>
    mean(right.filter((_one, i) => feeds.asked.data[i] === letter)),
  );
}

/** Letters that are right nearly always, that are hardly better than a guess (0.1), and the rest. */
function compareLetters(letters: readonly number[]) {
  const share = (of: (right: number) => boolean) => letters.filter(of).length / letters.length;
  const [known, guessed] = [share((right) => right > 0.95), share((right) => right < 0.25)];
  console.log(
    letters
      .map((x) => x.toFixed(2))
      .sort()
      .join(" "),
  );
  return { right: mean(letters), known, guessed, between: 1 - known - guessed };
}

/** Ten different letters of twenty with a random digit each; one of the ten is asked for. */
function questions(b: number, random: Random) {
  const letters = new Int32Array(b * places); // [b, 10]
  const digits = Int32Array.from({ length: b * places }, () => random.int(10)); // [b, 10]
  const [asked, wanted] = [new Int32Array(b), new Int32Array(b)];
  for (let i = 0; i < b; i++) {
    const order = Array.from({ length: alphabet }, (_, letter) => [random.uniform(), letter]);
    const drawn = order.sort(([a], [c]) => a - c).map(([, letter]) => letter);
    letters.set(drawn.slice(0, places), i * places);
    const place = i * places + random.int(places);
    asked[i] = letters[place];
    wanted[i] = digits[place];
  }
  return {
    letters: { dtype: "int32", shape: [b, places], data: letters } satisfies HostTensor,
    digits: { dtype: "int32", shape: [b, places], data: digits } satisfies HostTensor,
    asked: { dtype: "int32", shape: [b, 1], data: asked } satisfies HostTensor,
    wanted: { dtype: "int32", shape: [b], data: wanted } satisfies HostTensor,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function decimals(values: ArrayLike<number>): string {
  return Array.from(values, (value) => value.toFixed(2)).join(" ");
}

if (isMain(import.meta.url)) await main();
