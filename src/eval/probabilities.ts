/**
 * From logits to probabilities to decisions: row-wise softmax, sigmoid and argmax.
 *
 * Computed in float64 whatever the logits' type; logits of any size are safe, since no overflow reaches a result.
 * Does not scale by a temperature.
 */
import { AttuneError } from "../base/errors.ts";

/**
 * Softmax of each row of `logits` [n, c] (row-major); each row of the result [n, c] sums to 1 up to rounding.
 *
 * Throws ERR_LOGITS_SHAPE where the length is not a multiple of `c`, ERR_LOGITS_NOT_FINITE for a row with NaN
 * or plus infinity, or with nothing but minus infinity.
 *
 * @example
 * softmaxRows([2, 2, -1000, 1000], 2); // Float64Array [0.5, 0.5, 0, 1]
 */
export function softmaxRows(logits: ArrayLike<number>, c: number): Float64Array {
  const n = rowCount(logits, c);
  const probabilities = new Float64Array(n * c);
  for (let row = 0; row < n; row++) {
    const start = row * c;
    let max = -Infinity;
    for (let i = start; i < start + c; i++) max = Math.max(max, logits[i]);
    let total = 0;
    for (let i = start; i < start + c; i++) {
      probabilities[i] = Math.exp(logits[i] - max);
      total += probabilities[i];
    }
    if (Number.isNaN(total)) throw notFinite(`row ${row} (counted from 0)`);
    for (let i = start; i < start + c; i++) probabilities[i] /= total;
  }
  return probabilities;
}

/**
 * 1 / (1 + exp(-x)) of each element: the probability of each label by itself. Infinities give 0 and 1.
 *
 * Throws ERR_LOGITS_NOT_FINITE for NaN.
 *
 * @example
 * sigmoid([0, -1000]); // Float64Array [0.5, 0]
 */
export function sigmoid(logits: ArrayLike<number>): Float64Array {
  return Float64Array.from(logits, (x, i) => {
    if (Number.isNaN(x)) throw notFinite(`element ${i} (counted from 0)`);
    return 1 / (1 + Math.exp(-x)); // exp may reach infinity, which rightly gives 0
  });
}

/**
 * The column of the largest value in each row of `values` [n, c]; the first of several that are equal.
 *
 * Throws ERR_LOGITS_SHAPE where the length is not a multiple of `c`. Values must not be NaN.
 *
 * @example
 * argmaxRows([0.2, 0.4, 0.4], 3); // Int32Array [1]
 */
export function argmaxRows(values: ArrayLike<number>, c: number): Int32Array {
  const n = rowCount(values, c);
  return Int32Array.from({ length: n }, (_, row) => {
    let best = 0;
    for (let column = 1; column < c; column++) {
      if (values[row * c + column] > values[row * c + best]) best = column;
    }
    return best;
  });
}

function rowCount(values: ArrayLike<number>, c: number): number {
  if (Number.isInteger(c) && c > 0 && values.length % c === 0) return values.length / c;
  throw new AttuneError("ERR_LOGITS_SHAPE", {
    rule: "values must fill whole rows, one column a label",
    found: `${values.length} values for rows of ${c}`,
    next: "pass the [n, c] array row-major and its c",
  });
}

function notFinite(where: string): AttuneError {
  return new AttuneError("ERR_LOGITS_NOT_FINITE", {
    rule: "logits must be numbers that can be compared",
    found: `NaN or infinity in ${where}`,
    next: "check the model's weights: training may have diverged",
  });
}
