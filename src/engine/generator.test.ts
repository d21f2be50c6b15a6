/**
 * What a generator refuses. That it writes what full decoding writes is a law: test/laws/generation.test.ts.
 */
import { describe, expect, it } from "vitest";
import type { CountingOptions } from "../../test/counting.ts";
import { counting } from "../../test/counting.ts";
import { messageOf } from "../../test/message-of.ts";
import type { HostTensor } from "../base/dtype.ts";
import type { State } from "../nn/index.ts";
import {
  embedding,
  learnedPositions,
  linear,
  Scope,
  transformerDecoder,
  transformerEncoder,
  transformerOptions,
} from "../nn/index.ts";
import { loadBackend } from "../runtime/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { add, expand, input, reshape } from "../tensor/index.ts";
import type { DecodingOptions } from "./decoding.ts";
import type { Seq2SeqModel } from "./generator.ts";
import { Generator } from "./generator.ts";

const vocabulary = 5;
const options = transformerOptions({
  ...{ dModel: 6, nHead: 3, dimFeedforward: 5, numEncoderLayers: 1, numDecoderLayers: 1 },
});
const writing = { maxLength: 3, startId: 1, endId: 2 };

function embedded(scope: Scope, tokens: Tensor, positions?: Tensor): Tensor {
  const x = embedding(scope.at("tokens"), tokens, { numEmbeddings: vocabulary, embeddingDim: 6 });
  const [n] = tokens.shape;
  const places = { maxLength: 4, d: 6, ...(positions && { positions }) };
  return add(x, reshape(learnedPositions(scope.at("positions"), n, places), [n, 1, 6]));
}

const single = input("source", "int32", ["s", 1]);
const source = input("source", "int32", ["s", "b"]);
const good: Seq2SeqModel = {
  encode: (scope) => transformerEncoder(scope.at("encoder"), options.encoder, embedded(scope, source)),
  decode: (scope, tokens, memory, cache) => {
    const x = embedded(scope, tokens, cache?.positions);
    const y = transformerDecoder(scope.at("decoder"), options.decoder, x, memory, {
      tgtIsCausal: true,
      ...(cache && { cache }),
    });
    return linear(scope.at("head"), y, { outFeatures: vocabulary });
  },
};

/** Values for the parameters of a model: all a tenth. */
function stateOf({ encode, decode }: Seq2SeqModel): State {
  const scope = Scope.root({ training: false });
  decode(scope, input("tokens", "int32", ["t", "b"]), encode(scope));
  return new Map(
    scope.parameters.map(({ name, shape }) => {
      const count = shape.reduce((n, size) => n * size, 1);
      return [name, { dtype: "float32", shape, data: new Float32Array(count).fill(0.1) }];
    }),
  );
}

async function made(model: Seq2SeqModel, state = stateOf(good)): Promise<Generator> {
  return Generator.create(model, { state, backend: await loadBackend(), threads: 1 });
}

function float32(shape: readonly number[], ...values: number[]): HostTensor<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

function int32(shape: readonly number[], ...values: number[]): HostTensor {
  return { dtype: "int32", shape, data: Int32Array.from(values) };
}

describe("a model that cannot be generated with", () => {
  it.each<[string, string, Seq2SeqModel]>([
    [
      "one that leaves the cache aside",
      "decode must give the cache to transformerDecoder; it is not used",
      { ...good, decode: (scope, tokens, memory) => good.decode(scope, tokens, memory) },
    ],
    [
      "one that gives one row",
      "decode must give logits, float32 [1, b, v] for tokens [1, b]; found float32[b, 5]",
      {
        ...good,
        decode: (scope, ...rest) => reshape(good.decode(scope, ...rest), ["b", vocabulary]),
      },
    ],
    [
      "one whose source is no batch",
      'a source must have the batch axis "b"; found int32[s, 1]',
      {
        encode: (scope) =>
          expand(transformerEncoder(scope.at("encoder"), options.encoder, embedded(scope, single)), [
            "s",
            "b",
            6,
          ]),
        decode: good.decode,
      },
    ],
  ])("%s", async (_, message, model) => {
    expect(await messageOf(() => made(model))).toBe(
      `ERR_GENERATOR: generation: ${message}; see Seq2SeqModel`,
    );
  });

  it.each<[string, string, (state: Map<string, HostTensor<"float32">>) => unknown]>([
    ["none", "head.bias is missing", (state) => state.delete("head.bias")],
    [
      "one that no layer takes",
      "head.scale is unexpected",
      (state) => state.set("head.scale", float32([1], 1)),
    ],
    [
      "one of another shape",
      "head.bias is float32[1, 5], not float32[5]",
      (state) => state.set("head.bias", float32([1, 5], 1, 2, 3, 4, 5)),
    ],
    [
      "one of too few numbers",
      "head.bias has 2 values, not 5",
      (state) => state.set("head.bias", float32([5], 1, 2)),
    ],
  ])("a value that does not fit: %s", async (_, found, spoil) => {
    const state = new Map(stateOf(good));
    const count = state.size;
    spoil(state);
    expect(await messageOf(() => made(good, state))).toBe(
      `ERR_STATE: Generator takes a value for each of its ${count} parameters, of its shape, and no others; ${found}; load the state of a module with the same options`,
    );
  });
});

