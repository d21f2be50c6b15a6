/**
 * Chapter 10, training: the gradient, AdamW written out and compared with attune's, the learning rate, and what a
 * falling loss does not tell. A small classifier learns what customers want, from 96 messages, some labelled wrongly.
 *
 *     node --import ./scripts/typescript.js examples/principles/10-training.ts
 */
import assert from "node:assert/strict";
import { BertTokenizer } from "attune";
import type { Backend, HostTensor, State, Tensor } from "attune/nn";
import {
  add,
  compile,
  crossEntropy,
  embedding,
  equal,
  fit,
  gradients,
  initialize,
  input,
  learnedPositions,
  linear,
  linearWarmup,
  loadBackend,
  Random,
  reshape,
  Scope,
  slice,
  softmax,
  stackOptions,
  tensor,
  transformerEncoder,
  transformerLayerOptions,
} from "attune/nn";
import { floats, isMain, largestDifference, printTable } from "./numbers.ts";

const wishes = [
  ["what does X cost", "how much is X", "is there a discount on X", "X多少钱", "X有优惠吗", "请报X的价格"],
  [
    "when will X arrive",
    "where is the parcel with X",
    "has X been sent",
    "X什么时候到",
    "X到哪里了",
    "X发货了吗",
  ],
  ["X is broken", "how do i return X", "X does not work at all", "X坏了", "X怎么退货", "X根本不能用"],
] as const;
const things = [
  ["the lamp", "台灯"],
  ["the kettle", "水壶"],
  ["the chair", "椅子"],
  ["the clock", "闹钟"],
  ["the fan", "风扇"],
  ["the bag", "背包"],
  ["the knife", "菜刀"],
  ["the pan", "炒锅"],
  ["the mouse", "鼠标"],
  ["the phone", "手机"],
  ["the shirt", "衬衫"],
  ["the shoes", "鞋子"],
] as const;

/** A message, and what its writer wants: 0 the price, 1 the delivery, 2 to complain. */
interface Example {
  readonly text: string;
  readonly label: number;
}

const messages: Example[] = wishes.flatMap((phrases, label) =>
  phrases.flatMap((phrase) =>
    things.map(([english, chinese]) => ({
      text: phrase.replace("X", /[a-z]/.test(phrase) ? english : chinese),
      label,
    })),
  ),
);
const shuffled = new Random(0, "split").shuffle([...messages]);
const [train, dev] = [shuffled.slice(0, 96), shuffled.slice(96)];

/** A token a word in English, a token a character in Chinese, as in BERT. */
const words = [
  ...new Set(messages.flatMap(({ text }) => (/[a-z]/.test(text) ? text.split(" ") : Array.from(text)))),
];
const tokenizer = BertTokenizer.fromVocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...words]);
const length = 10;
const [classes, d] = [3, 32];
const [steps, batch] = [300, 32];

const layer = transformerLayerOptions("classifier", {
  ...{ dModel: d, nHead: 4, dimFeedforward: 4 * d, dropout: 0, activation: "gelu", batchFirst: true },
});
const stack = stackOptions("classifier", layer, { numLayers: 2 });

export async function main() {
  const backend = await loadBackend();
  await compareSteps(backend);
  await compareRates(backend);
  const mistakes = await learn(backend, withMistakes(train));
  showCurve(mistakes);
  const end = mistakes[mistakes.length - 1];
  const best = mistakes.find(({ step }) => step === 60);
  assert(
    best !== undefined && best.dev.accuracy > end.dev.accuracy + 0.05 && best.dev.loss < end.dev.loss - 0.2,
  );
  assert(best.train.accuracy < 0.95 && end.train.accuracy > 0.98);
  await learnNonsense(backend);
  return mistakes;
}

// #region model
/** Tokens [b, s] to logits [b, c]. */
function classifier(scope: Scope, tokens: Tensor): Tensor {
  const word = embedding(scope.at("words"), tokens, { numEmbeddings: tokenizer.vocabSize, embeddingDim: d });
  const place = learnedPositions(scope.at("places"), length, { maxLength: length, d });
  const srcKeyPaddingMask = equal(tokens, tensor(tokenizer.padId, "int32"));
  const hidden = transformerEncoder(scope.at("encoder"), stack, add(word, place), { srcKeyPaddingMask });
  const first = reshape(slice(hidden, { axis: 1, start: 0, end: 1 }), ["b", d]); // [CLS]'s
  return linear(scope.at("classifier"), first, { outFeatures: classes });
}

const tokens = () => input("tokens", "int32", ["b", length]);
const lossOf = (scope: Scope) => crossEntropy(classifier(scope, tokens()), input("labels", "int32", ["b"]));
// #endregion

