/**
 * Small encoder-decoders with random weights, and their logits in two ways: over whole beginnings, and one token at a
 * time with a cache.
 */
import fc from "fast-check";
import type {
  HostTensor,
  Seq2SeqModel,
  State,
  Tensor,
  Tensors,
  TransformerOptions,
} from "../../src/entry/nn.ts";
import {
  add,
  compile,
  DecodingCache,
  embeddingTable,
  equal,
  gatherRows,
  input,
  learnedPositions,
  linear,
  loadBackend,
  Random,
  reshape,
  Scope,
  sinusoidalPositions,
  tensor,
  transformerDecoder,
  transformerEncoder,
  transformerOptions,
  transpose,
} from "../../src/entry/nn.ts";
import { draw, pick, range, seeds, smallLayers } from "./values.ts";

export const [vocabulary, startId, endId, PAD] = [7, 1, 2, 0];

/** Encoder-decoders over `vocabulary` tokens, with either kind of absolute positions. */
export const models = fc
  .record({
    layer: smallLayers,
    numEncoderLayers: fc.constantFrom(1, 2),
    numDecoderLayers: fc.constantFrom(1, 2),
    positions: fc.constantFrom("learned", "sinusoidal"),
    memoryIsCausal: fc.boolean(),
    seed: seeds,
  })
  .map(({ layer, positions, memoryIsCausal, seed, ...depths }) => ({
    ...modelOf({ ...layer, ...depths }, { positions, memoryIsCausal }),
    seed,
  }));

export type Made = ReturnType<typeof modelOf>;

function modelOf(
  given: TransformerOptions,
  { positions, memoryIsCausal }: { readonly positions: string; readonly memoryIsCausal: boolean },
) {
  const options = transformerOptions(given);
  const d = options.dModel;
  const source = input("source", "int32", ["s", "b"]);
  const padding = transpose(equal(source, tensor(PAD, "int32")), [1, 0]);
  const embed = (scope: Scope, tokens: Tensor, cache?: DecodingCache): Tensor => {
    const [n] = tokens.shape;
    const table = embeddingTable(scope.at("tokens"), { numEmbeddings: vocabulary, embeddingDim: d });
    const sizes = { maxLength: 12, positions: cache?.positions, d };
    const place =
      positions === "learned"
        ? learnedPositions(scope.at("positions"), n, sizes)
        : sinusoidalPositions(n, d, sizes);
    const x = add(gatherRows(table, tokens), reshape(place, [n, 1, d]));
    return options.batchFirst ? transpose(x, [1, 0, 2]) : x;
  };
  const model: Seq2SeqModel = {
    encode: (scope) =>
      transformerEncoder(scope.at("encoder"), options.encoder, embed(scope, source), {
        srcKeyPaddingMask: padding,
      }),
    decode: (scope, tokens, memory, cache) => {
      const decoded = transformerDecoder(
        scope.at("decoder"),
        options.decoder,
        embed(scope, tokens, cache),
        memory,
        { tgtIsCausal: true, memoryIsCausal, memoryKeyPaddingMask: padding, ...(cache && { cache }) },
      );
      return linear(scope.at("head"), options.batchFirst ? transpose(decoded, [1, 0, 2]) : decoded, {
        outFeatures: vocabulary,
      });
    },
  };
  return { model, options };
}

/** Random values of every parameter. */
export function stateOf({ model }: Made, seed: number): State {
  const scope = Scope.root({ training: false });
  model.decode(scope, input("tokens", "int32", ["t", "b"]), model.encode(scope));
  return new Map(scope.parameters.map(({ name, shape }, i) => [name, draw(shape, seed + i, 0.7)]));
}

/** Sources [s, b] of which some are shorter than others. */
export function sources(s: number, b: number, seed: number): HostTensor {
  const random = new Random(seed, "sources");
  const lengths = range(b).map(() => 1 + random.int(s));
  const data = Int32Array.from({ length: s * b }, (_, i) =>
    Math.floor(i / b) < lengths[i % b] ? 1 + random.int(vocabulary - 1) : PAD,
  );
  return { dtype: "int32", shape: [s, b], data };
}

export function int32(shape: readonly number[], values: readonly number[]): HostTensor {
  return { dtype: "int32", shape, data: Int32Array.from(values) };
}

/** Runs the decoder over whole beginnings, [t, b] tokens to [t, b, v] logits: nothing is cached. */
export async function fullDecoder({ model }: Made, state: State) {
  const scope = scopeWith(state);
  const tokens = input("tokens", "int32", ["t", "b"]);
  const logits = model.decode(scope, tokens, model.encode(scope));
  const compiled = await compile({ logits }, await loadBackend(), { threads: 1 });
  return {
    logits: async (source: HostTensor, beginnings: HostTensor) =>
      (await compiled.run({ source, tokens: beginnings })).logits,
    dispose: compiled.dispose,
  };
}

function scopeWith(state: State): Scope {
  return Scope.root({
    training: false,
    values: (name) => {
      const value = state.get(name);
      if (value === undefined) throw new Error(`no value for ${name}`);
      return value;
    },
  });
}

/** The same, one token at a time with a cache. Row i of step t continues row parents[t][i] of step t-1. */
export async function cachedLogits(
  { model }: Made,
  state: State,
  source: HostTensor,
  steps: readonly { readonly tokens: readonly number[]; readonly parents: readonly number[] }[],
): Promise<readonly HostTensor[]> {
  const [b] = source.shape.slice(1);
  const scope = scopeWith(state);
  const cache = new DecodingCache();
  const logits = model.decode(scope, input("tokens", "int32", [1, "b"]), model.encode(scope), cache);
  const backend = await loadBackend();
  const read = await compile(
    Object.fromEntries(cache.memory.map(({ name, output }) => [name, output])),
    backend,
    { threads: 1 },
  );
  const present = cache.present.map(({ name, output }) => [name, output] as const);
  const step = await compile({ logits, ...Object.fromEntries(present) }, backend, { threads: 1 });
  const memory = await read.run({ source });
  let past: Tensors = Object.fromEntries(
    cache.present.map((entry) => {
      const width = Number(entry.input.shape[2]);
      return [entry.name, { dtype: "float32", shape: [0, b, width], data: new Float32Array(0) }];
    }),
  );
  const found: HostTensor[] = [];
  for (const [t, { tokens, parents }] of steps.entries()) {
    past = Object.fromEntries(
      Object.entries(past).map(([name, x]) => [name, t === 0 ? x : pick(x, 1, parents)]),
    );
    const feeds = { source, tokens: int32([1, b], tokens), positions: int32([1], [t]), ...memory, ...past };
    const results = await step.run(feeds);
    found.push(results.logits);
    past = Object.fromEntries(present.map(([name]) => [name, results[name]]));
  }
  await read.dispose();
  await step.dispose();
  return found;
}
