/**
 * Chapter 7, the decoder and its masks: who sees whom, attention to the memory, writing with cached keys and values,
 * and what a decoder learns without its mask. A small Transformer learns to turn six digits round.
 *
 *     node --import ./scripts/typescript.js examples/principles/07-decoder.ts
 */
import assert from "node:assert/strict";
import type { Backend, DecodingCache, HostTensor, Scope, Seq2SeqModel, State, Tensor } from "attune/nn";
import {
  add,
  causalMask,
  compile,
  concat,
  crossEntropy,
  decodeTokens,
  embedding,
  evaluate,
  fit,
  Generator,
  input,
  learnedPositions,
  linear,
  linearWarmup,
  loadBackend,
  mul,
  Random,
  randn,
  reshape,
  scalar,
  slice,
  stackOptions,
  sum,
  transformerDecoder,
  TransformerDecoderLayer,
  transformerEncoder,
  transformerLayerOptions,
} from "attune/nn";
import { floats, isMain, printTable, rows, shapeOf } from "./numbers.ts";
import { lastOf, scopeOf } from "./trained.ts";

const length = 6; // digits of a source
const [START, END, vocabulary] = [10, 11, 12]; // the digits are tokens 0 to 9
const [dModel, nHead] = [32, 4];
const [steps, batch] = [200, 32];
const writing = { maxLength: length + 1, startId: START, endId: END };

export async function main() {
  await lookAtTheMask();
  const backend = await loadBackend();
  const masked = await learn(backend, { causal: true, seed: 0 });
  const attention = await lookAtTheWeights(masked.state, [3, 1, 4, 1, 5, 9]);
  const tests = sources(100, new Random(9, "test"));
  await compareWithFullRecomputation(backend, masked.state, tests);
  const trainings = [masked];
  for (const seed of [0, 1, 2]) trainings.push(await learn(backend, { causal: false, seed }));
  await compareTrainings(backend, trainings, tests);
  return attention;
}

/** One layer: its steps, the mask, and which outputs notice that one input was exchanged. */
async function lookAtTheMask(): Promise<void> {
  // #region layer
  const layer = new TransformerDecoderLayer({ dModel: 512, nHead: 8 });
  const target = randn([5, 512], { seed: 1 }); //  what has been written so far
  const memory = randn([10, 512], { seed: 2 }); // what the encoder made of the source
  const { steps: shown } = layer.trace([target, memory, { tgtIsCausal: true }]);
  // #endregion
  printTable([...shown].map(([path, step]) => [path, shapeOf(step)]));

  const before = slice(target, { axis: 0, start: 0, end: 3 });
  const behind = slice(target, { axis: 0, start: 4, end: 5 });
  const changed = concat([before, randn([1, 512], { seed: 3 }), behind], { axis: 0 });
  // #region exchange
  const outputs = {
    causal: layer(target, memory, { tgtIsCausal: true }),
    causalChanged: layer(changed, memory, { tgtIsCausal: true }),
    open: layer(target, memory), // no mask unless one is asked for, as in PyTorch
    openChanged: layer(changed, memory),
  };
  // #endregion
  const weights = shown.get("self_attn.weights");
  assert(weights !== undefined);
  const values = await evaluate({ mask: causalMask(5), weights, ...outputs });
  console.log("\ncausal mask, x hidden; weights of the first head");
  const hidden = Array.from(values.mask.data, Number);
  for (let t = 0; t < 5; t++) {
    const row = rows(values.weights)[t];
    const marks = hidden.slice(t * 5, t * 5 + 5).map((one) => (one === 1 ? "x" : "."));
    console.log(marks.join(" "), "  ", hundredths(row));
    assert(row.every((weight, s) => (s > t ? weight === 0 : weight > 0)));
  }
  const causal = changes(values.causal, values.causalChanged);
  const open = changes(values.open, values.openChanged);
  console.log("\nposition 3 exchanged: largest change of outputs 0 to 4");
  console.log(`with the mask     ${hundredths(causal)}`);
  console.log(`without the mask  ${hundredths(open)}`);
  assert(causal.every((change, t) => (t < 3 ? change === 0 : change > 0)));
  assert(open.every((change) => change > 0));
}