/** What an optimizer knows of one array of weights. */
interface Slot {
  readonly w: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

// #region adamw
/** Step t = 1, 2, ... of AdamW for the weights w, whose gradient is g. */
function adamW({ w, m, v }: Slot, g: Float32Array, t: number, lr: number, decay: number): void {
  for (let i = 0; i < w.length; i++) {
    m[i] = 0.9 * m[i] + 0.1 * g[i];
    v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2;
    const direction = m[i] / (1 - 0.9 ** t);
    const size = Math.sqrt(v[i] / (1 - 0.999 ** t));
    w[i] -= lr * (direction / (size + 1e-6) + decay * w[i]);
  }
}
// #endregion

/** Three steps by the function above and three of attune's, from the same weights with the same batches. */
async function compareSteps(backend: Backend): Promise<void> {
  const lr = 1e-3;
  const feeds = [0, 1, 2].map((step) => asFeeds(batchOf(train, step)));
  const scope = Scope.root({ training: true });
  lossOf(scope); // declares the parameters
  const { parameters } = scope;
  const slots = parameters.map((spec) => {
    const zeros = () => new Float32Array(spec.shape.reduce((size, dim) => size * dim, 1));
    const slot = { w: zeros(), m: zeros(), v: zeros() };
    initialize(spec, 1, slot.w);
    return slot;
  });
  const stateOf = (): State =>
    new Map(parameters.map(({ name, shape }, i) => [name, { dtype: "float32", shape, data: slots[i].w }]));

  const rowsOfFirst: string[][] = [];
  for (const [step, feed] of feeds.entries()) {
    const g = await gradientsAt(backend, stateOf(), feed);
    const norm = Math.hypot(...g.map((one) => Math.hypot(...one)));
    for (const one of g) one.forEach((value, i) => (one[i] = value * Math.min(1, 1 / norm)));
    const before = slots.map(({ w }) => w.slice());
    slots.forEach((slot, i) => adamW(slot, g[i], step + 1, lr, parameters[i].decay ? 0.01 : 0));
    if (step === 0)
      rowsOfFirst.push(
        ...movesOf(
          parameters.map(({ name }) => name),
          slots,
          before,
          g,
        ),
      );
  }

  let state: State = new Map();
  const batches = (step: number) => [feeds[step]];
  const same = { loss: lossOf, batches, steps: 3, schedule: () => lr, backend, seed: 1, threads: 1 };
  for await (const done of fit(same)) state = done.state();
  const furthest = Math.max(
    ...parameters.map(({ name }, i) => largestDifference(floats(valueAt(state, name)), slots[i].w)),
  );
  assert(furthest < 1e-5, `weights differ by ${furthest}`);
  console.log("after 3 steps, no weight differs from attune's by 0.00001\n");
  printTable([["weight", "gradient", "moved by"], ...rowsOfFirst]);
}

/** dL/dW of every parameter. */
async function gradientsAt(backend: Backend, state: State, feed: Feeds): Promise<Float32Array[]> {
  const scope = Scope.root({ training: false, values: (path) => valueAt(state, path) });
  const loss = lossOf(scope);
  const all = gradients(
    loss,
    scope.parameters.map(({ tensor: w }) => w),
  );
  const compiled = await compile(Object.fromEntries(all.map((dW, i) => [`g${i}`, dW])), backend, {
    threads: 1,
  });
  const values = await compiled.run({ ...feed });
  await compiled.dispose();
  return all.map((_, i) => floats(values[`g${i}`]).slice());
}

/** The largest gradient, one in the middle and one of the smallest, with what they did to their weight. */
function movesOf(
  names: readonly string[],
  slots: readonly Slot[],
  before: readonly Float32Array[],
  g: readonly Float32Array[],
): string[][] {
  const every = g.flatMap((one, p) =>
    Array.from(one, (value, i) => ({
      name: `${names[p]}[${i}]`,
      value,
      moved: slots[p].w[i] - before[p][i],
    })),
  );
  const ranked = every
    .filter(({ value }) => Math.abs(value) > 1e-6)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const shown = [ranked[0], ranked[Math.floor(ranked.length / 2)], ranked[ranked.length - 100]];
  assert(shown.every(({ moved }) => Math.abs(moved) > 6e-4 && Math.abs(moved) < 1.02e-3));
  return shown.map(({ name, value, moved }) => [name, value.toFixed(6), moved.toFixed(4)]);
}

/** The same training under five learning rates. */
async function compareRates(backend: Backend): Promise<void> {
  const lines: string[][] = [];
  const accuracies: number[] = [];
  for (const lr of [1e-5, 1e-4, 1e-3, 1e-2, 1]) {
    const [end] = await learn(backend, train, { lr, every: steps });
    accuracies.push(end.dev.accuracy);
    lines.push([String(lr), end.train.loss.toFixed(1), end.dev.accuracy.toFixed(1)]);
  }
  console.log();
  printTable([["learning rate", "train loss", "dev accuracy"], ...lines]);
  const [slow, , usual, , wild] = accuracies;
  assert(usual > 0.95 && slow < 0.6 && wild < 0.6);
}

/** Labels drawn by lot, without a look at the text, three times. */
async function learnNonsense(backend: Backend): Promise<void> {
  const lines: string[][] = [];
  for (const seed of [0, 1, 2]) {
    const random = new Random(seed, "nonsense");
    const examples = train.map(({ text }) => ({ text, label: random.int(classes) }));
    const [end] = await learn(backend, examples, { every: steps });
    assert(end.train.accuracy > 0.95 && end.dev.accuracy < 0.55);
    lines.push([
      String(seed),
      ...[end.train.loss, end.train.accuracy, end.dev.accuracy].map((x) => x.toFixed(1)),
    ]);
  }
  console.log();
  printTable([["labels", "train loss", "train accuracy", "dev accuracy"], ...lines]);
}

interface Score {
  /** Mean surprise at the right label, -ln p. */
  readonly loss: number;
  readonly accuracy: number;
}

/** One point of a training curve: train by the labels that it was given, dev by the true ones. */
interface Point {
  readonly step: number;
  readonly train: Score;
  readonly dev: Score;
}

async function learn(
  backend: Backend,
  examples: readonly Example[],
  { lr = 1e-3, every = 20 } = {},
): Promise<readonly Point[]> {
  const curve: Point[] = [];
  // #region learn
  const batches = (step: number) => [asFeeds(batchOf(examples, step))];
  const schedule = linearWarmup({ lr, warmupSteps: 30, totalSteps: steps });
  const plan = { loss: lossOf, batches, steps, schedule, backend, seed: 1, threads: 1 };
  for await (const { step, state } of fit(plan)) {
    if (step % every !== 0) continue;
    const onTrain = await measure(backend, state(), examples);
    curve.push({ step, train: onTrain, dev: await measure(backend, state(), dev) });
  }
  // #endregion
  return curve;
}

async function measure(backend: Backend, state: State, examples: readonly Example[]): Promise<Score> {
  const scope = Scope.root({ training: false, values: (path) => valueAt(state, path) });
  const probabilities = softmax(classifier(scope, tokens()));
  const compiled = await compile({ probabilities }, backend, { threads: 1 });
  const p = floats((await compiled.run({ tokens: asFeeds(examples).tokens })).probabilities);
  await compiled.dispose();
  const rows = examples.map((_, i) => p.subarray(i * classes, (i + 1) * classes));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    loss: mean(rows.map((row, i) => -Math.log(row[examples[i].label]))),
    accuracy: mean(rows.map((row, i) => Number(row.indexOf(Math.max(...row)) === examples[i].label))),
  };
}

