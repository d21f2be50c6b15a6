/**
 * Chapter 4, many heads: what each head reads and writes, all of it by hand, what heads cost, and a task that one
 * head cannot do: naming both neighbours of a letter.
 *
 *     node --import ./scripts/typescript.js examples/principles/04-many-heads.ts
 */
import assert from "node:assert/strict";
import type { Backend, HostTensor, State, Tensor } from "attune/nn";
import {
  add,
  crossEntropy,
  embedding,
  evaluate,
  feedForward,
  fit,
  gemm,
  input,
  learnedPositions,
  linear,
  linearWarmup,
  loadBackend,
  MultiHeadAttention,
  multiHeadAttention,
  multiHeadAttentionOptions,
  mul,
  project,
  Random,
  randn,
  reshape,
  scalar,
  Scope,
  slice,
  softmax,
} from "attune/nn";
import { floats, grouped, isMain, largestDifference, printTable, rows, shapeOf } from "./numbers.ts";

const length = 10; // letters of a row
const vocabulary = 10; // different letters
const counts = [1, 2, 4, 8, 16, 32]; // of heads
const steps = 300;

export async function main() {
  await lookAtHeads();
  await computeByHand();
  compareCosts();
  const backend = await loadBackend();
  const learnt = [];
  for (const d of [16, 32]) {
    for (const heads of counts.filter((n) => n <= d)) learnt.push(await learn(backend, { d, heads }));
  }
  const helped = await learn(backend, { d: 32, heads: 1, inner: 128 });
  printAnswers(learnt, helped);
  const [one, two] = learnt.filter(({ d }) => d === 32).slice(0, 2);
  const weights = { one: await weightsOf(one), two: await weightsOf(two) };
  checkWeights(weights);
  return { learnt, ...weights };
}

/** Every step of one call with its shape, and how differently two heads look. */
async function lookAtHeads(): Promise<void> {
  // #region module
  const attention = new MultiHeadAttention({ embedDim: 512, numHeads: 8 });
  const x = randn([10, 512], { seed: 0 }); // ten tokens, 512 numbers each
  const { output, steps: shown } = attention.trace([x, x, x]); // queries, keys and values from the same tokens
  // #endregion
  const { output: y } = output;
  printTable([["step", "shape"], ...[["x", x] as const, ...shown, ["output", y] as const].map(shapeLine)]);
  const given = shown.get("weights");
  assert(given !== undefined);
  const weights = rows(await evaluate(given)); // 8 heads x 10 tokens, a row each
  console.log("\nwhat token 0 takes from tokens 0 to 9");
  for (const head of [0, 1]) {
    const row = weights[head * 10];
    console.log(`head ${head}  ${decimals(row, 2)}`);
    assert(Math.abs(row.reduce((sum, weight) => sum + weight) - 1) < 1e-5);
  }
}

/** The eight heads one by one out of the same matrices give the module's output. */
async function computeByHand(): Promise<void> {
  const attention = new MultiHeadAttention({ embedDim: 512, numHeads: 8 });
  const x = randn([10, 512], { seed: 0 });
  const tensorOf = (path: string) => {
    const parameter = attention.parameters.find(({ name }) => name === path);
    assert(parameter !== undefined, path);
    return parameter.tensor;
  };
  // #region hand
  const inProjection = tensorOf("in_proj_weight"); // [1536, 512]: W^Q, W^K, W^V one below the other
  const outProjection = tensorOf("out_proj.weight"); // [512, 512]: W^O
  const contribution = (head: number) => {
    const [q, k, v] = [0, 512, 1024].map((first) => {
      const start = first + head * 64;
      return project(x, slice(inProjection, { axis: 0, start, end: start + 64 })); // [10, 64]
    });
    const scores = mul(scalar(1 / Math.sqrt(64)), gemm(q, k, { transB: true })); // [10, 10]
    const context = gemm(softmax(scores), v); // [10, 64]
    const columns = slice(outProjection, { axis: 1, start: head * 64, end: (head + 1) * 64 }); // [512, 64]
    return project(context, columns); // [10, 512]
  };
  const sum = [0, 1, 2, 3, 4, 5, 6, 7].map(contribution).reduce((a, b) => add(a, b)); // [10, 512]
  // #endregion
  const values = await evaluate({ sum, module: attention(x, x, x).output });
  const difference = largestDifference(floats(values.sum), floats(values.module));
  console.log(`\neight heads by hand against the module: ${difference < 1e-5 ? "below 1e-5" : difference}`);
  assert(difference < 1e-5);
}

