/**
 * The options that encoder and decoder layers share, named and filled in as PyTorch does.
 *
 * Beyond PyTorch: more activations, `norm: "rms"`, `rotary` positions in self-attention.
 */
import type { Activation } from "./feed-forward.ts";
import { activationNames } from "./feed-forward.ts";
import type { MatrixStart } from "./layers.ts";
import type { Seeded } from "./module.ts";
import { multiHeadAttentionOptions } from "./multi-head-attention.ts";
import type { NormKind } from "./normalization.ts";
import { normKinds } from "./normalization.ts";
import {
  requireDivisible,
  requireEps,
  requireKnown,
  requireOneOf,
  requirePositiveIntegers,
  requireRates,
} from "./option-checks.ts";
import type { RotaryOptions } from "./rotary.ts";

export interface TransformerLayerOptions extends Seeded {
  /** Width of the inputs and outputs. */
  readonly dModel: number;
  /** Attention heads; divides dModel. */
  readonly nHead: number;
  /** Inner width of the feed-forward half. Default 2048. */
  readonly dimFeedforward?: number;
  /** Everywhere, in training. Default 0.1. */
  readonly dropout?: number;
  /** Default "relu". */
  readonly activation?: Activation;
  /** Default 1e-5. */
  readonly layerNormEps?: number;
  /** Inputs are [b, s, d]. Default false: [s, b, d]. */
  readonly batchFirst?: boolean;
  /** Normalise before each half (pre-norm) and not after its residual (post-norm, as published). Default false. */
  readonly normFirst?: boolean;
  /** Whether projections and layer norms have biases. Default true. */
  readonly bias?: boolean;
  /** First values of matrices outside attention's packed ones. Default "kaiming", as in `nn.Linear`. */
  readonly matrices?: MatrixStart;
  /** Default "layer". */
  readonly norm?: NormKind;
  /** Turns queries and keys of self-attention by their places. Default none. */
  readonly rotary?: RotaryOptions;
}

export type ResolvedLayerOptions = ReturnType<typeof transformerLayerOptions>;

/** Every option of a layer. */
export const layerOptionNames = {
  dModel: true,
  nHead: true,
  dimFeedforward: true,
  dropout: true,
  activation: true,
  layerNormEps: true,
  batchFirst: true,
  normFirst: true,
  bias: true,
  matrices: true,
  norm: true,
  rotary: true,
  seed: true,
} as const;

/** Fills in defaults. @throws ERR_OPTION naming the module, the option and its range. */
export function transformerLayerOptions(module: string, options: TransformerLayerOptions) {
  requireKnown(module, options, layerOptionNames);
  const { dModel, nHead, dimFeedforward = 2048, dropout = 0.1, activation = "relu" } = options;
  const { batchFirst = false, normFirst = false, bias = true, layerNormEps = 1e-5, norm = "layer" } = options;
  requirePositiveIntegers(module, { dModel, nHead, dimFeedforward });
  requireRates(module, { dropout });
  requireDivisible(module, ["dModel", dModel], ["nHead", nHead]);
  requireOneOf(module, "activation", activation, activationNames);
  requireOneOf(module, "norm", norm, normKinds);
  requireEps(module, "layerNormEps", layerNormEps);
  const { matrices = "kaiming" } = options;
  const attention = { embedDim: dModel, numHeads: nHead, dropout, bias, matrices };
  const { rotary } = options;
  return {
    ...options,
    dModel,
    nHead,
    dimFeedforward,
    dropout,
    activation,
    batchFirst,
    normFirst,
    bias,
    layerNormEps,
    norm,
    matrices,
    /** Of self-attention. */
    self: multiHeadAttentionOptions(rotary === undefined ? attention : { ...attention, rotary }),
    /** Of attention to the encoder. */
    cross: multiHeadAttentionOptions(attention),
  };
}
