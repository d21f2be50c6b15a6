/**
 * The layers as modules, under PyTorch's class names: `new Linear({ inFeatures: 512, outFeatures: 6 })`.
 *
 * Each is its layer function with options and weights bound to it (module.ts). What a layer does, its options and
 * their defaults stand with the function, in the file that is named in each entry.
 */
import type { Dim } from "../base/shape.ts";

import type { Tensor } from "../tensor/index.ts";
import { add, input, reshape } from "../tensor/index.ts";
import type { DecoderCall } from "./decoder.ts";
import { transformerDecoder, transformerDecoderLayer } from "./decoder.ts";
import type { EncoderCall, StackOptions } from "./encoder.ts";
import { stackOptions, transformerEncoder, transformerEncoderLayer } from "./encoder.ts";
import type { TransformerLayerOptions } from "./layer-options.ts";
import { transformerLayerOptions } from "./layer-options.ts";
import { dropout, embedding, linear } from "./layers.ts";
import type { Module, Seeded } from "./module.ts";
import { defineModule } from "./module.ts";
import type { MultiHeadAttentionCall, MultiHeadAttentionOptions } from "./multi-head-attention.ts";
import { layoutOf, requireWidth } from "./layout.ts";
import { multiHeadAttention, multiHeadAttentionOptions } from "./multi-head-attention.ts";
import { layerNorm, rmsNorm } from "./normalization.ts";
import { requireEps, requireKnown, requirePositiveIntegers, requireRates } from "./option-checks.ts";
import { learnedPositions, sinusoidalPositions } from "./positions.ts";
import type { Scope } from "./scope.ts";
import type { TransformerCall, TransformerOptions } from "./transformer.ts";
import { transformer, transformerOptions } from "./transformer.ts";

/** y = x W^T + b: layers.ts. x [..., inFeatures]. */
export const Linear = defineModule({
  name: "Linear",
  resolve: (options: { inFeatures: number; outFeatures: number; bias?: boolean } & Seeded) => {
    requireKnown("Linear", options, { inFeatures: true, outFeatures: true, bias: true, seed: true });
    const { inFeatures, outFeatures, bias = true, seed = 0 } = options;
    requirePositiveIntegers("Linear", { inFeatures, outFeatures });
    return { inFeatures, outFeatures, bias, seed };
  },
  example: ({ inFeatures }): [x: Tensor] => [input("x", "float32", ["n", inFeatures])],
  build: (scope, { inFeatures, outFeatures, bias }, x: Tensor) =>
    linear(
      scope,
      requireWidth(scope.label, x, inFeatures),
      bias ? { outFeatures } : { outFeatures, bias: false },
    ),
});

/** Rows of a table by number: layers.ts. indices int32 or int64 [...] -> [..., embeddingDim]. */
export const Embedding = defineModule({
  name: "Embedding",
  resolve: (options: { numEmbeddings: number; embeddingDim: number } & Seeded) => {
    requireKnown("Embedding", options, { numEmbeddings: true, embeddingDim: true, seed: true });
    const { numEmbeddings, embeddingDim, seed = 0 } = options;
    requirePositiveIntegers("Embedding", { numEmbeddings, embeddingDim });
    return { numEmbeddings, embeddingDim, seed };
  },
  example: (): [x: Tensor] => [input("indices", "int32", ["n"])],
  build: (scope, options, indices: Tensor) => embedding(scope, indices, options),
});

/** Normalisation of the last axis: normalization.ts. */
export const LayerNorm = defineModule({
  name: "LayerNorm",
  resolve: (options: NormOptions) => normOptions("LayerNorm", options, 1e-5),
  example: ({ normalizedShape }): [x: Tensor] => [input("x", "float32", ["n", normalizedShape])],
  build: (scope, options, x: Tensor) =>
    layerNorm(scope, requireWidth(scope.label, x, options.normalizedShape), options),
});

/**
 * Root-mean-square normalisation of the last axis: normalization.ts. `eps` is by default what it is in PyTorch, the
 * step from 1 to the next float32, 2**-23.
 */
