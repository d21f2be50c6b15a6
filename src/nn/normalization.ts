/**
 * Normalisation of the last axis: layer norm and RMS norm.
 *
 *     layer norm:  y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias      (Ba, Kiros, Hinton 2016)
 *     RMS norm:    y = x / sqrt(mean(x^2) + eps) * weight                      (Zhang, Sennrich 2019)
 *
 * The variance is the biased one, over the d elements of one position: no position sees another.
 */
import type { Tensor } from "../tensor/index.ts";
import {
  add,
  div,
  layerNorm as layerNormOp,
  mean,
  mul,
  scalar,
  shapeError,
  sqrt,
  zeros,
} from "../tensor/index.ts";
import type { Scope } from "./scope.ts";

/** Which of the two a layer uses. */
export type NormKind = "layer" | "rms";

export const normKinds: readonly NormKind[] = ["layer", "rms"];

/**
 * Layer normalisation (PyTorch's `nn.LayerNorm`). x [..., d]. Parameters `weight` [d] (ones), `bias` [d] (zeros) unless
 * `bias` is false.
 */
export function layerNorm(
  scope: Scope,
  x: Tensor,
  options: { readonly eps: number; readonly bias?: boolean },
): Tensor {
  const width = widthOf(scope, x);
  const weight = scope.parameter("weight", [width], { init: { kind: "ones" }, decay: false });
  const bias =
    options.bias === false
      ? zeros([width])
      : scope.parameter("bias", [width], { init: { kind: "zeros" }, decay: false });
  return layerNormOp(x, weight, bias, { epsilon: options.eps });
}

/** Root-mean-square normalisation (PyTorch's `nn.RMSNorm`). x [..., d]. Parameter `weight` [d] (ones). */
export function rmsNorm(scope: Scope, x: Tensor, options: { readonly eps: number }): Tensor {
  const width = widthOf(scope, x);
  const weight = scope.parameter("weight", [width], { init: { kind: "ones" }, decay: false });
  const meanSquare = mean(mul(x, x), [x.rank - 1]); // [..., 1]
  return mul(div(x, sqrt(add(meanSquare, scalar(options.eps)))), weight);
}

/** The one or the other; `bias` is the layer norm's alone. */
export function norm(
  scope: Scope,
  x: Tensor,
  options: { readonly kind: NormKind; readonly eps: number; readonly bias?: boolean },
): Tensor {
  return options.kind === "layer" ? layerNorm(scope, x, options) : rmsNorm(scope, x, options);
}

function widthOf(scope: Scope, x: Tensor): number {
  const width = x.shape[x.rank - 1];
  if (typeof width === "number") return width;
  throw shapeError(scope.label, "normalisation needs [..., d] with a known size", [x], "reshape the input");
}
