/**
 * The whole Transformer: an encoder reads the source, a decoder writes the target and looks at what was read
 * (Vaswani et al. 2017, figure 1, between the embeddings and the output projection).
 *
 * Options, parameter names (`encoder.layers.0...`, `decoder.layers.0...`) and defaults are those of PyTorch's
 * `nn.Transformer`; both stacks end with a norm, and matrices start Glorot-uniform, as there.
 */
import type { Tensor } from "../tensor/index.ts";
import type { DecoderCall } from "./decoder.ts";
import { transformerDecoder } from "./decoder.ts";
import type { EncoderCall } from "./encoder.ts";
import { stackOptions, transformerEncoder } from "./encoder.ts";
import type { TransformerLayerOptions } from "./layer-options.ts";
import { layerOptionNames, transformerLayerOptions } from "./layer-options.ts";
import { requireKnown, requirePositiveIntegers } from "./option-checks.ts";
import type { Scope } from "./scope.ts";

export interface TransformerOptions extends Partial<TransformerLayerOptions> {
  /** Default 512. */
  readonly dModel?: number;
  /** Default 8. */
  readonly nHead?: number;
  /** Default 6. */
  readonly numEncoderLayers?: number;
  /** Default 6. */
  readonly numDecoderLayers?: number;
}

/** Masks of both halves. */
export type TransformerCall = Omit<EncoderCall, "isCausal"> &
  DecoderCall & { readonly srcIsCausal?: boolean };

export type ResolvedTransformerOptions = ReturnType<typeof transformerOptions>;

/** Fills in defaults. @throws ERR_OPTION naming the option and its range. */
export function transformerOptions(options: TransformerOptions) {
  requireKnown("Transformer", options, {
    ...layerOptionNames,
    numEncoderLayers: true,
    numDecoderLayers: true,
  });
  const { numEncoderLayers = 6, numDecoderLayers = 6, ...common } = options;
  requirePositiveIntegers("Transformer", { numEncoderLayers, numDecoderLayers });
  const layer = transformerLayerOptions("Transformer", {
    ...common,
    dModel: common.dModel ?? 512,
    nHead: common.nHead ?? 8,
    matrices: common.matrices ?? "xavier",
  });
  return {
    ...layer,
    numEncoderLayers,
    numDecoderLayers,
    encoder: stackOptions("Transformer", layer, { numLayers: numEncoderLayers, norm: true }),
    decoder: stackOptions("Transformer", layer, { numLayers: numDecoderLayers, norm: true }),
  };
}

/** src [s, b, d] and tgt [t, b, d], or in another layout, to the decoder's output, as tgt. */
export function transformer(
  scope: Scope,
  options: ResolvedTransformerOptions,
  src: Tensor,
  tgt: Tensor,
  call: TransformerCall = {},
): Tensor {
  const reading = { ...call, isCausal: call.srcIsCausal ?? false };
  const memory = scope.record(
    "memory",
    transformerEncoder(scope.at("encoder"), options.encoder, src, reading),
  );
  return transformerDecoder(scope.at("decoder"), options.decoder, tgt, memory, call);
}
