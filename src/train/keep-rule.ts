/**
 * Which epoch's weights become the model: the latest that dev does not speak against.
 *
 * An epoch is kept unless its dev accuracy has fallen below the highest so far by more than that figure's standard
 * error (the one-standard-error rule of Breiman et al. 1984, section 3.4.3, applied to epochs). Smaller differences
 * are luck, and later weights have seen more of a schedule that ends at rate 0. Measurements: docs/decisions/0004.
 */

/**
 * Whether weights of this dev accuracy are kept.
 *
 * @param accuracy share in [0, 1] of `examples` dev rows
 * @param highest the highest accuracy so far, this epoch included
 */
export function isKept(accuracy: number, highest: number, examples: number): boolean {
  return accuracy >= highest - standardError(highest, examples);
}

/**
 * Standard error of a share found among n rows. Two successes and two failures are added, so that it is not 0 where
 * the share is 0 or 1 (Agresti and Coull 1998):
 *
 *     p = (share n + 2) / (n + 4),   sqrt(p (1 - p) / (n + 4))
 */
function standardError(share: number, n: number): number {
  const p = (share * n + 2) / (n + 4);
  return Math.sqrt((p * (1 - p)) / (n + 4));
}
