/**
 * Every number that `attune evaluate` prints for a model that gives each example exactly one label.
 *
 * Conventions are scikit-learn's, with `labels` naming all labels and `zero_division=0`; see the files of
 * the parts. Does not give confidence intervals.
 */
import { expectedCalibrationError } from "./calibration-error.ts";
import { checkRowSums, checkSet, checkTruth, type Probabilities } from "./checks.ts";
import { type Confusion, confusionMatrix, countsByLabel } from "./confusion.ts";
import { type LabelScores, labelScores, macroF1, weightedF1 } from "./label-scores.ts";
import { logLoss } from "./log-loss.ts";
import { argmaxRows } from "./probabilities.ts";

export interface SingleLabelSet {
  /** [c], each different: the columns of `probabilities`. */
  readonly labelNames: readonly string[];
  /** [n]: positions in `labelNames`. */
  readonly truth: ArrayLike<number>;
  /** [n, c], row-major, each row summing to 1. */
  readonly probabilities: Probabilities;
}

/** Shares and scores are in 0..1; `logLoss` is in nats. */
export interface SingleLabelReport {
  readonly kind: "single";
  readonly examples: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly weightedF1: number;
  readonly perLabel: Readonly<Record<string, LabelScores>>;
  readonly confusion: Confusion;
  readonly logLoss: number;
  readonly ece: number;
}

/**
 * Measures the predictions (the most probable label, the first of several that tie) against the truth.
 *
 * Throws ERR_EVAL_EMPTY, ERR_EVAL_LENGTHS, ERR_EVAL_LABEL_NAMES, ERR_EVAL_TRUTH, ERR_EVAL_PROBABILITY or
 * ERR_EVAL_ROW_SUM for input that cannot be measured.
 *
 * @example
 * const report = evaluateSingleLabel({
 *   labelNames: ["ham", "spam"],
 *   truth: [0, 1],
 *   probabilities: Float64Array.of(0.9, 0.1, 0.6, 0.4),
 * });
 * report.accuracy; // 0.5
 * report.perLabel.spam.recall; // 0
 */
export function evaluateSingleLabel(set: SingleLabelSet): SingleLabelReport {
  const { labelNames, truth, probabilities } = set;
  const c = labelNames.length;
  const n = checkSet(labelNames, truth, 1, probabilities);
  checkTruth(truth, c);
  checkRowSums(probabilities, c);

  const predicted = argmaxRows(probabilities, c);
  const confusion = confusionMatrix(labelNames, truth, predicted);
  const scores = countsByLabel(confusion).map(labelScores);
  return {
    kind: "single",
    examples: n,
    accuracy: predicted.filter((label, i) => label === truth[i]).length / n,
    macroF1: macroF1(scores),
    weightedF1: weightedF1(scores),
    perLabel: Object.fromEntries(labelNames.map((name, label) => [name, scores[label]])),
    confusion,
    logLoss: logLoss(truth, probabilities, c),
    ece: expectedCalibrationError(
      n,
      (i) => probabilities[i * c + predicted[i]],
      (i) => predicted[i] === truth[i],
    ),
  };
}
