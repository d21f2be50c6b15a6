/**
 * Relative position bias: each head learns what to add to a score for a key so and so far away.
 *
 *     score[head, t, s] += table[bucket(s - t), head]
 *
 * Near distances have a bucket each, far ones share logarithmically wider ones. Source: Raffel et al., "Exploring the
 * Limits of Transfer Learning" (T5, 2020), section 2.1; buckets as in its published code.
 */
import type { Dim } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import {
  add,
  arange,
  constant,
  gatherRows,
  greater,
  reshape,
  sub,
  transpose,
  where,
} from "../tensor/index.ts";
import { optionError, requirePositiveIntegers } from "./option-checks.ts";
import type { Scope } from "./scope.ts";

export interface RelativeBiasOptions {
  readonly numHeads: number;
  /** Rows of the table. Default 32. */
  readonly numBuckets?: number;
  /** From this distance on, all share the last bucket. Default 128. */
  readonly maxDistance?: number;
  /** Keys on both sides have buckets of their own; false for a decoder, which looks back only. Default true. */
  readonly bidirectional?: boolean;
}

/**
 * The bias [heads, t, s]. Parameter `weight` [buckets, heads].
 *
 * Give it to `multiHeadAttention` as `positionBias`. The layers of encoder and decoder do not take one, and neither
 * does a decoder with a cache, whose lengths grow: a model that needs it is built of attention and `feedForward`.
 *
 * @throws ERR_OPTION
 */
export function relativeBias(
  scope: Scope,
  sizes: { readonly t: Dim; readonly s: Dim },
  options: RelativeBiasOptions,
): Tensor {
  const { numHeads, numBuckets = 32, maxDistance = 128, bidirectional = true } = options;
  const { t, s } = sizes;
  requirePositiveIntegers(scope.label, { numHeads, numBuckets, maxDistance });
  requireBuckets(scope.label, { numBuckets, maxDistance, bidirectional });
  const table = scope.parameter("weight", [numBuckets, numHeads], {
    init: { kind: "normal", std: 1 },
    decay: true,
  });
  const longest = typeof t === "number" && typeof s === "number" ? Math.max(t, s) : undefined;
  const reach = longest ?? maxDistance; // beyond it there is one bucket a side
  const buckets = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    relativeBucket(i - reach, { numBuckets, maxDistance, bidirectional }),
  );
  const list = constant({
    dtype: "int32",
    shape: [buckets.length, 1],
    data: Int32Array.from(buckets),
  });
  const distance = sub(reshape(arange(s), [1, s]), reshape(arange(t), [t, 1])); // [t, s]
  const within = longest === undefined ? clamp(distance, reach) : distance;
  const places = add(within, int32(reach)); // 0 to 2 reach
  const rows = gatherRows(table, reshape(gatherRows(list, places), [t, s])); // [t, s, heads]
  return transpose(rows, [2, 0, 1]);
}

/** x held to -reach..reach; int32. */
function clamp(x: Tensor, reach: number): Tensor {
  const least = where(greater(int32(-reach), x), int32(-reach), x);
  return where(greater(least, int32(reach)), int32(reach), least);
}

function int32(value: number): Tensor {
  return constant({ dtype: "int32", shape: [], data: Int32Array.of(value) });
}

/** Near distances need a bucket at least, and the last one must lie behind them. */
function requireBuckets(
  module: string,
  { numBuckets, maxDistance, bidirectional }: Required<Omit<RelativeBiasOptions, "numHeads">>,
): void {
  const sides = bidirectional ? 2 : 1;
  if (numBuckets % sides !== 0 || numBuckets < 2 * sides)
    throw optionError(
      module,
      `numBuckets must be ${bidirectional ? "even, 4 or more" : "2 or more"}`,
      `it is ${numBuckets}`,
    );
  const near = Math.floor(numBuckets / sides / 2);
  if (maxDistance <= near)
    throw optionError(module, `maxDistance must be above ${near}`, `it is ${maxDistance}`);
}

/** The bucket of a key `distance` places behind the query (negative: before it). */
export function relativeBucket(
  distance: number,
  options: {
    readonly numBuckets: number;
    readonly maxDistance: number;
    readonly bidirectional: boolean;
  },
): number {
  const { numBuckets, maxDistance, bidirectional } = options;
  const buckets = bidirectional ? Math.floor(numBuckets / 2) : numBuckets;
  const offset = bidirectional && distance > 0 ? buckets : 0;
  const away = bidirectional ? Math.abs(distance) : Math.max(0, -distance);
  const exact = Math.floor(buckets / 2);
  if (away < exact) return offset + away;
  const scale = Math.log(away / exact) / Math.log(maxDistance / exact);
  return offset + Math.min(buckets - 1, exact + Math.floor(scale * (buckets - exact)));
}
