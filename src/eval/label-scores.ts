/**
 * Precision, recall and F1 of one label from three counts, and their averages over labels.
 *
 *     precision = tp / predicted      recall = tp / support      f1 = 2 tp / (predicted + support)
 *
 * A division by zero gives 0, and every label counts in the macro average, the ones without a single true or
 * predicted example too: scikit-learn's `zero_division=0` with `labels` naming all of them.
 * Does not leave labels out: the caller decides which labels exist.
 */

/** How often a label was right, was predicted and was true. */
export interface LabelCounts {
  readonly truePositives: number;
  readonly predicted: number;
  readonly support: number;
}

/** Scores in 0..1; `support` is the number of examples that truly have the label. */
export interface LabelScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

export function labelScores(counts: LabelCounts): LabelScores {
  const { truePositives, predicted, support } = counts;
  return {
    precision: ratio(truePositives, predicted),
    recall: ratio(truePositives, support),
    f1: ratio(2 * truePositives, predicted + support),
    support,
  };
}

/** Plain mean over labels. */
export function macroF1(scores: readonly LabelScores[]): number {
  return ratio(
    sum(scores, (score) => score.f1),
    scores.length,
  );
}

/** Mean over labels, each weighted by its support. */
export function weightedF1(scores: readonly LabelScores[]): number {
  return ratio(
    sum(scores, (score) => score.f1 * score.support),
    sum(scores, (score) => score.support),
  );
}

/** F1 of the counts of all labels added up. */
export function microF1(counts: readonly LabelCounts[]): number {
  return ratio(
    2 * sum(counts, (count) => count.truePositives),
    sum(counts, (count) => count.predicted + count.support),
  );
}

function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
