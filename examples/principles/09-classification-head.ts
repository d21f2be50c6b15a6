/**
 * Chapter 9, the classification head: softmax and cross-entropy by hand, [CLS], pooler and linear layer, and how much
 * a probability is worth. A tiny classifier learns the six intents of the quickstart's messages in 250 steps.
 *
 *     node --import ./scripts/typescript.js examples/principles/09-classification-head.ts
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BertTokenizer, trainWordPiece } from "attune";
import type { HostTensor, Scope, Tensor } from "attune/nn";
import {
  add,
  compile,
  crossEntropy,
  embedding,
  equal,
  evaluate,
  fit,
  gradients,
  input,
  layerNorm,
  learnedPositions,
  linear,
  linearWarmup,
  loadBackend,
  Random,
  reshape,
  slice,
  stackOptions,
  tanh,
  tensor,
  transformerEncoder,
  transformerLayerOptions,
} from "attune/nn";
import { floats, isMain, printTable, rows } from "./numbers.ts";
import { lastOf, scopeOf } from "./trained.ts";

interface Message {
  readonly text: string;
  readonly label: string;
}

const [train, dev, test] = ["train", "dev", "test"].map(read);
const labels = [...new Set(train.map(({ label }) => label))].sort();
const texts = train.map(({ text }) => text);
const tokenizer = BertTokenizer.fromVocabulary(trainWordPiece(texts, { vocabSize: 1500 }));
const length = 32; // longer messages are cut
const d = 96;
const [steps, batch] = [250, 32];

/** What no customer of the shop would write, and what nobody would. */
const strange = [
  "Whales sleep upright in the open sea.",
  "The bridge was built of oak in 1412.",
  "Add the flour last and stir slowly.",
  "空荡荡的球场上下了一夜的雪。",
  "七是质数。",
  "qwz xkj vvb",
  "嘎嘎咕咕",
  "",
  "Two sparrows argue about a crumb.",
  "Snow fell on the empty stadium all night.",
  "The queen moves along rows, columns and diagonals.",
  "My grandmother hummed while she pruned the roses.",
  "Seven is a prime number.",
  "鲸鱼在海里竖着睡觉。",
  "这座桥是一四一二年用橡木造的。",
  "两只麻雀为一点面包屑吵架。",
  "最后放面粉，慢慢搅匀。",
  "后可以走直线，也可以走斜线。",
  "外婆一边哼歌一边修剪玫瑰。",
  "。。。",
];

export async function main() {
  await byHand();
  const ask = await learn();
  const [known, unknown] = [await ask(test.map(({ text }) => text)), await ask(strange)];
  const temperature = chooseTemperature(await ask(dev.map(({ text }) => text)));
  const said = compare(known, temperature);
  showStrange(known, unknown, temperature);
  return { ...said, temperature };
}

// #region softmax
/** Scores of any size to shares of 1. */
function softmax(z: ArrayLike<number>): number[] {
  const largest = Math.max(...Array.from(z)); // taken off all, it changes nothing but keeps exp() finite
  const e = Array.from(z, (score) => Math.exp(score - largest));
  const total = e.reduce((sum, value) => sum + value);
  return e.map((value) => value / total);
}
// #endregion

/** Three classes, one example: probabilities, the loss for each label that it could have, the gradient for one. */
async function byHand(): Promise<void> {
  // #region loss
  const z = [2, 1, -1];
  const p = softmax(z);
  const losses = p.map((probability) => -Math.log(probability)); // if the label were 0, 1 or 2
  const gradient = p.map((probability, c) => probability - (c === 1 ? 1 : 0)); // the label is 1
  // #endregion
  const line = (name: string, values: readonly number[]) => [
    name,
    ...values.map((value) => value.toFixed(2)),
  ];
  printTable([
    ["class", "0", "1", "2"],
    line("score", z),
    line("probability", p),
    line("loss if it is the label", losses),
    line("gradient, label 1", gradient),
  ]);
  const logits = tensor([z]);
  const loss = crossEntropy(logits, tensor([1], "int32"));
  const [dZ] = gradients(loss, [logits]);
  const own = await evaluate({ loss, dZ });
  assert(Math.abs(floats(own.loss)[0] - losses[1]) < 1e-6, "attune's loss is this one");
  assert(floats(own.dZ).every((value, c) => Math.abs(value - gradient[c]) < 1e-6));
  assert(softmax(z.map((score) => score + 100)).every((value, c) => Math.abs(value - p[c]) < 1e-12));
}

