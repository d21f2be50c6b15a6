/**
 * What stands between the encoder's states and the label scores, as far as families share it.
 *
 * Sources: Devlin et al. 2019, section 3.2 (pooler); transformers' `RobertaClassificationHead` and
 * `ElectraClassificationHead`. Legend: b batch, t tokens, h hidden, c labels.
 */
import type { Scope } from "../../nn/index.ts";
import { dropout, linear } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { reshape, slice, tanh } from "../../tensor/index.ts";
import { start } from "./start.ts";

/** The states of the first token, [b, h], of [t or 1, b, h]. */
export function firstToken(hiddenStates: Tensor): Tensor {
  const first =
    hiddenStates.shape[0] === 1 ? hiddenStates : slice(hiddenStates, { axis: 0, start: 0, end: 1 }); // [1, b, h]
  return reshape(first, first.shape.slice(1));
}

interface PoolerConfig {
  readonly hiddenSize: number;
  readonly initializerRange: number;
}

/** BERT's pooler: tanh(W x + b), [b, h] -> [b, h]. */
export function tanhPooler(scope: Scope, x: Tensor, config: PoolerConfig): Tensor {
  return tanh(linear(scope, x, { outFeatures: config.hiddenSize, ...start(config) }));
}

/**
 * The two-layer head without a pooler before it: dropout, `dense`, activation, dropout, `out_proj`. [b, h] -> [b, c].
 * The two dropouts share one path, the second use numbered.
 */
export function denseHead(
  scope: Scope,
  x: Tensor,
  options: PoolerConfig & {
    readonly activation: (x: Tensor) => Tensor;
    readonly dropout: number;
    readonly labels: number;
  },
): Tensor {
  const drop = (input: Tensor) => dropout(scope.at("dropout"), input, options.dropout);
  const dense = linear(scope.at("dense"), drop(x), { outFeatures: options.hiddenSize, ...start(options) });
  const activated = options.activation(dense);
  return linear(scope.at("out_proj"), drop(activated), { outFeatures: options.labels, ...start(options) });
}
