/**
 * The feed-forward half of a Transformer layer, the same for every position.
 *
 *     relu, gelu, silu:   y = act(x W1 + b1) W2 + b2                        (Vaswani et al. 2017, section 3.3)
 *     geglu, swiglu:      y = (act(x W1a + b1a) * (x W1b + b1b)) W2 + b2    (Shazeer 2020)
 *
 * Parameters `linear1` and `linear2` as in PyTorch's layers; the gated kinds have both halves in `linear1`
 * [2 * dimFeedforward, d], the gate first.
 */
import type { Tensor } from "../tensor/index.ts";
import { add, gelu, mul, relu, scalar, sigmoid, slice, tanh } from "../tensor/index.ts";
import type { MatrixStart } from "./layers.ts";
import { dropout, linear, matrixStart, matrixStarts } from "./layers.ts";
import { requireOneOf, requirePositiveIntegers } from "./option-checks.ts";
import type { Scope } from "./scope.ts";

/** "gelu" is the exact one with the error function, "geluTanh" its approximation. */
export type Activation = "relu" | "gelu" | "geluTanh" | "silu" | "geglu" | "swiglu";

export const activationNames: readonly Activation[] = ["relu", "gelu", "geluTanh", "silu", "geglu", "swiglu"];

export interface FeedForwardOptions {
  readonly dimFeedforward: number;
  readonly activation: Activation;
  /** Share of the inner units dropped in training. */
  readonly dropout: number;
  readonly bias: boolean;
  /** First values of both matrices. */
  readonly matrices: MatrixStart;
}

/** x [..., d] -> [..., d]. Records `inner`, the activated units. @throws ERR_OPTION, ERR_SHAPE */
export function feedForward(scope: Scope, x: Tensor, options: FeedForwardOptions): Tensor {
  const { dimFeedforward, activation, bias, matrices } = options;
  requirePositiveIntegers(scope.label, { dimFeedforward });
  requireOneOf(scope.label, "activation", activation, activationNames);
  requireOneOf(scope.label, "matrices", matrices, matrixStarts);
  const d = Number(x.shape[x.rank - 1]);
  const width = gates[activation] === undefined ? dimFeedforward : 2 * dimFeedforward;
  const layer = (outFeatures: number, inFeatures: number) => ({
    outFeatures,
    ...(bias ? {} : ({ bias: false } as const)),
    ...matrixStart(matrices, outFeatures, inFeatures),
  });
  const wide = linear(scope.at("linear1"), x, layer(width, d));
  const inner = scope.record("inner", activate(wide, activation, dimFeedforward));
  const dropped = dropout(scope.at("dropout"), inner, options.dropout);
  return linear(scope.at("linear2"), dropped, layer(d, dimFeedforward));
}

/** 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): Hendrycks & Gimpel 2016, as GPT-2 uses it. */
export function geluTanh(x: Tensor): Tensor {
  const inner = mul(x, add(scalar(1), mul(scalar(0.044715), mul(x, x))));
  const curve = tanh(mul(scalar(Math.sqrt(2 / Math.PI)), inner));
  return mul(mul(scalar(0.5), x), add(scalar(1), curve));
}

/** x sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

const plain: Readonly<Record<string, (x: Tensor) => Tensor>> = { relu, gelu, geluTanh, silu };
const gates: Readonly<Record<string, ((x: Tensor) => Tensor) | undefined>> = { geglu: gelu, swiglu: silu };

function activate(wide: Tensor, activation: Activation, width: number): Tensor {
  const gate = gates[activation];
  if (gate === undefined) return plain[activation](wide);
  const axis = wide.rank - 1;
  const [left, right] = [
    slice(wide, { axis, start: 0, end: width }),
    slice(wide, { axis, start: width, end: 2 * width }),
  ];
  return mul(gate(left), right);
}