const sizes = { dModel, nHead, dimFeedforward: 4 * dModel, dropout: 0 };
const layer = transformerLayerOptions("reverser", { ...sizes, normFirst: true, matrices: "xavier" });
/** Encoder and decoder have one layer each. */
const stack = stackOptions("reverser", layer, { numLayers: 1, norm: true });

/** Tokens are [t, b]. Without `causal` the decoder sees what it should predict. */
// #region model
function reverser(causal: boolean): Seq2SeqModel {
  return {
    encode: (scope) => {
      const source = embed(scope.at("source"), input("source", "int32", [length, "b"])); // [6, b, 32]
      return transformerEncoder(scope.at("encoder"), stack, source);
    },
    decode: (scope, tokens, memory, cache) => {
      const target = embed(scope.at("target"), tokens, cache); // [t, b, 32]
      const call = cache === undefined ? { tgtIsCausal: causal } : { cache };
      const hidden = transformerDecoder(scope.at("decoder"), stack, target, memory, call);
      return linear(scope.at("logits"), hidden, { outFeatures: vocabulary }); // [t, b, 12]
    },
  };
}
// #endregion

/** Tokens [t, b] to vectors [t, b, d]: a row for the token plus a row for its place. */
function embed(scope: Scope, tokens: Tensor, cache?: DecodingCache): Tensor {
  const init = { kind: "normal", std: 0.5 } as const;
  const table = { numEmbeddings: vocabulary, embeddingDim: dModel, init };
  const words = embedding(scope.at("words"), tokens, table);
  const [t] = tokens.shape;
  const places = learnedPositions(scope.at("places"), t, {
    ...{ maxLength: length + 1, d: dModel, init },
    ...(cache === undefined ? {} : { positions: cache.positions }),
  });
  return add(words, reshape(places, [t, 1, dModel]));
}

interface Learnt {
  readonly causal: boolean;
  readonly seed: number;
  readonly loss: number;
  readonly state: State;
}

async function learn(backend: Backend, options: { causal: boolean; seed: number }): Promise<Learnt> {
  const model = reverser(options.causal);
  const lossOf = (scope: Scope) => {
    const read = input("read", "int32", [length + 1, "b"]); //     start 9 5 1 4 1 3
    const wanted = input("wanted", "int32", [length + 1, "b"]); // 9 5 1 4 1 3 end
    return crossEntropy(model.decode(scope, read, model.encode(scope)), wanted);
  };
  const batches = (step: number) => {
    const given = sources(batch, new Random(options.seed, `batch/${step}`));
    const answers = given.map((digits) => digits.toReversed());
    const read = answers.map((answer) => [START, ...answer]);
    const wanted = answers.map((answer) => [...answer, END]);
    return [{ source: columns(given), read: columns(read), wanted: columns(wanted) }];
  };
  const schedule = linearWarmup({ lr: 3e-3, warmupSteps: 20, totalSteps: steps });
  const run = fit({ loss: lossOf, batches, steps, schedule, backend, seed: options.seed, threads: 1 });
  return { ...options, ...(await lastOf(run)) };
}

/** What each written token took from those written before, [7, 7], and from each digit, [7, 6]. */
async function lookAtTheWeights(state: State, digits: readonly number[]) {
  const model = reverser(true);
  const shown = new Map<string, Tensor>();
  const scope = scopeOf(state).recordingInto(shown);
  model.decode(scope, input("tokens", "int32", [length + 1, "b"]), model.encode(scope));
  const toWritten = shown.get("decoder.layers.0.self_attn.weights"); //      [4*b, 7, 7]
  const toMemory = shown.get("decoder.layers.0.multihead_attn.weights"); // [4*b, 7, 6]
  assert(toWritten !== undefined && toMemory !== undefined);
  const answer = digits.toReversed();
  const feeds = { source: columns([digits]), tokens: columns([[START, ...answer]]) };
  // one source, so the first axis holds its four heads
  const meanOfHeads = (weights: Tensor) => mul(sum(weights, [0]), scalar(1 / nHead));
  const means = { toWritten: meanOfHeads(toWritten), toMemory: meanOfHeads(toMemory) };
  const values = await evaluate(means, { feeds });
  const memory = rows(values.toMemory);
  const read = ["start", ...answer.map(String)];
  const written = [...answer.map(String), "end"];
  console.log("\nhow much of each digit went into each written token, mean of 4 heads");
  printTable([
    ["", ...digits.map(String)],
    ...written.map((token, t) => [token, ...Array.from(memory[t], (weight) => weight.toFixed(1))]),
  ]);
  for (let t = 0; t < length; t++)
    assert.equal(memory[t].indexOf(Math.max(...memory[t])), length - 1 - t, "token t looks at digit 5 - t");
  return { digits: digits.map(String), read, written, toWritten: rows(values.toWritten), toMemory: memory };
}

