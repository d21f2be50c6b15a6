/**
 * Chapter 6, the encoder: one layer step by step, where tokens meet, its parameters counted, its graph printed, layers
 * put on each other, and what comes out where only zeros went in.
 *
 *     node --import ./scripts/typescript.js examples/principles/06-encoder.ts
 */
import assert from "node:assert/strict";
import type { Tensor } from "attune/nn";
import {
  concat,
  evaluate,
  print,
  randn,
  reshape,
  slice,
  tensor,
  TransformerEncoder,
  TransformerEncoderLayer,
  zeros,
} from "attune/nn";
import {
  cosine,
  floats,
  grouped,
  isMain,
  largestDifference,
  moments,
  printTable,
  rows,
  shapeOf,
} from "./numbers.ts";

export async function main() {
  await walkThroughOneLayer();
  await keepTokensApart();
  countParameters();
  printGraph();
  const influence = await followInfluence();
  await addPadding();
  return { influence };
}

async function walkThroughOneLayer(): Promise<void> {
  // #region layer
  const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const x = randn([10, 512], { seed: 0 }); // ten tokens, 512 numbers each
  const { output, steps } = layer.trace([x]);
  const values = await evaluate({ x, ...Object.fromEntries(steps), output });
  // #endregion
  const lines = Object.entries(values).map(([path, value]) => {
    const found = moments(floats(value));
    return [path, shapeOf(value), hundredths(found.mean), hundredths(found.std)];
  });
  printTable([["step", "shape", "mean", "std"], ...lines]);
  assert.deepEqual(values.output.shape, values.x.shape);
  const similarity = cosine(floats(values.x), floats(values.output));
  console.log(`cosine of input and output: ${similarity.toFixed(2)}`);
  assert(similarity > 0.95, "a fresh layer hardly turns its input");
}

/** With attention cut down to each token itself, no token notices that another was exchanged. */
async function keepTokensApart(): Promise<void> {
  const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const x = randn([10, 512], { seed: 0 });
  // #region apart
  const changed = exchange(x, 3); // another vector in place of token 3
  const others = tensor(range(10).map((t) => range(10).map((s) => s !== t))); // [10, 10], true is hidden
  const together = [layer(x), layer(changed)];
  const alone = [layer(x, { srcMask: others }), layer(changed, { srcMask: others })];
  // #endregion
  console.log("\ntoken 3 exchanged: largest change of outputs 0 to 9");
  const [open, apart] = [await changesOf(together), await changesOf(alone)];
  printTable([
    ["all see all", ...open.map((change) => change.toFixed(1))],
    ["each sees itself", ...apart.map((change) => change.toFixed(1))],
  ]);
  assert(open.every((change) => change > 0.05));
  assert(apart.every((change, t) => (t === 3 ? change > 0.05 : change === 0)));
}

/** The largest change of each of ten outputs. */
async function changesOf([before, after]: readonly Tensor[]): Promise<number[]> {
  const values = await evaluate({ before, after });
  return rows(values.before).map((row, t) => largestDifference(row, rows(values.after)[t]));
}

function countParameters(): void {
  // #region parameters
  const { parameters } = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const sizes = parameters.map(({ name, shape }) => ({ name, size: shape.reduce((n, dim) => n * dim) }));
  // #endregion
  const count = (pattern: RegExp) =>
    sizes.filter(({ name }) => pattern.test(name)).reduce((sum, { size }) => sum + size, 0);
  const [attention, inner, norms, all] = [/^self_attn/, /^linear/, /^norm/, /./].map(count);
  console.log();
  printTable(
    Object.entries({ attention, "feed-forward": inner, norms }).map(([name, value]) => [
      ...[name, grouped(value), `${((100 * value) / all).toFixed(1)}%`],
    ]),
  );
  const [d, f] = [512, 2048];
  assert.deepEqual([attention, inner, norms], [4 * (d * d + d), 2 * d * f + f + d, 4 * d]);
  assert.equal(all, attention + inner + norms);
  const large = new TransformerEncoderLayer({ dModel: 768, nHead: 12, dimFeedforward: 3072 });
  const stack = new TransformerEncoder(large, { numLayers: 12 });
  const total = stack.parameters.reduce((sum, { shape }) => sum + shape.reduce((n, dim) => n * dim), 0);
  console.log(`12 layers of width 768: ${grouped(total)}`);
}

