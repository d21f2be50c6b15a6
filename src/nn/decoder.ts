/**
 * The Transformer decoder: every position looks at those before it, and at the encoder's output, the memory
 * (Vaswani et al. 2017, section 3.1).
 *
 *     layer: x -> masked self-attention -> attention to memory -> feed-forward, each with residual and norm
 *
 * Options, parameter names and layouts are those of PyTorch's `nn.TransformerDecoderLayer` (`self_attn`,
 * `multihead_attn`) and `nn.TransformerDecoder`. As there, self-attention is masked only where a mask or
 * `tgtIsCausal` is given. With a cache (decoding-cache.ts) a decoder reads only what is new.
 */
import type { Tensor } from "../tensor/index.ts";
import { shapeError } from "../tensor/index.ts";
import type { DecodingCache } from "./decoding-cache.ts";
import type { TransformerEncoderOptions } from "./encoder.ts";
import { feedForward } from "./feed-forward.ts";
import type { ResolvedLayerOptions } from "./layer-options.ts";
import { enterMasks, layoutOf } from "./layout.ts";
import type { AttentionMasks } from "./masks.ts";
import type { Attendance, ResolvedAttentionOptions } from "./multi-head-attention.ts";
import { attendProjected, projectAll, projections } from "./multi-head-attention.ts";
import { norm } from "./normalization.ts";
import { residual } from "./residual.ts";
import type { Scope } from "./scope.ts";

/** Masks of a decoder call: see masks.ts. */
export interface DecoderCall {
  /** [t, t] or [b*heads, t, t]. */
  readonly tgtMask?: Tensor;
  /** [t, s] or [b*heads, t, s]. */
  readonly memoryMask?: Tensor;
  /** [b, t]: true for padding. */
  readonly tgtKeyPaddingMask?: Tensor;
  /** [b, s]: true for padding. */
  readonly memoryKeyPaddingMask?: Tensor;
  /** Each position sees itself and those before it. Default false. */
  readonly tgtIsCausal?: boolean;
  /** Position i sees the first i + 1 places of the memory. Default false. */
  readonly memoryIsCausal?: boolean;
  /** Keys and values of earlier positions, for generation; the target is then one new position. */
  readonly cache?: DecodingCache;
}

/** As of an encoder: layer, number of layers, final norm. */
export type TransformerDecoderOptions = TransformerEncoderOptions;

/**
 * One layer. tgt [t, b, d] and memory [s, b, d], or in another layout; out as tgt.
 *
 * @throws ERR_SHAPE, ERR_MASK; ERR_SHAPE too for a cache with a target of more than one position.
 */
export function transformerDecoderLayer(
  scope: Scope,
  options: ResolvedLayerOptions,
  tgt: Tensor,
  memory: Tensor,
  call: DecoderCall = {},
): Tensor {
  const { entered, leave } = enter(scope, options, tgt, memory, call);
  return leave(decoderLayer(scope, options, entered));
}

/** `numLayers` layers, and a norm on request. Parameters under `layers.0`, `layers.1`, ... and `norm`. */
export function transformerDecoder(
  scope: Scope,
  options: TransformerDecoderOptions,
  tgt: Tensor,
  memory: Tensor,
  call: DecoderCall = {},
): Tensor {
  const { layer, numLayers } = options;
  const { entered, leave } = enter(scope, layer, tgt, memory, call);
  let { x } = entered;
  for (let i = 0; i < numLayers; i++) x = decoderLayer(scope.at("layers").at(i), layer, { ...entered, x });
  const last = { kind: layer.norm, eps: layer.layerNormEps, bias: layer.bias };
  return leave(options.finalNorm ? norm(scope.at("norm"), x, last) : x);
}

/** A call in the layers' own layout. */
interface Entered {
  readonly x: Tensor;
  readonly memory: Tensor;
  readonly self: AttentionMasks;
  readonly cross: AttentionMasks;
  readonly cache: DecodingCache | undefined;
}

function enter(
  scope: Scope,
  { batchFirst, dModel }: ResolvedLayerOptions,
  tgt: Tensor,
  memory: Tensor,
  call: DecoderCall,
): { readonly entered: Entered; readonly leave: (x: Tensor) => Tensor } {
  const layout = layoutOf(scope.label, tgt, batchFirst);
  const x = layout.enter("tgt", tgt, dModel);
  if (call.cache !== undefined && x.shape[0] !== 1) {
    throw shapeError(
      scope.label,
      "with a cache tgt must be one new position",
      [tgt],
      "give it one position a call, or no cache",
    );
  }
  const entered = {
    x,
    memory: layout.enter("memory", memory, dModel),
    self: enterMasks(layout, {
      attnMask: call.tgtMask,
      keyPaddingMask: call.tgtKeyPaddingMask,
      // the one new position may see all that the cache holds
      isCausal: call.tgtIsCausal === true && call.cache === undefined,
    }),
    cross: enterMasks(layout, {
      attnMask: call.memoryMask,
      keyPaddingMask: call.memoryKeyPaddingMask,
      isCausal: call.memoryIsCausal,
      queryPlaces: call.memoryIsCausal === true ? call.cache?.positions : undefined,
    }),
    cache: call.cache,
  };
  return { entered, leave: layout.leave };
}

function decoderLayer(scope: Scope, options: ResolvedLayerOptions, call: Entered): Tensor {
  const { x, memory, cache } = call;
  const [selfScope, crossScope] = [scope.at("self_attn"), scope.at("multihead_attn")];
  const self = (h: Tensor) => {
    const projected = selfProjections(selfScope, options.self, h, cache);
    return attendProjected(selfScope, options.self, projected, call.self).output;
  };
  const cross = (h: Tensor) => {
    const projected = crossProjections(crossScope, options.cross, h, memory, cache);
    return attendProjected(crossScope, options.cross, projected, call.cross).output;
  };
  const seen = residual(scope, x, { norm: "norm1", dropout: "dropout1" }, options, self);
  const asked = residual(scope, seen, { norm: "norm2", dropout: "dropout2" }, options, cross);
  const inner = (h: Tensor) => feedForward(scope, h, options);
  return residual(scope, asked, { norm: "norm3", dropout: "dropout3" }, options, inner);
}

/** Queries of what is new; keys and values of all that came before, too. */
function selfProjections(
  scope: Scope,
  options: ResolvedAttentionOptions,
  h: Tensor,
  cache: DecodingCache | undefined,
): Attendance {
  const { q, k, v } = projectAll(scope, options, { q: h, k: h, v: h }, cache?.positions);
  return cache === undefined ? { q, k, v } : { q, ...cache.extend(scope.path, { k, v }) };
}

/** Keys and values of the memory are the same at every step. */
function crossProjections(
  scope: Scope,
  options: ResolvedAttentionOptions,
  h: Tensor,
  memory: Tensor,
  cache: DecodingCache | undefined,
): Attendance {
  const [toQ, toK, toV] = projections(scope, options).each;
  const fresh = { k: toK(memory), v: toV(memory) };
  return { q: toQ(h), ...(cache?.keep(scope.path, fresh) ?? fresh) };
}