/** The cache gives what a decoder gives that reads everything anew for each token. */
async function compareWithFullRecomputation(
  backend: Backend,
  state: State,
  tests: readonly (readonly number[])[],
): Promise<void> {
  const model = reverser(true);
  const scope = scopeOf(state);
  const logits = model.decode(scope, input("tokens", "int32", ["t", "b"]), model.encode(scope));
  const everything = await compile({ logits }, backend, { threads: 1 });
  // #region write
  const generator = await Generator.create(model, { state, backend, threads: 1 });
  const cached = await generator.generate({ source: columns(tests) }, writing);
  // #endregion
  const prefix: number[][] = []; // without a cache all that is written is read again
  let positions = 0;
  const readEverything = async (newest: Int32Array) => {
    prefix.push([...newest]);
    positions += prefix.length;
    const data = Int32Array.from(prefix.flat()); // [t, b]
    const tokens = { dtype: "int32", shape: [prefix.length, tests.length], data } as const;
    const results = await everything.run({ source: columns(tests), tokens }); // logits [t, b, 12]
    return floats(results.logits).slice(-tests.length * vocabulary); // of the newest position
  };
  const full = await decodeTokens(readEverything, tests.length, writing);
  await generator.dispose();
  await everything.dispose();
  const difference = Math.max(...full.map(({ score }, i) => Math.abs(score - cached[i].score)));
  console.log(`\npositions read to write 7 tokens: ${prefix.length} with the cache, ${positions} without it`);
  console.log(`log-probabilities differ by ${difference < 1e-4 ? "less than 1e-4" : difference}`);
  assert.deepEqual(
    cached.map(({ tokens }) => tokens),
    full.map(({ tokens }) => tokens),
  );
  assert(difference < 1e-4);
}

/** The loss does not tell who has learnt the task. */
async function compareTrainings(
  backend: Backend,
  trainings: readonly Learnt[],
  tests: readonly (readonly number[])[],
): Promise<void> {
  const lines = [];
  for (const { causal, seed, loss, state } of trainings) {
    const generator = await Generator.create(reverser(causal), { state, backend, threads: 1 });
    const written = await generator.generate({ source: columns(tests) }, writing);
    await generator.dispose();
    const right = written.filter(({ tokens }, i) => tokens.join() === tests[i].toReversed().join()).length;
    const share = right / tests.length;
    assert(causal ? share > 0.97 : share < 0.9);
    assert(loss < 0.03, "by its loss each has learnt it");
    lines.push([causal ? "with" : "without", String(seed), loss.toFixed(2), share.toFixed(2)]);
  }
  console.log();
  printTable([["mask", "seed", "loss", "written right"], ...lines]);
}

function sources(n: number, random: Random): number[][] {
  return Array.from({ length: n }, () => Array.from({ length }, () => random.int(10)));
}

/** Sequences of one length as the columns of int32 [t, b]. */
function columns(sequences: readonly (readonly number[])[]): HostTensor<"int32"> {
  const t = sequences[0].length;
  const data = Int32Array.from({ length: t * sequences.length }, (_, i) => {
    return sequences[i % sequences.length][Math.floor(i / sequences.length)];
  });
  return { dtype: "int32", shape: [t, sequences.length], data };
}

/** The largest change of each row. */
function changes(before: HostTensor, after: HostTensor): number[] {
  const changed = rows(after);
  return rows(before).map((row, t) => Math.max(...row.map((value, j) => Math.abs(value - changed[t][j]))));
}

function hundredths(values: Iterable<number>): string {
  return Array.from(values, (value) => value.toFixed(2)).join(" ");
}

if (isMain(import.meta.url)) await main();
