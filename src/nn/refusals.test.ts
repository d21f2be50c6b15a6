/**
 * What modules refuse at the call: each error names the module's path, the named dimensions that it expects, and what
 * it found. Options are held to their ranges in option-checks.test.ts.
 */
import { describe, expect, it } from "vitest";
import type { DType } from "../base/dtype.ts";
import type { Shape } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { input } from "../tensor/index.ts";
import { scaledDotProductAttention } from "./attention.ts";
import { DecodingCache } from "./decoding-cache.ts";
import { embedding } from "./layers.ts";
import {
  Embedding,
  LayerNorm,
  LearnedPositions,
  Linear,
  MultiHeadAttention,
  RMSNorm,
  SinusoidalPositions,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "./modules.ts";
import { learnedPositions } from "./positions.ts";
import { Scope } from "./scope.ts";

const x = (...shape: Shape): Tensor => input("x", "float32", shape);
const mask = (dtype: DType, ...shape: Shape): Tensor => input("mask", dtype, shape);
const scope = (path: string): Scope => Scope.root({ training: false }).at(path);

const layer = { dModel: 6, nHead: 3, dimFeedforward: 5 };
const encoderLayer = new TransformerEncoderLayer(layer);
const encoder = new TransformerEncoder(encoderLayer, { numLayers: 2 });
const batchFirst = new TransformerEncoderLayer({ ...layer, batchFirst: true });
const decoderLayer = new TransformerDecoderLayer(layer);
const decoder = new TransformerDecoder(decoderLayer, { numLayers: 2 });
const attention = new MultiHeadAttention({ embedDim: 6, numHeads: 3, kDim: 5, vDim: 7 });
const transformer = new Transformer({ ...layer, numEncoderLayers: 1, numDecoderLayers: 1 });
const [src, tgt] = [x("s", "b", 6), x("t", "b", 6)];

/** What happens, its error up to the next step, and what to call. */
type Refusal = readonly [what: string, error: string, call: () => unknown];

const layouts = (name: string, module: string) =>
  `ERR_SHAPE: ${module}: ${name} must be float32 [s, b, 6] or [s, 6]`;
const agreement = "query [t, b, h], key and value [s, b, h] must agree in b and h, and key and value in s";

describe("a wrong rank, type or dimension", () => {
  it.each<Refusal>([
    ["rank 1", `${layouts("src", "TransformerEncoderLayer")}; float32[6]`, () => encoderLayer(x(6))],
    ["rank 4", `${layouts("src", "TransformerEncoder")}; float32[2, 3, 4, 6]`, () => encoder(x(2, 3, 4, 6))],
    [
      "another width",
      `${layouts("src", "TransformerEncoder")}; float32[s, b, 7]`,
      () => encoder(x("s", "b", 7)),
    ],
    [
      "a width without a number",
      `${layouts("src", "TransformerEncoder")}; float32[s, b, d]`,
      () => encoder(x("s", "b", "d")),
    ],
    [
      "another width of one sequence",
      "ERR_SHAPE: TransformerEncoderLayer: src must be float32 [s, 6]; float32[s, 7]",
      () => encoderLayer(x("s", 7)),
    ],
    [
      "tokens instead of vectors",
      `${layouts("src", "TransformerEncoderLayer")}; int32[s, b, 6]`,
      () => encoderLayer(mask("int32", "s", "b", 6)),
    ],
    [
      "batch first",
      "ERR_SHAPE: TransformerEncoderLayer: src must be float32 [b, s, 6] or [s, 6]; float32[b, s, 7]",
      () => batchFirst(x("b", "s", 7)),
    ],
    [
      "a memory of one sequence for a batch",
      "ERR_SHAPE: TransformerDecoderLayer: memory must be float32 [s, b, 6]; float32[s, 6]",
      () => decoderLayer(tgt, x("s", 6)),
    ],
    [
      "a memory of another width",
      "ERR_SHAPE: TransformerDecoder: memory must be float32 [s, b, 6]; float32[s, b, 5]",
      () => decoder(tgt, x("s", "b", 5)),
    ],
    [
      "a memory of another batch",
      `ERR_SHAPE: TransformerDecoder.layers.0.multihead_attn: ${agreement}; float32[t, b, 6] and float32[s, c, 6] and float32[s, c, 6]`,
      () => decoder(tgt, x("s", "c", 6)),
    ],
    [
      "a source of another batch",
      `ERR_SHAPE: Transformer.decoder.layers.0.multihead_attn: ${agreement}; float32[4, 3, 6] and float32[3, 2, 6] and float32[3, 2, 6]`,
      () => transformer(x(3, 2, 6), x(4, 3, 6), { memoryKeyPaddingMask: mask("bool", 3, 3) }),
    ],
    [
      "a target of another width",
      `${layouts("tgt", "Transformer.decoder")}; float32[t, b, 5]`,
      () => transformer(src, x("t", "b", 5)),
    ],
    [
      "one tensor for queries and narrower keys",
      "ERR_SHAPE: MultiHeadAttention: key must be float32 [s, b, 5] or [s, 5]; float32[t, b, 6]",
      () => attention(tgt, tgt, tgt),
    ],
    [
      "one tensor for queries and wider values",
      "ERR_SHAPE: MultiHeadAttention: value must be float32 [s, b, 7] or [s, 7]; float32[t, b, 6]",
      () => attention(tgt, x("t", "b", 5), tgt),
    ],
    [
      "one tensor for keys and wider values",
      "ERR_SHAPE: MultiHeadAttention: value must be float32 [s, b, 7]; float32[s, b, 5]",
      () => {
        const memory = x("s", "b", 5);
        return attention(tgt, memory, memory);
      },
    ],
    [
      "several new positions with a cache",
      "ERR_SHAPE: TransformerDecoder: with a cache tgt must be one new position; float32[2, b, 6]",
      () => decoder(x(2, "b", 6), src, { tgtIsCausal: true, cache: new DecodingCache() }),
    ],
    [
      "unknown new positions with a cache",
      "ERR_SHAPE: TransformerDecoderLayer: with a cache tgt must be one new position; float32[t, b, 6]",
      () => decoderLayer(tgt, src, { cache: new DecodingCache() }),
    ],
    [
      "keys of another width",
      "ERR_SHAPE: MultiHeadAttention: key must be float32 [s, b, 5]; float32[s, b, 6]",
      () => attention(tgt, src, x("s", "b", 7)),
    ],
    [
      "more values than keys",
      `ERR_SHAPE: MultiHeadAttention: ${agreement}; float32[t, b, 6] and float32[s, b, 6] and float32[u, b, 6]`,
      () => attention(tgt, x("s", "b", 5), x("u", "b", 7)),
    ],
    [
      "a position bias of other lengths",
      "ERR_SHAPE: MultiHeadAttention: positionBias must be float32 [3, t, s]; float32[3, s, t]",
      () => attention(tgt, x("s", "b", 5), x("s", "b", 7), { positionBias: x(3, "s", "t") }),
    ],
    [
      "projected keys of another width",
      `ERR_SHAPE: model.self: ${agreement}; float32[t, b, 6] and float32[s, b, 9] and float32[s, b, 9]`,
      () => scaledDotProductAttention(scope("self"), tgt, x("s", "b", 9), x("s", "b", 9), { numHeads: 3 }),
    ],
    [
      "features of a linear layer",
      "ERR_SHAPE: Linear: x must be float32 [..., 3]; float32[n, 4]",
      () => new Linear({ inFeatures: 3, outFeatures: 2 })(x("n", 4)),
    ],
    [
      "a number for a linear layer",
      "ERR_SHAPE: Linear: x must be float32 [..., 3]; float32[]",
      () => new Linear({ inFeatures: 3, outFeatures: 2 })(x()),
    ],
    [
      "the width of a layer norm",
      "ERR_SHAPE: LayerNorm: x must be float32 [..., 3]; float32[n, 4]",
      () => new LayerNorm({ normalizedShape: 3 })(x("n", 4)),
    ],
    [
      "the type of an RMS norm's input",
      "ERR_SHAPE: RMSNorm: x must be float32 [..., 3]; int32[n, 3]",
      () => new RMSNorm({ normalizedShape: 3 })(mask("int32", "n", 3)),
    ],
    [
      "vectors for an embedding",
      "ERR_SHAPE: Embedding: indices must be int32 or int64 [...]; float32[n]",
      () => new Embedding({ numEmbeddings: 3, embeddingDim: 2 })(x("n")),
    ],
    [
      "vectors for an embedding within a model",
      "ERR_SHAPE: model.words: indices must be int32 or int64 [...]; float32[n]",
      () => embedding(scope("words"), x("n"), { numEmbeddings: 3, embeddingDim: 2 }),
    ],
    [
      "the width of positions",
      `${layouts("x", "SinusoidalPositions")}; float32[s, b, 5]`,
      () => new SinusoidalPositions({ d: 6 })(x("s", "b", 5)),
    ],
  ])("%s", (_, error, call) => {
    expect(call).toThrow(`${error}; `);
  });
});

describe("an option of a call that would do nothing", () => {
  const even = new MultiHeadAttention({ embedDim: 6, numHeads: 3 });
  it.each<Refusal>([
    [
      "averaging weights that are not given",
      "MultiHeadAttention: averageAttnWeights is for needWeights; needWeights is not true",
      () => even(tgt, tgt, tgt, { averageAttnWeights: false }),
    ],
    [
      "places of queries that see everything",
      "MultiHeadAttention: queryPlaces are for isCausal; isCausal is not true",
      () => even(tgt, tgt, tgt, { queryPlaces: input("places", "int32", ["t"]) }),
    ],
  ])("%s", (_, error, call) => {
    expect(call).toThrow(`ERR_OPTION_UNUSED: ${error}; leave it out`);
  });
});

describe("a sequence longer than the learned positions", () => {
  it.each<Refusal>([
    ["one sequence", "LearnedPositions", () => new LearnedPositions({ d: 6, maxLength: 4 })(x(5, 6))],
    ["a batch", "LearnedPositions", () => new LearnedPositions({ d: 6, maxLength: 4 })(x(5, "b", 6))],
    [
      "within a model",
      "model.positions",
      () => learnedPositions(scope("positions"), 5, { maxLength: 4, d: 6 }),
    ],
  ])("%s", (_, label, call) => {
    expect(call).toThrow(
      `ERR_SEQUENCE_TOO_LONG: ${label}: a sequence must fit into the 4 positions that were learned; it has 5; cut it, or make the model with more positions`,
    );
  });

  it("but not one that fits, or whose length is not known yet", () => {
    const positions = new LearnedPositions({ d: 6, maxLength: 4 });
    expect([positions(x(4, 6)), positions(x("s", "b", 6))].map(({ shape }) => shape)).toEqual([
      [4, 6],
      ["s", "b", 6],
    ]);
  });
});

describe("a mask of another shape or type", () => {
  it.each<Refusal>([
    [
      "key padding, the wrong way round",
      "TransformerEncoderLayer.self_attn: keyPaddingMask must be bool or float32 [b, s]; found bool[s, b]",
      () => encoderLayer(src, { srcKeyPaddingMask: mask("bool", "s", "b") }),
    ],
    [
      "key padding of one sequence for a batch",
      "TransformerEncoderLayer.self_attn: keyPaddingMask must be bool or float32 [b, s]; found bool[s]",
      () => encoderLayer(src, { srcKeyPaddingMask: mask("bool", "s") }),
    ],
    [
      "key padding of another length for one sequence",
      "TransformerEncoderLayer.self_attn: keyPaddingMask must be bool or float32 [1, s]; found bool[1, t]",
      () => encoderLayer(x("s", 6), { srcKeyPaddingMask: mask("bool", "t") }),
    ],
    [
      "a tokenizer's mask",
      "TransformerEncoderLayer.self_attn: keyPaddingMask must be bool or float32 [b, s]; found int32[b, s]",
      () => encoderLayer(src, { srcKeyPaddingMask: mask("int32", "b", "s") }),
    ],
    [
      "who sees whom, of other lengths",
      "TransformerEncoder.layers.0.self_attn: attnMask must be bool or float32 [s, s] or [3*b, s, s]; found bool[s, t]",
      () => encoder(src, { srcMask: mask("bool", "s", "t") }),
    ],
    [
      "who sees whom, by sequence and not by head",
      "TransformerEncoder.layers.0.self_attn: attnMask must be bool or float32 [s, s] or [3*b, s, s]; found float32[b, s, s]",
      () => encoder(src, { srcMask: mask("float32", "b", "s", "s") }),
    ],
    [
      "who sees whom, of whole numbers",
      "TransformerEncoder.layers.0.self_attn: attnMask must be bool or float32 [s, s] or [3*b, s, s]; found int64[s, s]",
      () => encoder(src, { srcMask: mask("int64", "s", "s") }),
    ],
    [
      "of the target, with the source's lengths",
      "Transformer.decoder.layers.0.self_attn: attnMask must be bool or float32 [t, t] or [3*b, t, t]; found bool[s, t]",
      () => transformer(src, tgt, { tgtMask: mask("bool", "s", "t") }),
    ],
    [
      "of the memory, the wrong way round",
      "Transformer.decoder.layers.0.multihead_attn: attnMask must be bool or float32 [t, s] or [3*b, t, s]; found bool[s, t]",
      () => transformer(src, tgt, { memoryMask: mask("bool", "s", "t") }),
    ],
    [
      "padding of the memory, with the target's length",
      "Transformer.decoder.layers.0.multihead_attn: keyPaddingMask must be bool or float32 [b, s]; found bool[b, t]",
      () => transformer(src, tgt, { memoryKeyPaddingMask: mask("bool", "b", "t") }),
    ],
  ])("%s", (_, error, call) => {
    expect(call).toThrow(`ERR_MASK: ${error}; true (or -Infinity) hides a key; `);
  });
});
