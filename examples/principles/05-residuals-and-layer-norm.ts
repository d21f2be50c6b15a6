/**
 * Chapter 5, residuals and layer norm: the norm by hand, and layers put together in five ways, 24 deep: what becomes
 * of the signal, of the gradient and of the difference between tokens, and which of them can learn to repeat a letter.
 *
 *     node --import ./scripts/typescript.js examples/principles/05-residuals-and-layer-norm.ts
 */
import assert from "node:assert/strict";
import type { Backend, Scope, Tensor } from "attune/nn";
import {
  add,
  crossEntropy,
  defineModule,
  embedding,
  evaluate,
  feedForward,
  fit,
  gradients,
  input,
  LayerNorm,
  layerNorm,
  linear,
  linearWarmup,
  loadBackend,
  meanSquaredError,
  multiHeadAttention,
  multiHeadAttentionOptions,
  Random,
  randn,
  tensor,
} from "attune/nn";
import { cosine, floats, isMain, largestDifference, moments, printTable, rows } from "./numbers.ts";

const wirings = ["neither", "residual", "norm", "post-norm", "pre-norm"] as const;
type Wiring = (typeof wirings)[number];

const depths = [1, 2, 4, 8, 16, 24];
const deepest = 24;
const matrices = "kaiming"; // first weights as in PyTorch's nn.Linear; "xavier" for the larger ones of nn.Transformer

interface StackOptions {
  readonly wiring: Wiring;
  readonly layers: number;
  /** Width of the vectors. */
  readonly d: number;
}

export async function main() {
  await normalizeByHand();
  const measured = await compareStacks();
  await compareTrainings(await loadBackend());
  return measured;
}

async function normalizeByHand(): Promise<void> {
  // #region norm
  const normalize = (x: number[]) => {
    const mean = x.reduce((sum, value) => sum + value) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    return x.map((value) => (value - mean) / Math.sqrt(variance + 1e-5));
  };
  const vectors = [
    [2, 4, 4, 10],
    [207, 407, 407, 1007], // 100 times the first, plus 7
    [5, 5, 5, 5],
  ];
  // #endregion
  printTable(vectors.map((x) => [x.join(" "), "->", ...normalize(x).map((value) => (value + 0).toFixed(2))]));
  const module = await evaluate(new LayerNorm({ normalizedShape: 4 })(tensor(vectors)));
  assert(largestDifference(floats(module), Float32Array.from(vectors.flatMap(normalize))) < 1e-4);
}

type Half = (x: Tensor) => Tensor;

// #region wiring
/** How half a layer, attention or feed-forward, is put into the stream x [s, b, d]. */
const connections: Readonly<Record<Wiring, (x: Tensor, half: Half, norm: Half) => Tensor>> = {
  neither: (x, half) => half(x),
  residual: (x, half) => add(x, half(x)),
  norm: (x, half, norm) => norm(half(x)),
  "post-norm": (x, half, norm) => norm(add(x, half(x))),
  "pre-norm": (x, half, norm) => add(x, half(norm(x))),
};
// #endregion

/** Layers of attention and feed-forward, started as PyTorch starts them. x [s, d] or [s, b, d] -> the same. */
function stack(scope: Scope, { wiring, layers, d }: StackOptions, x: Tensor): Tensor {
  const attention = multiHeadAttentionOptions({ embedDim: d, numHeads: 4, matrices });
  const sizes = { dimFeedforward: 4 * d, dropout: 0, bias: true };
  const inner = { ...sizes, activation: "relu", matrices } as const;
  let stream = x;
  for (let i = 0; i < layers; i++) {
    const layer = scope.at("layers").at(i);
    const attend = (h: Tensor) => multiHeadAttention(layer.at("self_attn"), attention, h, h, h).output;
    const normOf = (path: string) => (h: Tensor) => layerNorm(layer.at(path), h, { eps: 1e-5 });
    stream = connections[wiring](stream, attend, normOf("norm1"));
    stream = connections[wiring](stream, (h) => feedForward(layer, h, inner), normOf("norm2"));
  }
  return stream;
}

const Stack = defineModule({
  name: "Stack",
  resolve: (options: StackOptions) => options,
  example: ({ d }): [x: Tensor] => [input("x", "float32", ["s", d])],
  build: stack,
});

interface Measured {
  readonly wiring: Wiring;
  readonly layers: number;
  /** Standard deviation of what comes out. */
  readonly signal: number;
  /** Length of the loss's gradient by a matrix of the first layer, and of the last. */
  readonly first: number;
  readonly last: number;
  /** Mean cosine of two of the ten tokens that come out. */
  readonly similarity: number;
}