/** The first twelve get one of the two labels that are wrong. */
function withMistakes(examples: readonly Example[]): Example[] {
  const random = new Random(2, "mistakes");
  return examples.map(({ text, label }, i) => ({
    text,
    label: i < 12 ? (label + 1 + random.int(classes - 1)) % classes : label,
  }));
}

function showCurve(curve: readonly Point[]): void {
  console.log();
  const shown = curve.filter(({ step }) => [20, 40, 60, 80, 100, 200, 300].includes(step));
  printTable([
    ["step", "train loss", "dev loss", "train accuracy", "dev accuracy"],
    ...shown.map(({ step, train: onTrain, dev: onDev }) => [
      String(step),
      ...[onTrain.loss, onDev.loss, onTrain.accuracy, onDev.accuracy].map((x) => x.toFixed(1)),
    ]),
  ]);
}

type Feeds = { readonly tokens: HostTensor<"int32">; readonly labels: HostTensor<"int32"> };

/** A batch drawn anew at each step. */
function batchOf(examples: readonly Example[], step: number): Example[] {
  const random = new Random(1, `batch/${step}`);
  return Array.from({ length: batch }, () => examples[random.int(examples.length)]);
}

function asFeeds(examples: readonly Example[]): Feeds {
  const ids = examples.map(({ text }) => {
    const known = tokenizer.encode(text).ids;
    assert(known.length <= length, text);
    return [...known, ...Array.from({ length: length - known.length }, () => tokenizer.padId)];
  });
  const n = examples.length;
  return {
    tokens: { dtype: "int32", shape: [n, length], data: Int32Array.from(ids.flat()) },
    labels: { dtype: "int32", shape: [n], data: Int32Array.from(examples, ({ label }) => label) },
  };
}

function valueAt(state: State, path: string): HostTensor<"float32"> {
  const value = state.get(path);
  assert(value !== undefined, path);
  return value;
}

if (isMain(import.meta.url)) await main();
