/** Options out of their range are refused when a module is made: the error names it, the option, the range and the value. */
import { describe, expect, it } from "vitest";
import { input } from "../tensor/index.ts";
import { feedForward } from "./feed-forward.ts";
import { dropout, embeddingTable, linear } from "./layers.ts";
import { causalMask } from "./masks.ts";
import type { TransformerLayerOptions } from "./layer-options.ts";
import {
  Dropout,
  Embedding,
  LayerNorm,
  LearnedPositions,
  Linear,
  MultiHeadAttention,
  RMSNorm,
  SinusoidalPositions,
  Transformer,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "./modules.ts";
import { learnedPositions, sinusoidalPositions } from "./positions.ts";
import { relativeBias } from "./relative-bias.ts";
import { rotary } from "./rotary.ts";
import { Scope } from "./scope.ts";

const layer = { dModel: 6, nHead: 3, dimFeedforward: 5 };

/** What happens, its error up to the next step, and what to call. */
type Refusal = readonly [what: string, error: string, call: () => unknown];

describe("an option of another name", () => {
  /** As JavaScript calls it, which knows no types. */
  const untyped = <O extends object>(options: O, more: object): O => ({ ...options, ...more });
  const encoderLayer = new TransformerEncoderLayer(layer);
  const norm = { normalizedShape: 3 };
  it.each<Refusal>([
    [
      "another case",
      'TransformerEncoderLayer: an option must be one that it has; dimFeedForward is none; did you mean "dimFeedforward"?',
      () => new TransformerEncoderLayer(untyped(layer, { dimFeedForward: 5 })),
    ],
    [
      "a layer's, of a stack",
      "TransformerEncoder: an option must be one that it has; dModel is none; it takes numLayers, norm, seed",
      () => new TransformerEncoder(encoderLayer, untyped({ numLayers: 1 }, { dModel: 5 })),
    ],
    [
      "PyTorch's, of a norm",
      "LayerNorm: an option must be one that it has; elementwiseAffine is none; it takes normalizedShape, eps, seed",
      () => new LayerNorm(untyped(norm, { elementwiseAffine: false })),
    ],
    [
      "a layer norm's, of another",
      "RMSNorm: an option must be one that it has; bias is none; it takes normalizedShape, eps, seed",
      () => new RMSNorm(untyped(norm, { bias: false })),
    ],
    [
      "a name of every object",
      "Linear: an option must be one that it has; toString is none; it takes inFeatures, outFeatures, bias, seed",
      () => new Linear(untyped({ inFeatures: 3, outFeatures: 2 }, { toString: 1 })),
    ],
    [
      "Python's",
      'Embedding: an option must be one that it has; num_embeddings is none; did you mean "numEmbeddings"?',
      () => new Embedding(untyped({ numEmbeddings: 3, embeddingDim: 2 }, { num_embeddings: 3 })),
    ],
    [
      "of dropout",
      "Dropout: an option must be one that it has; rate is none; it takes p",
      () => new Dropout(untyped({}, { rate: 0.5 })),
    ],
    [
      "of positions",
      'SinusoidalPositions: an option must be one that it has; maxLengths is none; did you mean "maxLength"?',
      () => new SinusoidalPositions(untyped({ d: 6 }, { maxLengths: 3 })),
    ],
    [
      "of learned positions",
      'LearnedPositions: an option must be one that it has; batchfirst is none; did you mean "batchFirst"?',
      () => new LearnedPositions(untyped({ d: 6, maxLength: 3 }, { batchfirst: true })),
    ],
    [
      "of attention",
      'MultiHeadAttention: an option must be one that it has; kdim is none; did you mean "kDim"?',
      () => new MultiHeadAttention(untyped({ embedDim: 6, numHeads: 3 }, { kdim: 5 })),
    ],
    [
      "of both",
      'Transformer: an option must be one that it has; numEncoderLayer is none; did you mean "numEncoderLayers"?',
      () => new Transformer(untyped({}, { numEncoderLayer: 1 })),
    ],
  ])("%s", (_, error, call) => {
    expect(call).toThrow(`ERR_OPTION: ${error}`);
  });
});

describe("an option out of its range", () => {
  const make = (options: Partial<TransformerLayerOptions>) => () =>
    new TransformerEncoderLayer({ ...layer, ...options });
  const named = (option: string, value: string) => ({ [option]: value }) as Partial<TransformerLayerOptions>;
  const root = Scope.root({ training: false });
  const inner = (changed: object) => () =>
    feedForward(root.at("ff"), input("x", "float32", ["n", 3]), {
      ...{ dimFeedforward: 5, activation: "relu", dropout: 0, bias: true, matrices: "kaiming" },
      ...changed,
    });
  const bias = (options: object) => () =>
    relativeBias(root.at("bias"), { t: 3, s: 3 }, { numHeads: 3, ...options });

  it.each<Refusal>([
    [
      "heads",
      "TransformerEncoderLayer: dModel must be divisible by nHead; dModel is 7 and nHead is 3",
      make({ dModel: 7 }),
    ],
    [
      "heads of a decoder",
      "TransformerDecoderLayer: dModel must be divisible by nHead; dModel is 7 and nHead is 3",
      () => new TransformerDecoderLayer({ ...layer, dModel: 7 }),
    ],
    [
      "heads of both",
      "Transformer: dModel must be divisible by nHead; dModel is 512 and nHead is 3",
      () => new Transformer({ nHead: 3 }),
    ],
    [
      "heads of attention",
      "MultiHeadAttention: embedDim must be divisible by numHeads; embedDim is 7 and numHeads is 3",
      () => new MultiHeadAttention({ embedDim: 7, numHeads: 3 }),
    ],
    [
      "width 0",
      "TransformerEncoderLayer: dModel must be a whole number, 1 or more; dModel is 0",
      make({ dModel: 0 }),
    ],
    [
      "half a head",
      "TransformerEncoderLayer: nHead must be a whole number, 1 or more; nHead is 1.5",
      make({ nHead: 1.5 }),
    ],
    [
      "no inner units",
      "TransformerEncoderLayer: dimFeedforward must be a whole number, 1 or more; dimFeedforward is -5",
      make({ dimFeedforward: -5 }),
    ],
    [
      "dropping all",
      "TransformerEncoderLayer: dropout must be in [0, 1); dropout is 1",
      make({ dropout: 1 }),
    ],
    [
      "dropping NaN",
      "TransformerEncoderLayer: dropout must be in [0, 1); dropout is NaN",
      make({ dropout: Number.NaN }),
    ],
    ["dropping all, alone", "Dropout: p must be in [0, 1); p is -0.1", () => new Dropout({ p: -0.1 })],
    [
      "activation",
      'TransformerEncoderLayer: activation must be one of relu, gelu, geluTanh, silu, geglu, swiglu; activation is "tanh"',
      make(named("activation", "tanh")),
    ],
    [
      "norm",
      'TransformerEncoderLayer: norm must be one of layer, rms; norm is "batch"',
      make(named("norm", "batch")),
    ],
    [
      "first matrices",
      'MultiHeadAttention: matrices must be one of kaiming, xavier; matrices is "zeros"',
      make(named("matrices", "zeros")),
    ],
    [
      "epsilon of a layer",
      "TransformerEncoderLayer: layerNormEps must be a number, 0 or more; layerNormEps is -1",
      make({ layerNormEps: -1 }),
    ],
    [
      "epsilon of a norm",
      "LayerNorm: eps must be a number, 0 or more; eps is NaN",
      () => new LayerNorm({ normalizedShape: 3, eps: Number.NaN }),
    ],
    [
      "seed",
      "TransformerEncoderLayer: seed must be a whole number, 0 or more; seed is -1",
      make({ seed: -1 }),
    ],
    [
      "heads that cannot be turned",
      "MultiHeadAttention: with rotary positions the size of a head must be even; it is 3",
      make({ nHead: 2, rotary: {} }),
    ],
    [
      "rotary base",
      "MultiHeadAttention: rotary.base must be a number above 0; it is 0",
      make({ rotary: { base: 0 } }),
    ],
    [
      "rotary places",
      "rotary: rotary.maxPositions must be a whole number, 1 or more; rotary.maxPositions is 1.5",
      () => rotary(input("x", "float32", ["s", "b", 6]), { numHeads: 3, maxPositions: 1.5 }),
    ],
    [
      "layers of an encoder",
      "TransformerEncoder: numLayers must be a whole number, 1 or more; numLayers is 0",
      () => new TransformerEncoder(new TransformerEncoderLayer(layer), { numLayers: 0 }),
    ],
    [
      "layers of both",
      "Transformer: numDecoderLayers must be a whole number, 1 or more; numDecoderLayers is 0",
      () => new Transformer({ numDecoderLayers: 0 }),
    ],
    [
      "learned positions",
      "LearnedPositions: maxLength must be a whole number, 1 or more; maxLength is 0",
      () => new LearnedPositions({ d: 6, maxLength: 0 }),
    ],
    [
      "features",
      "Linear: outFeatures must be a whole number, 1 or more; outFeatures is 0",
      () => new Linear({ inFeatures: 3, outFeatures: 0 }),
    ],
    [
      "rows of a table",
      "Embedding: numEmbeddings must be a whole number, 1 or more; numEmbeddings is 2.5",
      () => new Embedding({ numEmbeddings: 2.5, embeddingDim: 3 }),
    ],
    [
      "heads of relative positions",
      "model.bias: numHeads must be a whole number, 1 or more; numHeads is 0",
      bias({ numHeads: 0 }),
    ],
    [
      "buckets for two sides",
      "model.bias: numBuckets must be even, 4 or more; it is 7",
      bias({ numBuckets: 7 }),
    ],
    [
      "buckets for one side",
      "model.bias: numBuckets must be 2 or more; it is 1",
      bias({ numBuckets: 1, bidirectional: false }),
    ],
    [
      "distance within near buckets",
      "model.bias: maxDistance must be above 8; it is 8",
      bias({ maxDistance: 8 }),
    ],
    [
      "dropping more than all, by the function",
      "model.drop: rate must be in [0, 1); rate is 5",
      () => dropout(root.at("drop"), input("x", "float32", ["n"]), 5),
    ],
    ["half a place", "causalMask: t must be a whole number, 1 or more; t is 2.5", () => causalMask(2.5)],
    [
      "fewer keys than none",
      "causalMask: s must be a whole number, 1 or more; s is -1",
      () => causalMask(2, -1),
    ],
    [
      "places before the first",
      "sinusoidalPositions: t must be a whole number, 1 or more; t is -1",
      () => sinusoidalPositions(-1, 3),
    ],
    [
      "half a width of places",
      "sinusoidalPositions: d must be a whole number, 1 or more; d is 2.5",
      () => sinusoidalPositions("t", 2.5),
    ],
    [
      "no room for places",
      "sinusoidalPositions: maxLength must be a whole number, 1 or more; maxLength is 0",
      () => sinusoidalPositions("t", 4, { maxLength: 0 }),
    ],
    [
      "no learned places",
      "model.places: maxLength must be a whole number, 1 or more; maxLength is 0",
      () => learnedPositions(root.at("places"), "t", { maxLength: 0, d: 3 }),
    ],
    [
      "part of a learned place",
      "model.places: t must be a whole number, 1 or more; t is 1.5",
      () => learnedPositions(root.at("places"), 1.5, { maxLength: 4, d: 3 }),
    ],
    [
      "rows of a table, by the function",
      "model.words: embeddingDim must be a whole number, 1 or more; embeddingDim is -3",
      () => embeddingTable(root.at("words"), { numEmbeddings: 3, embeddingDim: -3 }),
    ],
    [
      "features, by the function",
      "model.line: outFeatures must be a whole number, 1 or more; outFeatures is 0.5",
      () => linear(root.at("line"), input("x", "float32", ["n", 3]), { outFeatures: 0.5 }),
    ],
    [
      "activation, by the function",
      'model.ff: activation must be one of relu, gelu, geluTanh, silu, geglu, swiglu; activation is "toString"',
      inner({ activation: "toString" }),
    ],
    [
      "inner units, by the function",
      "model.ff: dimFeedforward must be a whole number, 1 or more; dimFeedforward is 0",
      inner({ dimFeedforward: 0 }),
    ],
    [
      "first values, by the function",
      'model.ff: matrices must be one of kaiming, xavier; matrices is "ones"',
      inner({ matrices: "ones" }),
    ],
  ])("%s", (_, error, call) => {
    expect(call).toThrow(`ERR_OPTION: ${error}; change the options`);
  });
});
