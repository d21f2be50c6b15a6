/**
 * Chapter 6, the encoder: one layer step by step, where tokens meet, its parameters counted, its graph printed, layers
 * put on each other, and what zeros do where nothing stands.
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
  const padding = await addPadding();
  return { influence, padding };
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
  // #region apart
  const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const x = randn([10, 512], { seed: 0 });
  const changed = exchange(x, 3); // another vector in place of token 3
  const others = tensor(range(10).map((t) => range(10).map((s) => s !== t))); // [10, 10], true is hidden
  const pairs = {
    "as it is": [layer(x), layer(changed)],
    "each token alone": [layer(x, { srcMask: others }), layer(changed, { srcMask: others })],
  };
  // #endregion
  console.log("\ntoken 3 exchanged: largest change of outputs 0 to 9");
  const lines = [];
  for (const [name, [before, after]] of Object.entries(pairs)) {
    const values = await evaluate({ before, after });
    const changes = rows(values.before).map((row, t) => largestDifference(row, rows(values.after)[t]));
    const apart = name === "each token alone";
    assert(changes.every((change, t) => (t !== 3 && apart ? change === 0 : change > 0.05)));
    lines.push([name, ...changes.map((change) => change.toFixed(1))]);
  }
  printTable(lines);
}

function countParameters(): void {
  // #region parameters
  const { parameters } = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const count = (pattern: RegExp) =>
    parameters
      .filter(({ name }) => pattern.test(name))
      .reduce((sum, { shape }) => sum + shape.reduce((n, dim) => n * dim), 0);
  const counts = {
    attention: count(/^self_attn/), // 4 (d d + d)
    "feed-forward": count(/^linear/), // 2 d f + f + d
    norms: count(/^norm/), // 4 d
  };
  // #endregion
  console.log();
  const all = count(/./);
  const share = (value: number) => `${((100 * value) / all).toFixed(1)}%`;
  printTable(Object.entries(counts).map(([name, value]) => [name, grouped(value), share(value)]));
  const [d, f] = [512, 2048];
  assert.equal(counts.attention, 4 * (d * d + d));
  assert.equal(counts["feed-forward"], 2 * d * f + f + d);
  assert.equal(counts.norms, 4 * d);
  assert.equal(all, counts.attention + counts["feed-forward"] + counts.norms);
  const large = new TransformerEncoderLayer({ dModel: 768, nHead: 12, dimFeedforward: 3072 });
  const stacked = new TransformerEncoder(large, { numLayers: 12 });
  const size = stacked.parameters.reduce((sum, { shape }) => sum + shape.reduce((n, dim) => n * dim), 0);
  console.log(`12 layers of width 768: ${grouped(size)}`);
}

function printGraph(): void {
  // #region graph
  const text = print(new TransformerEncoderLayer({ dModel: 512, nHead: 8 }));
  const computing = /= (Gemm|MatMul|Mul|Softmax|Add|Relu|LayerNormalization)\b/;
  const lines = text.split("\n").filter((line) => computing.test(line));
  // #endregion
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

/** Six vectors in a row of ten, the rest filled up with zeros: with and without the mask. */
async function addPadding() {
  // #region padding
  const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const six = randn([6, 512], { seed: 6 });
  const ten = concat([six, zeros([4, 512])], { axis: 0 }); // [10, 512]
  const row = reshape(ten, [10, 1, 512]); // a batch of one
  const isPadding = tensor([[false, false, false, false, false, false, true, true, true, true]]); // [1, 10]
  const unmasked = layer.trace([row]);
  const masked = layer.trace([row, { srcKeyPaddingMask: isPadding }]);
  // #endregion
  const alone = floats(await evaluate(layer(six)));
  const [without, withMask] = await Promise.all(
    [unmasked, masked].map(async ({ output, steps }) => {
      const weights = steps.get("self_attn.weights");
      assert(weights !== undefined);
      const values = await evaluate({
        weights,
        first: slice(output, { axis: 0, start: 0, end: 6 }),
        rest: slice(output, { axis: 0, start: 6, end: 10 }),
      });
      const heads = rows(values.weights); // 8 heads x 10 queries
      const table = range(6).map((t) =>
        range(10).map((s) => mean(range(8).map((head) => heads[head * 10 + t][s]))),
      );
      return {
        table,
        toZeros: mean(table.map((shares) => shares.slice(6).reduce((a, b) => a + b))),
        difference: largestDifference(alone, floats(values.first)),
        std: moments(floats(values.rest)).std,
      };
    }),
  );
  console.log("\nsix vectors and four of zeros, against the six alone");
  printTable([
    ["", "without mask", "with mask"],
    ["share of attention that zeros get", ...[without, withMask].map((one) => one.toZeros.toFixed(2))],
    [
      "largest difference of the six outputs",
      without.difference.toFixed(2),
      withMask.difference < 1e-5 ? "below 1e-5" : String(withMask.difference),
    ],
    ["std of the outputs at the zeros", ...[without, withMask].map((one) => one.std.toFixed(2))],
  ]);
  assert(without.toZeros > 0.3 && without.difference > 0.1);
  assert(withMask.toZeros === 0 && withMask.difference < 1e-5 && withMask.std > 0.99);
  return { without: without.table, withMask: withMask.table };
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
  return values.reduce((sum, value) => sum + value) / values.length;
}

/** Two digits, without "-0.00". */
function hundredths(value: number): string {
  return (Math.round(value * 100) / 100 + 0).toFixed(2);
}

if (isMain(import.meta.url)) await main();