function compareCosts(): void {
  const costs = [1, 8, 64].map((numHeads) => {
    const { parameters } = new MultiHeadAttention({ embedDim: 512, numHeads });
    const sizes = parameters.map(({ shape }) => shape.reduce((n, dim) => n * dim));
    return { numHeads, parameters: sizes.reduce((a, b) => a + b), weights: numHeads * 10 * 10 };
  });
  console.log();
  printTable([
    ["heads", "width", "parameters", "weights"],
    ...costs.map((cost) => [
      String(cost.numHeads),
      String(512 / cost.numHeads),
      grouped(cost.parameters),
      grouped(cost.weights),
    ]),
  ]);
  for (const { parameters } of costs) assert.equal(parameters, 4 * 512 * 512 + 4 * 512);
}

interface Sizes {
  readonly d: number;
  readonly heads: number;
  /** Width of a feed-forward half behind attention; default none. */
  readonly inner?: number;
}

// #region model
/** For each of ten letters [10, b], scores of the letter before and of the letter after: [10, b, 2, 10]. */
function neighbours(scope: Scope, { d, heads, inner }: Sizes): Tensor {
  const letters = input("letters", "int32", [length, "b"]);
  const init = { kind: "normal", std: 0.5 } as const;
  const what = embedding(scope.at("what"), letters, { numEmbeddings: vocabulary, embeddingDim: d, init });
  const where = learnedPositions(scope.at("where"), length, { maxLength: length, d, init });
  const x = add(what, reshape(where, [length, 1, d])); // [10, b, d]
  const options = multiHeadAttentionOptions({ embedDim: d, numHeads: heads });
  const { output } = multiHeadAttention(scope.at("attention"), options, x, x, x); // [10, b, d]
  const read = inner === undefined ? output : widen(scope, output, inner);
  const answer = linear(scope.at("answer"), read, { outFeatures: 2 * vocabulary }); // [10, b, 20]
  return reshape(answer, [length, "b", 2, vocabulary]);
}
// #endregion

/** The feed-forward half of chapter 6: with it, one head suffices. */
function widen(scope: Scope, x: Tensor, dimFeedforward: number): Tensor {
  const options = { dimFeedforward, activation: "relu", dropout: 0, bias: true, matrices: "xavier" } as const;
  return feedForward(scope.at("inner"), x, options);
}

interface Learnt extends Sizes {
  readonly state: State;
  /** Shares of right answers: the better known neighbour, both at once. */
  readonly better: number;
  readonly both: number;
  /** How often the two answers are one letter. */
  readonly same: number;
}

async function learn(backend: Backend, sizes: Sizes): Promise<Learnt> {
  const schedule = linearWarmup({ lr: 1e-2, warmupSteps: 20, totalSteps: steps });
  const loss = (scope: Scope) =>
    crossEntropy(neighbours(scope, sizes), input("wanted", "int32", [length, "b", 2]));
  const batches = (step: number) => [questions(32, new Random(0, `batch/${step}`))];
  for await (const { step, state } of fit({ loss, batches, steps, schedule, backend, threads: 1 })) {
    if (step === steps) return { ...sizes, state: state(), ...(await examine(sizes, state())) };
  }
  throw new Error("no last step");
}

