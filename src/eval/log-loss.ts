/**
 * Log loss: the mean negative natural logarithm of the probability given to what is true.
 *
 * Probabilities are clipped to [eps, 1 - eps], eps being the resolution of the array's own type (2^-52, or
 * 2^-23 in float32), so that one certain and wrong prediction does not make the mean infinite. That is the
 * rule of scikit-learn's `log_loss`. Does not renormalise rows: they sum to 1 already.
 */
import type { Probabilities } from "./checks.ts";

/** Mean over examples, in nats. `truth` [n]: label positions; `probabilities` [n, c]. */
export function logLoss(truth: ArrayLike<number>, probabilities: Probabilities, c: number): number {
  const eps = resolution(probabilities);
  let total = 0;
  for (let i = 0; i < truth.length; i++) total -= Math.log(clip(probabilities[i * c + truth[i]], eps));
  return total / truth.length;
}

/** Mean over all yes-or-no decisions, in nats. `truth`: 0 or 1; `probabilities` of 1; both of one length. */
export function binaryLogLoss(truth: ArrayLike<number>, probabilities: Probabilities): number {
  const eps = resolution(probabilities);
  let total = 0;
  for (let i = 0; i < truth.length; i++) {
    const p = clip(probabilities[i], eps);
    total -= truth[i] === 1 ? Math.log(p) : Math.log1p(-p);
  }
  return total / truth.length;
}

function resolution(probabilities: Probabilities): number {
  return probabilities instanceof Float32Array ? 2 ** -23 : Number.EPSILON;
}

function clip(p: number, eps: number): number {
  return Math.min(1 - eps, Math.max(eps, p));
}
