/**
 * The Transformer encoder: every position looks at every other (Vaswani et al. 2017, section 3.1).
 *
 *     layer: x -> self-attention -> residual and norm -> feed-forward -> residual and norm
 *
 * Options, parameter names and layouts are those of PyTorch's `nn.TransformerEncoderLayer` and
 * `nn.TransformerEncoder`. BERT's own encoder (models/bert/backbone.ts) is made of the same attention and norms under
 * its checkpoints' names.
 */
import type { Tensor } from "../tensor/index.ts";
import { feedForward } from "./feed-forward.ts";
import type { ResolvedLayerOptions } from "./layer-options.ts";
import { enterMasks, layoutOf } from "./layout.ts";
import type { AttentionMasks } from "./masks.ts";
import type { Seeded } from "./module.ts";
import { attend } from "./multi-head-attention.ts";
import { norm } from "./normalization.ts";
import { requireKnown, requirePositiveIntegers } from "./option-checks.ts";
import { residual } from "./residual.ts";
import type { Scope } from "./scope.ts";

/** Masks of an encoder call: see masks.ts. */
export interface EncoderCall {
  /** [s, s] or [b*heads, s, s]. */
  readonly srcMask?: Tensor;
  /** [b, s]: true for padding. */
  readonly srcKeyPaddingMask?: Tensor;
  /** Each position sees those before it only. Default false. */
  readonly isCausal?: boolean;
}

export interface TransformerEncoderOptions {
  readonly layer: ResolvedLayerOptions;
  readonly numLayers: number;
  /** One more norm behind the last layer; pre-norm layers need it. */
  readonly finalNorm: boolean;
}

/** One layer. src in any layout, out in the same. */
export function transformerEncoderLayer(
  scope: Scope,
  options: ResolvedLayerOptions,
  src: Tensor,
  call: EncoderCall = {},
): Tensor {
  const layout = layoutOf(scope.label, src, options.batchFirst);
  const masks = enterMasks(layout, selfMasks(call));
  return layout.leave(encoderLayer(scope, options, layout.enter("src", src, options.dModel), masks));
}

/** `numLayers` layers, and a norm on request. Parameters under `layers.0`, `layers.1`, ... and `norm`. */
export function transformerEncoder(
  scope: Scope,
  options: TransformerEncoderOptions,
  src: Tensor,
  call: EncoderCall = {},
): Tensor {
  const { layer } = options;
  const layout = layoutOf(scope.label, src, layer.batchFirst);
  const masks = enterMasks(layout, selfMasks(call));
  return layout.leave(encoder(scope, options, layout.enter("src", src, layer.dModel), masks));
}

/** The same for x [s, b, d] and masks that are in the layers' own layout. */
export function encoder(
  scope: Scope,
  options: TransformerEncoderOptions,
  x: Tensor,
  masks: AttentionMasks,
): Tensor {
  const { layer, numLayers } = options;
  let hidden = x;
  for (let i = 0; i < numLayers; i++) hidden = encoderLayer(scope.at("layers").at(i), layer, hidden, masks);
  const last = { kind: layer.norm, eps: layer.layerNormEps, bias: layer.bias };
  return options.finalNorm ? norm(scope.at("norm"), hidden, last) : hidden;
}

/** What is given to `new TransformerEncoder(layer, ...)` beside the layer. */
export interface StackOptions {
  readonly numLayers: number;
  /** One more norm behind the last layer. Default false. */
  readonly norm?: boolean;
}

/** Checks the options of a stack of layers. First values are of the layer's seed unless the stack has its own. */
export function stackOptions(module: string, layer: ResolvedLayerOptions, options: StackOptions & Seeded) {
  requireKnown(module, options, { numLayers: true, norm: true, seed: true });
  const { numLayers, norm: finalNorm = false, seed = layer.seed ?? 0 } = options;
  requirePositiveIntegers(module, { numLayers });
  return { layer, numLayers, finalNorm, seed };
}

function encoderLayer(scope: Scope, options: ResolvedLayerOptions, x: Tensor, masks: AttentionMasks): Tensor {
  const self = (h: Tensor) => attend(scope.at("self_attn"), options.self, { q: h, k: h, v: h }, masks).output;
  const attended = residual(scope, x, { norm: "norm1", dropout: "dropout1" }, options, self);
  const inner = (h: Tensor) => feedForward(scope, h, options);
  return residual(scope, attended, { norm: "norm2", dropout: "dropout2" }, options, inner);
}

function selfMasks({ srcMask, srcKeyPaddingMask, isCausal }: EncoderCall): AttentionMasks {
  return { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, isCausal };
}