const layer = transformerLayerOptions("classifier", {
  ...{ dModel: d, nHead: 4, dimFeedforward: 4 * d, dropout: 0, activation: "gelu" },
  ...{ batchFirst: true, matrices: "xavier" },
});
const stack = stackOptions("classifier", layer, { numLayers: 1 });

function encoded(scope: Scope, tokens: Tensor): Tensor {
  const init = { kind: "normal", std: 0.3 } as const;
  const sizes = { numEmbeddings: tokenizer.vocabSize, embeddingDim: d, init };
  const places = learnedPositions(scope.at("places"), length, { maxLength: length, d, init });
  const x = add(embedding(scope.at("words"), tokens, sizes), places);
  const srcKeyPaddingMask = equal(tokens, tensor(tokenizer.padId, "int32"));
  return transformerEncoder(scope.at("encoder"), stack, layerNorm(scope.at("norm"), x, { eps: 1e-5 }), {
    srcKeyPaddingMask,
  });
}

// #region head
/** The encoder's output [b, s, d] to scores [b, c]. */
function head(scope: Scope, hidden: Tensor): Tensor {
  const cls = reshape(slice(hidden, { axis: 1, start: 0, end: 1 }), ["b", d]); //          [b, d]
  const pooled = tanh(linear(scope.at("pooler"), cls, { outFeatures: d })); //             [b, d]
  return linear(scope.at("classifier"), pooled, { outFeatures: labels.length }); // [b, c]
}
// #endregion

type Ask = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/** Trains the classifier; what it gives back turns texts into scores. */
async function learn(): Promise<Ask> {
  const backend = await loadBackend();
  const tokens = () => input("tokens", "int32", ["b", length]);
  const loss = (scope: Scope) =>
    crossEntropy(head(scope, encoded(scope, tokens())), input("label", "int32", ["b"]));
  const batches = (step: number) => {
    const random = new Random(0, `batch/${step}`);
    const drawn = Array.from({ length: batch }, () => train[random.int(train.length)]);
    const numbers = Int32Array.from(drawn, ({ label }) => labels.indexOf(label));
    const label = { dtype: "int32", shape: [batch], data: numbers } as const;
    return [{ tokens: encode(drawn.map(({ text }) => text)), label }];
  };
  const schedule = linearWarmup({ lr: 2e-3, warmupSteps: 25, totalSteps: steps });
  const { state } = await lastOf(fit({ loss, batches, steps, schedule, backend, threads: 1 }));
  const scope = scopeOf(state);
  const compiled = await compile({ logits: head(scope, encoded(scope, tokens())) }, backend, { threads: 1 });
  return async (asked) => rows((await compiled.run({ tokens: encode(asked) })).logits);
}

/** The temperature that makes the scores of the dev messages least wrong. */
function chooseTemperature(scores: readonly Float32Array[]): number {
  // #region temperature
  const lossAt = (temperature: number) => {
    const losses = scores.map((z, i) => {
      const p = softmax(z.map((score) => score / temperature));
      return -Math.log(p[labels.indexOf(dev[i].label)]);
    });
    return losses.reduce((sum, loss) => sum + loss) / losses.length;
  };
  const candidates = Array.from({ length: 50 }, (_, i) => 1 + i / 10);
  const best = candidates.reduce((a, b) => (lossAt(b) < lossAt(a) ? b : a));
  // #endregion
  return best;
}