async function examine(sizes: Sizes, state: State) {
  const { letters, wanted } = questions(200, new Random(0, "test"));
  const scores = rows(await evaluate(neighbours(trained(state), sizes), { feeds: { letters } }));
  const answers = scores.map((row) => row.indexOf(Math.max(...row))); // before, after, before, after, ...
  const right = answers.map((letter, i) => letter === wanted.data[i]);
  const share = (of: readonly boolean[]) => of.filter(Boolean).length / of.length;
  const sides = [0, 1].map((side) => share(right.filter((_, i) => i % 2 === side)));
  const both = share(right.flatMap((one, i) => (i % 2 === 0 ? [one && right[i + 1]] : [])));
  const same = share(answers.flatMap((letter, i) => (i % 2 === 0 ? [letter === answers[i + 1]] : [])));
  return { better: Math.max(...sides), both, same };
}

function printAnswers(learnt: readonly Learnt[], helped: Learnt): void {
  const of = (d: number, key: "better" | "both") =>
    counts.map((heads) => {
      const one = learnt.find((each) => each.d === d && each.heads === heads);
      return one === undefined ? "" : one[key].toFixed(1);
    });
  console.log("\nshare of right answers, by number of heads");
  printTable([
    ["", ...counts.map(String)],
    ["width 16: the neighbour known better", ...of(16, "better")],
    ["          both neighbours", ...of(16, "both")],
    ["width 32: the neighbour known better", ...of(32, "better")],
    ["          both neighbours", ...of(32, "both")],
  ]);
  console.log(`one head with a feed-forward half behind it, both: ${helped.both.toFixed(1)}`);
  for (const { d, heads, better, both, same } of learnt) {
    if (heads === 1) assert(better > 0.99 && both < 0.2 && same > 0.95, "one letter twice");
    else if (d / heads >= 2) assert(both > 0.9);
    else assert(both < 0.8, "heads of width one cannot tell ten places apart");
  }
  assert(helped.both > 0.99);
}

/** Attention weights: [heads][10][10]. */
type Heads = readonly (readonly Float32Array[])[];

/** One head divides its weight, each of two looks at one neighbour. */
function checkWeights({ one, two }: { readonly one: Heads; readonly two: Heads }): void {
  const asking = 5;
  const [before, after] = [asking - 1, asking + 1].map((place) => one[0][asking][place]);
  assert(before > 0.2 && after > 0.2 && before + after > 0.9);
  const seen = two.map((head) => head[asking].findIndex((weight) => weight > 0.9) - asking);
  assert(seen[0] === -seen[1] && Math.abs(seen[0]) === 1);
}

/** The weights of each head on one ring of letters. */
async function weightsOf({ state, ...sizes }: Learnt): Promise<Heads> {
  const shown = new Map<string, Tensor>();
  neighbours(trained(state).recordingInto(shown), sizes);
  const weights = shown.get("attention.weights"); // [heads, 10, 10] for a batch of one
  assert(weights !== undefined);
  const { letters } = questions(1, new Random(0, "figure"));
  const all = rows(await evaluate(weights, { feeds: { letters } }));
  return Array.from({ length: sizes.heads }, (_, head) => all.slice(head * length, (head + 1) * length));
}

/** Rows of random letters, and the letters before and after each; the row is a ring. */
function questions(b: number, random: Random) {
  const letters = Int32Array.from({ length: length * b }, () => random.int(vocabulary)); // [10, b]
  const at = (t: number, i: number) => letters[((t + length) % length) * b + i];
  const wanted = Int32Array.from({ length: length * b * 2 }, (_, n) => {
    const [t, i] = [Math.floor(n / (2 * b)), Math.floor(n / 2) % b];
    return at(n % 2 === 0 ? t - 1 : t + 1, i);
  }); // [10, b, 2]
  return {
    letters: { dtype: "int32", shape: [length, b], data: letters } satisfies HostTensor,
    wanted: { dtype: "int32", shape: [length, b, 2], data: wanted } satisfies HostTensor,
  };
}

function shapeLine([name, x]: readonly [string, Tensor]): string[] {
  return [name, shapeOf(x)];
}

function decimals(values: ArrayLike<number>, digits: number): string {
  return Array.from(values, (value) => value.toFixed(digits)).join(" ");
}

function trained(state: State): Scope {
  const values = (path: string) => {
    const value = state.get(path);
    assert(value !== undefined, path);
    return value;
  };
  return Scope.root({ training: false, values });
}

if (isMain(import.meta.url)) await main();
