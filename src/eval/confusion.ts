/**
 * The confusion matrix, and what it says about each label.
 *
 * Does not normalise: rates of few examples mislead, counts do not.
 */
import type { LabelCounts } from "./label-scores.ts";

/** `counts[i][j]`: how many examples of label i were predicted as label j, both in the order of `labels`. */
export interface Confusion {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Counts [c, c] of two arrays [n] of label positions, which the caller has checked. */
export function confusionMatrix(
  labels: readonly string[],
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
): Confusion {
  const counts = labels.map(() => labels.map(() => 0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]][predicted[i]] += 1;
  return { labels: [...labels], counts };
}

/** Row sums are supports, column sums predictions, the diagonal what was right; one entry a label. */
export function countsByLabel(confusion: Confusion): LabelCounts[] {
  return confusion.counts.map((row, label) => ({
    truePositives: row[label],
    predicted: confusion.counts.reduce((total, other) => total + other[label], 0),
    support: row.reduce((total, count) => total + count, 0),
  }));
}
