/**
 * Chapter 2, positions: a layer that does not know the order, four ways to tell it, and which of them still work in
 * texts longer than those of training.
 *
 *     node --import ./scripts/typescript.js examples/principles/02-positions.ts
 */
import assert from "node:assert/strict";
import type { Backend, HostTensor, Scope, State, Tensor } from "attune/nn";
import {
  add,
  concat,
  crossEntropy,
  embedding,
  evaluate,
  fit,
  input,
  learnedPositions,
  linear,
  linearWarmup,
  loadBackend,
  multiHeadAttention,
  multiHeadAttentionOptions,
  Random,
  randn,
  relativeBias,
  relativeBucket,
  reshape,
  rotary,
  sinusoidalPositions,
  sinusoidTable,
  slice,
  tensor,
  TransformerEncoderLayer,
} from "attune/nn";
import { dot, floats, isMain, largestDifference, printTable, rows } from "./numbers.ts";
import { lastOf, scopeOf } from "./trained.ts";

export async function main() {
  await loseOrder();
  compareSinusoids();
  await turn();
  printBuckets();
  const backend = await loadBackend();
  const learnt = [];
  for (const way of ways) learnt.push(await learn(backend, way));
  printShares(learnt);
  return { learnt };
}

/** Exchanged inputs give exchanged outputs, unless places are added. */
async function loseOrder(): Promise<void> {
  // #region order
  const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const x = randn([10, 512], { seed: 0 });
  const places = sinusoidalPositions(10, 512); // [10, 512]
  const values = await evaluate({
    reversed: layer(reverse(x)),
    output: reverse(layer(x)),
    reversedWithPlaces: layer(add(reverse(x), places)),
    outputWithPlaces: reverse(layer(add(x, places))),
  }); // [10, 512] each
  // #endregion
  const without = largestDifference(floats(values.reversed), floats(values.output));
  const having = largestDifference(floats(values.reversedWithPlaces), floats(values.outputWithPlaces));
  console.log("reversed input against reversed output, largest difference");
  console.log(`without places: ${without < 1e-5 ? "below 1e-5" : without}`);
  console.log(`with places: ${having.toFixed(1)}`);
  assert(without < 1e-5 && having > 1);
}

