/**
 * Absolute positions, added to embeddings: sinusoids or a learned table. Rotary positions and relative bias act
 * inside attention (rotary.ts, relative-bias.ts).
 *
 *     PE(p, 2i) = sin(p / 10000^(2i/d)),  PE(p, 2i+1) = cos(p / 10000^(2i/d))
 *
 * Source: Vaswani et al. 2017, section 3.5; learned tables: Gehring et al. 2017, and BERT.
 */
import type { Dim } from "../base/shape.ts";
import { AttuneError } from "../base/errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { arange, constant, gatherRows } from "../tensor/index.ts";
import type { EmbeddingOptions } from "./layers.ts";
import { embeddingTable } from "./layers.ts";
import { requireLengths } from "./option-checks.ts";
import type { Scope } from "./scope.ts";

/** The table of sinusoids as numbers, [length, d], computed in float64. */
export function sinusoidTable(length: number, d: number): Float32Array {
  const data = new Float32Array(length * d);
  for (let p = 0; p < length; p++) {
    for (let j = 0; j < d; j++) {
      const angle = p / 10000 ** ((j - (j % 2)) / d);
      data[p * d + j] = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return data;
}

/**
 * Sinusoids of the first `t` places, [t, d].
 *
 * @param options.maxLength places that a graph with a named length can tell apart; a known length needs none.
 *   Default 5000.
 * @param options.positions int32 [t]: the places; default 0, 1, ..., t-1.
 * @throws ERR_OPTION unless sizes are whole numbers, 1 or more.
 */
export function sinusoidalPositions(
  t: Dim,
  d: number,
  options: { readonly maxLength?: number; readonly positions?: Tensor } = {},
): Tensor {
  const { maxLength = 5000, positions } = options;
  requireLengths("sinusoidalPositions", { t, d, maxLength });
  const length = typeof t === "number" && positions === undefined ? t : maxLength;
  const table = constant({ dtype: "float32", shape: [length, d], data: sinusoidTable(length, d) });
  return length === t ? table : gatherRows(table, positions ?? arange(t));
}

/**
 * Learned positions of the first `t` places, [t, d]. Parameter `weight` [maxLength, d].
 *
 * @throws ERR_OPTION; ERR_SEQUENCE_TOO_LONG where a known t exceeds the table. A named one is held to it at run time.
 */
export function learnedPositions(
  scope: Scope,
  t: Dim,
  options: { readonly maxLength: number; readonly d: number; readonly positions?: Tensor } & Pick<
    EmbeddingOptions,
    "init"
  >,
): Tensor {
  const { maxLength, d, positions, init } = options;
  requireLengths(scope.label, { t, d, maxLength });
  if (typeof t === "number" && t > maxLength) {
    throw new AttuneError("ERR_SEQUENCE_TOO_LONG", {
      rule: `${scope.label}: a sequence must fit into the ${maxLength} positions that were learned`,
      found: `it has ${t}`,
      next: "cut it, or make the model with more positions",
    });
  }
  const table = embeddingTable(scope, {
    numEmbeddings: maxLength,
    embeddingDim: d,
    ...(init === undefined ? {} : { init }),
  });
  return gatherRows(table, positions ?? arange(t));
}