function printGraph(): void {
  const text = print(new TransformerEncoderLayer({ dModel: 512, nHead: 8 }));
  const computing = /= (Gemm|MatMul|Mul|Softmax|Add|Relu|LayerNormalization)\b/;
  const lines = text.split("\n").filter((line) => computing.test(line));
  console.log();
  for (const line of lines) console.log(line.trim());
  console.log(`${lines.length} of ${text.split("\n").length} lines`);
  assert.equal(lines.length, 13);
}

/** How much output t changes, against its length, where token s is exchanged: [10][10] for some depths. */
async function followInfluence() {
  const x = randn([10, 512], { seed: 0 });
  const sequences = [x, ...range(10).map((s) => exchange(x, s))]; // as it is, then each token exchanged
  const batch = concat(
    sequences.map((sequence) => reshape(sequence, [10, 1, 512])),
    { axis: 1 },
  );
  const influence = [];
  for (const numLayers of [1, 6]) {
    // #region stack
    const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
    const encoder = new TransformerEncoder(layer, { numLayers }); // weights of its own for each layer
    const output = encoder(batch); // [10, 11, 512]
    // #endregion
    const vectors = rows(await evaluate(output));
    const [before, ...after] = range(11).map((b) => range(10).map((t) => vectors[t * 11 + b]));
    const lengths = before.map((row) => Math.hypot(...row));
    const values = before.map((row, t) =>
      after.map((changed) => Math.hypot(...row.map((value, i) => value - changed[t][i])) / lengths[t]),
    );
    const own = values.map((row, t) => row[t]);
    const others = values.flatMap((row, t) => row.filter((_, s) => s !== t));
    influence.push({ numLayers, values, own: mean(own), others: mean(others) });
  }
  console.log("\nhow much an output changes when one token is exchanged, in lengths of the output");
  printTable([
    ["layers", "its own", "another"],
    ...influence.map(({ numLayers, own, others }) => [String(numLayers), own.toFixed(2), others.toFixed(2)]),
  ]);
  const [one, six] = influence;
  assert(six.others > 2 * one.others && six.own > six.others);
  return influence;
}

/** Six tokens filled up with zeros to rows of 6 to 40, masked: the outputs, and two ways to take their mean. */
async function addPadding(): Promise<void> {
  const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const six = randn([6, 512], { seed: 6 });
  const alone = rows(await evaluate(layer(six)));
  console.log("\nsix tokens, the rest zeros behind a mask: outputs against those of the six alone");
  const lines = [["places", "six outputs differ by", "std behind them", "cosine of means: all", "of six"]];
  for (const places of [6, 10, 20, 40]) {
    // #region padding
    const filled = places > 6 ? concat([six, zeros([places - 6, 512])], { axis: 0 }) : six; // [places, 512]
    const row = reshape(filled, [places, 1, 512]); // a batch of one
    const isPadding = tensor([range(places).map((place) => place >= 6)]); // [1, places]
    const output = layer(row, { srcKeyPaddingMask: isPadding }); // [places, 1, 512]
    // #endregion
    const outputs = rows(await evaluate(output));
    const [tokens, rest] = [outputs.slice(0, 6), outputs.slice(6)];
    const difference = Math.max(...tokens.map((token, t) => largestDifference(token, alone[t])));
    const std = mean(rest.map((vector) => moments(vector).std));
    const [all, ofSix] = [outputs, tokens].map((vectors) => cosine(meanOf(vectors), meanOf(alone)));
    assert(difference < 1e-5 && ofSix > 0.9999);
    if (places > 6) assert(std > 0.99 && all < 0.9);
    lines.push([
      String(places),
      difference < 1e-5 ? "below 1e-5" : String(difference),
      places > 6 ? std.toFixed(2) : "",
      ...[all, ofSix].map((value) => value.toFixed(2)),
    ]);
  }
  printTable(lines);
}

/** The mean of some vectors, number by number. */
function meanOf(vectors: readonly Float32Array[]): Float32Array {
  return vectors[0].map((_, i) => mean(vectors.map((vector) => vector[i])));
}

/** x [10, 512] with another random vector at one place. */
function exchange(x: Tensor, place: number): Tensor {
  const parts = [
    ...(place > 0 ? [slice(x, { axis: 0, start: 0, end: place })] : []),
    randn([1, 512], { seed: 100 + place }),
    ...(place < 9 ? [slice(x, { axis: 0, start: place + 1, end: 10 })] : []),
  ];
  return concat(parts, { axis: 0 });
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Two digits, without "-0.00". */
function hundredths(value: number): string {
  return (Math.round(value * 100) / 100 + 0).toFixed(2);
}

if (isMain(import.meta.url)) await main();