async function compareStacks(): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const wiring of wirings)
    for (const layers of depths) measured.push(await measure({ wiring, layers, d: 64 }));
  console.log(`\nfresh stacks of ${deepest} layers`);
  printTable([
    ["", "signal", "gradient: first layer", "last layer"],
    ...measured
      .filter(({ layers }) => layers === deepest)
      .map(({ wiring, signal, first, last }) => [wiring, ...[signal, first, last].map(short)]),
  ]);
  console.log(`\nmean cosine of two tokens, after 1 to ${deepest} layers`);
  printTable([
    ["", ...depths.map(String)],
    ...wirings.map((wiring) => [
      wiring,
      ...measured.filter((one) => one.wiring === wiring).map(({ similarity }) => similarity.toFixed(2)),
    ]),
  ]);
  checkStacks(measured);
  return measured;
}

async function measure(options: StackOptions): Promise<Measured> {
  // #region measure
  const module = new Stack(options);
  const output = module(randn([10, 64], { seed: 1 })); // ten unrelated tokens
  const loss = meanSquaredError(output, randn([10, 64], { seed: 2 }));
  const matrixOf = (layer: number) =>
    module.parameters
      .filter(({ name }) => name === `layers.${layer}.linear1.weight`)
      .map((spec) => spec.tensor);
  const [first, last] = gradients(loss, [...matrixOf(0), ...matrixOf(options.layers - 1)]);
  // #endregion
  const values = await evaluate({ output, first, last });
  const lengthOf = (value: Float32Array) => Math.hypot(...value);
  return {
    ...options,
    signal: moments(floats(values.output)).std,
    first: lengthOf(floats(values.first)),
    last: lengthOf(floats(values.last)),
    similarity: meanCosine(rows(values.output)),
  };
}

function meanCosine(tokens: readonly Float32Array[]): number {
  const pairs = tokens.flatMap((a, i) => tokens.slice(0, i).map((b) => cosine(a, b)));
  return pairs.reduce((sum, value) => sum + value) / pairs.length;
}

function checkStacks(measured: readonly Measured[]): void {
  const deep = measured.filter(({ layers }) => layers === deepest);
  const [neither, residual, norm, post, pre] = deep;
  assert(neither.first < 1e-20 && neither.similarity > 0.999, "nothing is left");
  const [shallow] = measured.filter(({ wiring, layers }) => wiring === "residual" && layers === 1);
  const grown = { signal: residual.signal / shallow.signal, gradient: residual.first / shallow.first };
  assert(Math.abs(grown.signal - 6) < 0.5, `the signal of residual grows 6 times, here ${grown.signal}`);
  assert(Math.abs(grown.gradient - 200) < 20, `its gradient grows 200 times, here ${grown.gradient}`);
  assert(
    norm.first > 0.01 && Math.abs(norm.signal - 1) < 0.01 && norm.similarity > 0.999,
    "sound, but all alike",
  );
  for (const { first, similarity } of [post, pre]) assert(first > 0.1 && first < 10 && similarity < 0.95);
}

/** Which of the five learns, 24 layers deep, to say the letter that it is given. */
async function compareTrainings(backend: Backend): Promise<void> {
  const [steps, length, b, letters, d] = [60, 10, 16, 10, 32];
  console.log("\nrepeating ten letters, 24 layers: loss of step 1 and step 60; guessing gives 2.3");
  const lines = [["", "step 1", "step 60"]];
  for (const wiring of wirings) {
    // #region repeat
    const loss = (scope: Scope) => {
      const given = input("given", "int32", [length, "b"]);
      const init = { kind: "normal", std: 1 } as const;
      const x = embedding(scope.at("letters"), given, { numEmbeddings: letters, embeddingDim: d, init });
      const output = stack(scope, { wiring, layers: 24, d }, x); // [10, b, 32]
      return crossEntropy(linear(scope.at("answer"), output, { outFeatures: letters }), given);
    };
    // #endregion
    const batches = (step: number) => {
      const random = new Random(0, `batch/${step}`);
      const data = Int32Array.from({ length: length * b }, () => random.int(letters));
      return [{ given: { dtype: "int32", shape: [length, b], data } as const }];
    };
    const schedule = linearWarmup({ lr: 1e-3, warmupSteps: 20, totalSteps: steps });
    const losses: number[] = [];
    for await (const done of fit({ loss, batches, steps, schedule, backend, threads: 1 }))
      losses.push(done.loss);
    const [start, end] = [losses[0], losses[steps - 1]];
    checkTraining(wiring, start, end);
    // that one ends elsewhere on each machine
    lines.push([wiring, start.toFixed(1), wiring === "residual" ? "below 1" : end.toFixed(1)]);
  }
  printTable(lines);
}

function checkTraining(wiring: Wiring, start: number, end: number): void {
  const guessing = Math.log(10);
  if (wiring === "neither" || wiring === "norm") assert(Math.abs(end - guessing) < 0.05, `${wiring}: ${end}`);
  else if (wiring === "residual") assert(start > 2 * guessing && end < 1, `residual: ${start}, ${end}`);
  else assert(end < 0.5, `${wiring}: ${end}`);
}

/** Two digits behind the point, or the power of ten of what is tiny. */
function short(value: number): string {
  return value < 0.005 ? value.toExponential(0) : value.toFixed(2);
}

if (isMain(import.meta.url)) await main();