export const RMSNorm = defineModule({
  name: "RMSNorm",
  resolve: (options: NormOptions) => normOptions("RMSNorm", options, 2 ** -23),
  example: ({ normalizedShape }): [x: Tensor] => [input("x", "float32", ["n", normalizedShape])],
  build: (scope, options, x: Tensor) =>
    rmsNorm(scope, requireWidth(scope.label, x, options.normalizedShape), options),
});

/** Dropout: layers.ts. The identity but in a training graph. */
export const Dropout = defineModule({
  name: "Dropout",
  resolve: (options: { p?: number } = {}) => {
    requireKnown("Dropout", options, { p: true });
    const { p = 0.5 } = options;
    requireRates("Dropout", { p });
    return { p };
  },
  example: (): [x: Tensor] => [input("x", "float32", ["n"])],
  build: (scope, { p }, x: Tensor) => dropout(scope, x, p),
});

/** Sinusoids added to x [s, b, d], [b, s, d] with `batchFirst`, or [s, d]: positions.ts. No parameters. */
export const SinusoidalPositions = defineModule({
  name: "SinusoidalPositions",
  resolve: (options: { d: number; maxLength?: number; batchFirst?: boolean }) => {
    requireKnown("SinusoidalPositions", options, { d: true, maxLength: true, batchFirst: true });
    const { d, maxLength = 5000, batchFirst = false } = options;
    requirePositiveIntegers("SinusoidalPositions", { d, maxLength });
    return { d, maxLength, batchFirst };
  },
  example: ({ d, batchFirst }): [x: Tensor] => [sequence("x", "s", d, batchFirst)],
  build: (scope, options, x: Tensor) =>
    addPositions(scope, x, options, (s) =>
      sinusoidalPositions(s, options.d, { maxLength: options.maxLength }),
    ),
});

/** A learned table added to x [s, b, d], [b, s, d] with `batchFirst`, or [s, d]: positions.ts. */
export const LearnedPositions = defineModule({
  name: "LearnedPositions",
  resolve: (options: { d: number; maxLength: number; batchFirst?: boolean } & Seeded) => {
    const names = { d: true, maxLength: true, batchFirst: true, seed: true } as const;
    requireKnown("LearnedPositions", options, names);
    const { d, maxLength, batchFirst = false, seed = 0 } = options;
    requirePositiveIntegers("LearnedPositions", { d, maxLength });
    return { d, maxLength, batchFirst, seed };
  },
  example: ({ d, batchFirst }): [x: Tensor] => [sequence("x", "s", d, batchFirst)],
  build: (scope, options, x: Tensor) =>
    addPositions(scope, x, options, (s) =>
      learnedPositions(scope, s, { d: options.d, maxLength: options.maxLength }),
    ),
});

/** Attention with projections: multi-head-attention.ts. Gives `{ output, weights }`. */
export const MultiHeadAttention = defineModule({
  name: "MultiHeadAttention",
  resolve: (options: MultiHeadAttentionOptions) => multiHeadAttentionOptions(options),
  example: ({ embedDim, kDim, vDim, batchFirst }): AttentionInputs => [
    sequence("query", "t", embedDim, batchFirst),
    sequence("key", "s", kDim, batchFirst),
    sequence("value", "s", vDim, batchFirst),
  ],
  build: (scope, options, ...[query, key, value, call]: AttentionInputs) =>
    multiHeadAttention(scope, options, query, key, value, call),
});

/** One layer of the encoder: encoder.ts. */
export const TransformerEncoderLayer = defineModule({
  name: "TransformerEncoderLayer",
  resolve: (options: TransformerLayerOptions) => transformerLayerOptions("TransformerEncoderLayer", options),
  example: ({ dModel, batchFirst }): EncoderInputs => [sequence("src", "s", dModel, batchFirst)],
  build: (scope, options, ...[src, call]: EncoderInputs) =>
    transformerEncoderLayer(scope, options, src, call),
});