interface Said {
  /** Of the likeliest label. */
  readonly probability: number;
  readonly right: boolean;
}

function compare(scores: readonly Float32Array[], temperature: number) {
  const answers = (divisor: number): Said[] =>
    scores.map((z, i) => {
      const p = softmax(z.map((score) => score / divisor));
      const probability = Math.max(...p);
      return { probability, right: labels[p.indexOf(probability)] === test[i].label };
    });
  const [before, after] = [answers(1), answers(temperature)];
  const shareRight = (said: readonly Said[]) => said.filter(({ right }) => right).length / said.length;
  const meanSaid = (said: readonly Said[]) => mean(said.map(({ probability }) => probability));
  const sure = before.filter(({ probability }) => probability > 0.9);
  console.log(
    `\n${test.length} test messages: says ${hundredths(meanSaid(before))}, is right in ${hundredths(shareRight(before))}`,
  );
  console.log(`where it says more than 0.9: is right in ${hundredths(shareRight(sure))}`);
  console.log(
    `divided by ${temperature.toFixed(1)}: says ${hundredths(meanSaid(after))}, is right in ${hundredths(shareRight(after))}`,
  );
  assert(meanSaid(before) > shareRight(before) + 0.1, "it says more than it knows");
  assert(Math.abs(meanSaid(after) - shareRight(after)) < 0.1 && temperature > 1.2);
  assert.equal(shareRight(after), shareRight(before));
  return { before: byConfidence(before), after: byConfidence(after) };
}

/** Five groups from the least sure to the surest: what was said, and how often it was right. */
function byConfidence(said: readonly Said[]): [said: number, right: number][] {
  const sorted = said.toSorted((a, b) => a.probability - b.probability);
  return Array.from({ length: 5 }, (_, i) => {
    const group = sorted.slice((i * sorted.length) / 5, ((i + 1) * sorted.length) / 5);
    return [mean(group.map(({ probability }) => probability)), mean(group.map(({ right }) => Number(right)))];
  });
}

function showStrange(
  known: readonly Float32Array[],
  unknown: readonly Float32Array[],
  temperature: number,
): void {
  console.log();
  for (const [i, z] of unknown.entries()) {
    const p = softmax(z);
    const largest = Math.max(...p);
    console.log(`${largest.toFixed(2)} ${labels[p.indexOf(largest)]}: ${strange[i] || "(nothing)"}`);
  }
  const meanOf = (scores: readonly Float32Array[], divisor = 1) =>
    mean(scores.map((z) => Math.max(...softmax(z.map((score) => score / divisor)))));
  assert(meanOf(unknown) > 0.7 && meanOf(unknown, temperature) > 0.4);
  console.log(`\nmean: ${hundredths(meanOf(unknown))}; of the shop's messages: ${hundredths(meanOf(known))}`);
  console.log(`divided by ${temperature.toFixed(1)}: ${hundredths(meanOf(unknown, temperature))}`);
}

/** A file of the quickstart. */
function read(name: string): Message[] {
  const csv = readFileSync(new URL(`../quickstart/${name}.csv`, import.meta.url), "utf8");
  return [...csv.trim().matchAll(/^(?:"((?:[^"]|"")*)"|([^,\n]*)),([a-z_]+)\r?$/gm)]
    .map(([, quoted, plain, label]) => ({ text: quoted?.replaceAll('""', '"') ?? plain, label }))
    .slice(1);
}

/** Texts as int32 [b, s], cut and padded. */
function encode(all: readonly string[]): HostTensor<"int32"> {
  const ids = all.flatMap((text) => {
    const own = tokenizer.encode(text, { maxLength: length }).ids;
    return [...own, ...Array.from({ length: length - own.length }, () => tokenizer.padId)];
  });
  return { dtype: "int32", shape: [all.length, length], data: Int32Array.from(ids) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function hundredths(value: number): string {
  return value.toFixed(2);
}

if (isMain(import.meta.url)) await main();
