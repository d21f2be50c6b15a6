/** Layers of the Transformer, written on symbolic tensors: as functions of a scope, and as modules. */
export type { AttentionOptions, Attended } from "./attention.ts";
export { scaledDotProductAttention } from "./attention.ts";
export type { DecoderCall, TransformerDecoderOptions } from "./decoder.ts";
export { transformerDecoder, transformerDecoderLayer } from "./decoder.ts";
export type { CacheEntry, KeysAndValues } from "./decoding-cache.ts";
export { DecodingCache } from "./decoding-cache.ts";
export type { EncoderCall, StackOptions, TransformerEncoderOptions } from "./encoder.ts";
export { stackOptions, transformerEncoder, transformerEncoderLayer } from "./encoder.ts";
export type { Activation, FeedForwardOptions } from "./feed-forward.ts";
export { feedForward, geluTanh, silu } from "./feed-forward.ts";
export { initialize } from "./initialize.ts";
export type { ResolvedLayerOptions, TransformerLayerOptions } from "./layer-options.ts";
export { transformerLayerOptions } from "./layer-options.ts";
export type { EmbeddingOptions, LinearOptions } from "./layers.ts";
export { dropout, embedding, embeddingTable, linear, project } from "./layers.ts";
export type {
  BinaryCrossEntropyOptions,
  CrossEntropyOptions,
  FocalLossOptions,
  Weighting,
} from "./losses.ts";
export { binaryCrossEntropy, crossEntropy, focalLoss, klDivergence, meanSquaredError } from "./losses.ts";
export type { AttentionMasks } from "./masks.ts";
export { causalMask, paddingBias } from "./masks.ts";
export type { Module, ModuleClass, ModuleDefinition, Seeded, State, Trace, TraceOptions } from "./module.ts";
export { defineModule } from "./module.ts";
export {
  Dropout,
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
export type {
  MultiHeadAttentionCall,
  MultiHeadAttentionOptions,
  MultiHeadAttentionOutput,
} from "./multi-head-attention.ts";
export { multiHeadAttention, multiHeadAttentionOptions } from "./multi-head-attention.ts";
export type { NormKind } from "./normalization.ts";
export { layerNorm, norm, rmsNorm } from "./normalization.ts";
export { learnedPositions, sinusoidalPositions, sinusoidTable } from "./positions.ts";
export type { RelativeBiasOptions } from "./relative-bias.ts";
export { relativeBias, relativeBucket } from "./relative-bias.ts";
export type { RotaryOptions, RotaryTables } from "./rotary.ts";
export { rotary, rotaryTables, turn } from "./rotary.ts";
export type { DropoutSite, Initializer, ParameterSpec } from "./scope.ts";
export { Scope } from "./scope.ts";
export type { TransformerCall, TransformerOptions } from "./transformer.ts";
export { transformer, transformerOptions } from "./transformer.ts";