/** `numLayers` layers with the options of `layer`, each with weights of its own: encoder.ts. */
export const TransformerEncoder = defineModule({
  name: "TransformerEncoder",
  resolve: (layer: Configured, options: StackOptions & Seeded) =>
    stackOptions("TransformerEncoder", layer.options, options),
  example: ({ layer }): EncoderInputs => [sequence("src", "s", layer.dModel, layer.batchFirst)],
  build: (scope, options, ...[src, call]: EncoderInputs) => transformerEncoder(scope, options, src, call),
});

/** One layer of the decoder: decoder.ts. */
export const TransformerDecoderLayer = defineModule({
  name: "TransformerDecoderLayer",
  resolve: (options: TransformerLayerOptions) => transformerLayerOptions("TransformerDecoderLayer", options),
  example: ({ dModel, batchFirst }): DecoderInputs => [
    sequence("tgt", "t", dModel, batchFirst),
    sequence("memory", "s", dModel, batchFirst),
  ],
  build: (scope, options, ...[tgt, memory, call]: DecoderInputs) =>
    transformerDecoderLayer(scope, options, tgt, memory, call),
});

/** `numLayers` layers with the options of `layer`, each with weights of its own: decoder.ts. */
export const TransformerDecoder = defineModule({
  name: "TransformerDecoder",
  resolve: (layer: Configured, options: StackOptions & Seeded) =>
    stackOptions("TransformerDecoder", layer.options, options),
  example: ({ layer }): DecoderInputs => [
    sequence("tgt", "t", layer.dModel, layer.batchFirst),
    sequence("memory", "s", layer.dModel, layer.batchFirst),
  ],
  build: (scope, options, ...[tgt, memory, call]: DecoderInputs) =>
    transformerDecoder(scope, options, tgt, memory, call),
});

/** Encoder and decoder: transformer.ts. */
export const Transformer = defineModule({
  name: "Transformer",
  resolve: (options: TransformerOptions = {}) => transformerOptions(options),
  example: ({ dModel, batchFirst }): TransformerInputs => [
    sequence("src", "s", dModel, batchFirst),
    sequence("tgt", "t", dModel, batchFirst),
  ],
  build: (scope, options, ...[src, tgt, call]: TransformerInputs) =>
    transformer(scope, options, src, tgt, call),
});

type AttentionInputs = [query: Tensor, key: Tensor, value: Tensor, call?: MultiHeadAttentionCall];
type EncoderInputs = [src: Tensor, call?: EncoderCall];
type DecoderInputs = [tgt: Tensor, memory: Tensor, call?: DecoderCall];
type TransformerInputs = [src: Tensor, tgt: Tensor, call?: TransformerCall];

/** A layer, of which a stack takes the options. */
type Configured = Pick<
  Module<ReturnType<typeof transformerLayerOptions>, readonly never[], Tensor>,
  "options"
>;

interface NormOptions extends Seeded {
  readonly normalizedShape: number;
  /** Added to the variance or the mean square. Default 1e-5 for LayerNorm, 2**-23 for RMSNorm. */
  readonly eps?: number;
}

function normOptions(module: string, options: NormOptions, defaultEps: number) {
  requireKnown(module, options, { normalizedShape: true, eps: true, seed: true });
  const { normalizedShape, eps = defaultEps, seed = 0 } = options;
  requirePositiveIntegers(module, { normalizedShape });
  requireEps(module, "eps", eps);
  return { normalizedShape, eps, seed };
}

function sequence(name: string, length: Dim, width: number, batchFirst: boolean): Tensor {
  return input(name, "float32", batchFirst ? ["b", length, width] : [length, "b", width]);
}

/** x in any layout plus positions [s, d]. */
function addPositions(
  scope: Scope,
  x: Tensor,
  { d, batchFirst }: { readonly d: number; readonly batchFirst: boolean },
  makePositions: (s: Dim) => Tensor,
): Tensor {
  const layout = layoutOf(scope.label, x, batchFirst);
  const entered = layout.enter("x", x, d); // [s, b, d]
  const [s] = entered.shape;
  return layout.leave(add(entered, reshape(makePositions(s), [s, 1, d])));
}