/** Rows of x [s, d] from last to first. */
function reverse(x: Tensor): Tensor {
  const row = (start: number) => slice(x, { axis: 0, start, end: start + 1 });
  return concat([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(row), { axis: 0 });
}

function compareSinusoids(): void {
  // #region sinusoids
  const table = sinusoidTable(200, 512); // [200, 512]
  const place = (p: number) => table.subarray(p * 512, (p + 1) * 512);
  const product = (p: number, r: number) => dot(place(p), place(r));
  // #endregion
  console.log("\nproducts of places that are so far apart");
  printTable([
    ["distance", "0", "1", "2", "5", "20", "100"],
    ...[0, 50].map((p) => [`from ${p}`, ...[0, 1, 2, 5, 20, 100].map((k) => product(p, p + k).toFixed(1))]),
  ]);
  for (const k of [0, 1, 2, 5, 20, 100]) assert(Math.abs(product(0, k) - product(50, 50 + k)) < 1e-3);
}

async function turn(): Promise<void> {
  const q = randn([1, 1, 64], { seed: 1 });
  const k = randn([1, 1, 64], { seed: 2 });
  // #region rotary
  const turned = (x: Tensor, p: number) => rotary(x, { numHeads: 1, positions: tensor([p], "int32") });
  const score = async (p: number, r: number) => {
    const values = await evaluate({ q: turned(q, p), k: turned(k, r) }); // [1, 1, 64] each
    return dot(floats(values.q), floats(values.k));
  };
  // #endregion
  const scores = [await score(3, 5), await score(103, 105), await score(3, 6)];
  console.log("\nquery at, key at, score");
  ["3, 5", "103, 105", "3, 6"].forEach((places, i) => console.log(`${places}: ${scores[i].toFixed(2)}`));
  assert(Math.abs(scores[0] - scores[1]) < 1e-3 && Math.abs(scores[0] - scores[2]) > 0.1);
}

function printBuckets(): void {
  const distances = [-200, -40, -20, -2, -1, 0, 1, 2, 20, 40, 200];
  // #region buckets
  const options = { numBuckets: 32, maxDistance: 128, bidirectional: true };
  const buckets = distances.map((distance) => relativeBucket(distance, options));
  // #endregion
  console.log();
  printTable([
    ["distance", ...distances.map(String)],
    ["bucket", ...buckets.map(String)],
  ]);
  assert.equal(buckets[0], 15);
  assert.equal(new Set(buckets).size, distances.length);
}

const ways = ["none", "sinusoidal", "learned", "rotary", "relative", "relative, to 12"] as const;
type Way = (typeof ways)[number];

const trained = 16; // letters in training
const longer = 64; // letters in the test
const steps = 300;

// #region model
/** For each of s letters [s, b], scores of the letter before it: [s, b, 10]. */
function letterBefore(scope: Scope, way: Way, s: number): Tensor {
  const letters = input("letters", "int32", [s, "b"]);
  const init = { kind: "normal", std: 0.5 } as const;
  const what = embedding(scope.at("what"), letters, { numEmbeddings: 10, embeddingDim: 32, init }); // [s, b, 32]
  const where = placesOf(scope.at("where"), way, s); // [s, 1, 32], or none
  const x = where === undefined ? what : add(what, where);
  const turning = way === "rotary" ? { rotary: {} } : {};
  const options = multiHeadAttentionOptions({ embedDim: 32, numHeads: 1, ...turning });
  const bias = biasOf(scope.at("bias"), way, s); // [1, s, s] to add to the scores, or none
  const { output } = multiHeadAttention(scope.at("attention"), options, x, x, x, bias);
  return linear(scope.at("answer"), output, { outFeatures: 10 });
}
// #endregion

function placesOf(scope: Scope, way: Way, s: number): Tensor | undefined {
  const init = { kind: "normal", std: 0.5 } as const;
  if (way === "sinusoidal") return reshape(sinusoidalPositions(s, 32), [s, 1, 32]);
  if (way === "learned")
    return reshape(learnedPositions(scope, s, { maxLength: longer, d: 32, init }), [s, 1, 32]);
  return undefined;
}

function biasOf(scope: Scope, way: Way, s: number): { readonly positionBias?: Tensor } {
  if (way === "relative") return { positionBias: relativeBias(scope, { t: s, s }, { numHeads: 1 }) };
  if (way !== "relative, to 12") return {};
  return { positionBias: relativeBias(scope, { t: s, s }, { numHeads: 1, maxDistance: 12 }) };
}

interface Learnt {
  readonly way: Way;
  /** Share of right answers in as many letters as in training. */
  readonly short: number;
  /** The same by place in longer rows: [64]; place 0 has no letter before it. */
  readonly long: readonly number[];
}

async function learn(backend: Backend, way: Way): Promise<Learnt> {
  const schedule = linearWarmup({ lr: 0.01, warmupSteps: 20, totalSteps: steps });
  const loss = (scope: Scope) => {
    const scores = letterBefore(scope, way, trained);
    return crossEntropy(scores, input("wanted", "int32", [trained, "b"]), { ignoreIndex });
  };
  const batches = (step: number) => [questions(trained, 32, new Random(0, `batch/${step}`))];
  const { state } = await lastOf(fit({ loss, batches, steps, schedule, backend, threads: 1 }));
  const short = meanOf(await examine(way, trained, state), 1, trained);
  return { way, short, long: await examine(way, longer, state) };
}

/** Share of right answers by place, in 200 new rows. */
async function examine(way: Way, s: number, state: State): Promise<number[]> {
  const { letters, wanted } = questions(s, 200, new Random(0, "test"));
  const scores = rows(await evaluate(letterBefore(scopeOf(state), way, s), { feeds: { letters } }));
  const right = scores.map((row, i) => row.indexOf(Math.max(...row)) === wanted.data[i]);
  return Array.from(
    { length: s },
    (_, t) => right.slice(t * 200, (t + 1) * 200).filter(Boolean).length / 200,
  );
}

const ignoreIndex = -100; // what stands where there is nothing to learn

/** b rows of s random letters, and the letter before each. */
function questions(s: number, b: number, random: Random) {
  const letters = Int32Array.from({ length: s * b }, () => random.int(10)); // [s, b]
  const wanted = letters.map((_, n) => (n < b ? ignoreIndex : letters[n - b]));
  return {
    letters: { dtype: "int32", shape: [s, b], data: letters } satisfies HostTensor,
    wanted: { dtype: "int32", shape: [s, b], data: wanted } satisfies HostTensor,
  };
}

function printShares(learnt: readonly Learnt[]): void {
  const lines = learnt.map(({ way, short, long }) => {
    return { way, short, early: meanOf(long, 1, trained), late: meanOf(long, trained, longer) };
  });
  console.log("\nshare of right answers");
  printTable([
    ["letters in the row", "16", "64", "64"],
    ["places asked about", "1-15", "1-15", "16-63"],
    ...lines.map(({ way, ...shares }) => [way, ...Object.values(shares).map((share) => share.toFixed(1))]),
  ]);
  const [none, sinusoidal, learned, turning, relative, saturating] = lines;
  assert(none.short < 0.4);
  for (const { short } of lines.slice(1)) assert(short > 0.99);
  assert(sinusoidal.early > 0.85 && sinusoidal.late < 0.5);
  assert(learned.early > 0.99 && learned.late < 0.2);
  assert(turning.early > 0.99 && turning.late > 0.99);
  assert(relative.early < 0.5 && relative.late < 0.5);
  assert(saturating.early > 0.9 && saturating.late > 0.8);
}

function meanOf(shares: readonly number[], from: number, to: number): number {
  return shares.slice(from, to).reduce((sum, share) => sum + share, 0) / (to - from);
}

if (isMain(import.meta.url)) await main();
