/**
 * The residual connection around each half of a layer, with normalisation after it or before.
 *
 *     post-norm:  y = norm(x + dropout(half(x)))       (Vaswani et al. 2017, section 5.4; BERT)
 *     pre-norm:   y = x + dropout(half(norm(x)))       (Xiong et al. 2020)
 */
import type { Tensor } from "../tensor/index.ts";
import { add } from "../tensor/index.ts";
import type { ResolvedLayerOptions } from "./layer-options.ts";
import { dropout } from "./layers.ts";
import { norm } from "./normalization.ts";
import type { Scope } from "./scope.ts";

/** Names of a half's norm and dropout, as in PyTorch: norm1 and dropout1, ... */
export interface HalfNames {
  readonly norm: string;
  readonly dropout: string;
}

/** x [s, b, d] -> [s, b, d]. Records what the norm reads and gives under its path. */
export function residual(
  scope: Scope,
  x: Tensor,
  names: HalfNames,
  options: ResolvedLayerOptions,
  half: (x: Tensor) => Tensor,
): Tensor {
  const normalize = (input: Tensor) => {
    const at = scope.at(names.norm);
    at.record("before", input);
    const kind = { kind: options.norm, eps: options.layerNormEps, bias: options.bias };
    return at.record("after", norm(at, input, kind));
  };
  const drop = (input: Tensor) => dropout(scope.at(names.dropout), input, options.dropout);
  return options.normFirst ? add(x, drop(half(normalize(x)))) : normalize(add(x, drop(half(x))));
}