describe("both graphs are freed", () => {
  it.each<[string, CountingOptions, string]>([
    ["where the second cannot be loaded", { sessions: 1 }, "no more sessions"],
    ["where the first cannot be closed", { failsToClose: true }, "cannot be closed"],
  ])("%s", async (_, faults, message) => {
    const { counted, open } = counting(await loadBackend(), faults);
    const used = async () => {
      const generator = await Generator.create(good, { state: stateOf(good), backend: counted, threads: 1 });
      await generator.dispose();
    };
    expect(await messageOf(used)).toBe(message);
    expect(open()).toBe(0);
  });
});

describe("a call that does not fit", () => {
  const fed = { source: int32([3, 2], 1, 2, 3, 4, 0, 1) };

  it.each<[string, Readonly<Record<string, HostTensor>>]>([
    ['no value for "source"; pass one, int32[s, b]', {}],
    [
      '"source" is int32[6], not int32[s, b]; pass a value of that type and shape',
      { source: int32([6], 1, 2, 3, 4, 0, 1) },
    ],
    [
      '"source" has 5 values, and its shape is [3, 2]; pass as many values as the shape says',
      { source: int32([3, 2], 1, 2, 3, 4, 0) },
    ],
    ['"source" has shape [3, 0], and nothing is in it; pass sizes of 1 or more', { source: int32([3, 0]) }],
    ['the graph has no input "tokens"; it has source', { ...fed, tokens: int32([1, 2], 1, 1) }],
  ])("%s", async (message, feeds) => {
    const generator = await made(good);
    expect(await messageOf(() => generator.generate(feeds, writing))).toBe(
      `ERR_FEED: a graph is fed each of its inputs and nothing else; ${message}`,
    );
    await generator.dispose();
  });

  it.each<[string, Partial<DecodingOptions>]>([
    ["ERR_OPTION: generation: maxLength must be a whole number, 1 or more; it is 0", { maxLength: 0 }],
    [
      "ERR_OPTION: generation: beams must be a whole number, 1 or more; it is -1",
      { method: "beam", beams: -1 },
    ],
    ["ERR_OPTION: generation: endId must be one of the 5 tokens that have logits; it is 5", { endId: 5 }],
    ["ERR_OPTION_UNUSED: generation: options must be used, and greedy does not use topK", { topK: 3 }],
  ])("%s", async (message, given) => {
    const generator = await made(good);
    expect(await messageOf(() => generator.generate(fed, { ...writing, ...given }))).toContain(message);
    await generator.dispose();
  });

  it("one after dispose; a second dispose does nothing", async () => {
    const generator = await made(good);
    await generator.dispose();
    await generator.dispose();
    expect(await messageOf(() => generator.generate(fed, writing))).toContain("ERR_DISPOSED");
  });

  it("tokens that the table does not have, and more tokens than positions", async () => {
    const generator = await made(good);
    const unknown = { source: int32([1, 1], 9) };
    expect(await messageOf(() => generator.generate(unknown, writing))).toContain("ERR_RUN");
    // token 2 ends a sequence, and with equal weights token 0 is written: until there is no fifth position
    expect(await messageOf(() => generator.generate(fed, { ...writing, maxLength: 9 }))).toContain("ERR_RUN");
    expect((await generator.generate(fed, { ...writing, maxLength: 4 }))[0].tokens).toEqual([0, 0, 0, 0]);
    await generator.dispose();
  });
});
