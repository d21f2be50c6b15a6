/** How fresh weights start in all of BERT's family. */
import type { Initializer } from "../../nn/index.ts";

/**
 * The published first values of a linear layer: a truncated normal, whose deviation, 0.02 there, is configured, and
 * biases of zero.
 */
export function start(config: { readonly initializerRange: number }): {
  readonly init: Initializer;
  readonly bias: Initializer;
} {
  return { init: { kind: "truncatedNormal", std: config.initializerRange }, bias: { kind: "zeros" } };
}
