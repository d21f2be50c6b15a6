/**
 * Every number that `attune evaluate` prints for a model that gives each example any number of labels.
 *
 * A label is assigned where its probability is at least the threshold. Conventions are scikit-learn's for
 * indicator matrices with `zero_division=0`. Does not choose thresholds.
 */
import { AttuneError } from "../base/errors.ts";
import { averagePrecision } from "./average-precision.ts";
import { expectedCalibrationError } from "./calibration-error.ts";
import { checkSet, checkTruth, type Probabilities } from "./checks.ts";
import {
  type LabelCounts,
  type LabelScores,
  labelScores,
  macroF1,
  microF1,
  weightedF1,
} from "./label-scores.ts";
import { binaryLogLoss } from "./log-loss.ts";

export interface MultiLabelSet {
  /** [c], each different: the columns of `truth` and `probabilities`. */
  readonly labelNames: readonly string[];
  /** [n, c], row-major, 0 or 1. */
  readonly truth: ArrayLike<number>;
  /** [n, c], row-major, each label by itself. */
  readonly probabilities: Probabilities;
  /** In 0..1, one for all labels. Default 0.5. */
  readonly threshold?: number;
}

export interface MultiLabelScores extends LabelScores {
  /** Area under the label's precision-recall curve: needs no threshold. 0 where the label is never true. */
  readonly averagePrecision: number;
}

/**
 * Shares and scores are in 0..1. `logLoss` is in nats, the mean over all n * c decisions. `ece` is over the
 * same decisions, with the probability p of an assigned label, and 1 - p of one not assigned, as confidence.
 */
export interface MultiLabelReport {
  readonly kind: "multi";
  readonly examples: number;
  /** The share of examples whose labels are all right; the same as `accuracy`, under the name it has in papers. */
  readonly subsetAccuracy: number;
  /** As scikit-learn's `accuracy_score` counts it. */
  readonly accuracy: number;
  readonly microF1: number;
  readonly macroF1: number;
  readonly weightedF1: number;
  readonly perLabel: Readonly<Record<string, MultiLabelScores>>;
  /** A matrix for each label: [[true negatives, false positives], [false negatives, true positives]]. */
  readonly confusion: {
    readonly labels: readonly string[];
    readonly counts: readonly (readonly number[])[][];
  };
  readonly logLoss: number;
  readonly ece: number;
  readonly threshold: number;
}

/**
 * Measures the assigned labels against the true ones.
 *
 * Throws ERR_EVAL_EMPTY, ERR_EVAL_LENGTHS, ERR_EVAL_LABEL_NAMES, ERR_EVAL_TRUTH, ERR_EVAL_PROBABILITY or
 * ERR_EVAL_THRESHOLD for input that cannot be measured.
 *
 * @example
 * const report = evaluateMultiLabel({
 *   labelNames: ["billing", "urgent"],
 *   truth: [1, 1, 0, 1],
 *   probabilities: Float64Array.of(0.9, 0.2, 0.1, 0.7),
 * });
 * report.subsetAccuracy; // 0.5
 * report.perLabel.urgent.recall; // 0.5
 */
export function evaluateMultiLabel(set: MultiLabelSet): MultiLabelReport {
  const { labelNames, truth, probabilities, threshold = 0.5 } = set;
  const c = labelNames.length;
  const n = checkSet(labelNames, truth, c, probabilities);
  checkTruth(truth, 2);
  checkThreshold(threshold);

  const assigned = Uint8Array.from(probabilities, (p) => (p >= threshold ? 1 : 0));
  const counts = labelNames.map((_, label) =>
    countLabel(column(truth, label, c), column(assigned, label, c)),
  );
  const scores = counts.map((count, label) => ({
    ...labelScores(count),
    averagePrecision: averagePrecision(column(truth, label, c), column(probabilities, label, c)),
  }));
  const accuracy = exactMatches(truth, assigned, c) / n;
  return {
    kind: "multi",
    examples: n,
    accuracy,
    subsetAccuracy: accuracy,
    microF1: microF1(counts),
    macroF1: macroF1(scores),
    weightedF1: weightedF1(scores),
    perLabel: Object.fromEntries(labelNames.map((name, label) => [name, scores[label]])),
    confusion: { labels: labelNames, counts: counts.map((count) => matrixOf(count, n)) },
    logLoss: binaryLogLoss(truth, probabilities),
    ece: expectedCalibrationError(
      n * c,
      (i) => (assigned[i] === 1 ? probabilities[i] : 1 - probabilities[i]),
      (i) => assigned[i] === truth[i],
    ),
    threshold,
  };
}

function checkThreshold(threshold: number): void {
  if (threshold >= 0 && threshold <= 1) return;
  throw new AttuneError("ERR_EVAL_THRESHOLD", {
    rule: "the threshold must lie in 0..1",
    found: String(threshold),
    next: "pass a probability such as 0.5",
  });
}

/** Column `label` of an [n, c] array, as [n]. */
function column(values: ArrayLike<number>, label: number, c: number): Float64Array {
  return Float64Array.from({ length: values.length / c }, (_, row) => values[row * c + label]);
}

function countLabel(truth: Float64Array, assigned: Float64Array): LabelCounts {
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  return {
    truePositives: total(truth.map((value, i) => value * assigned[i])),
    predicted: total(assigned),
    support: total(truth),
  };
}

/** The label's 2 x 2 matrix, as scikit-learn's `multilabel_confusion_matrix` lays it out. */
function matrixOf({ truePositives, predicted, support }: LabelCounts, n: number): number[][] {
  const falsePositives = predicted - truePositives;
  return [
    [n - support - falsePositives, falsePositives],
    [support - truePositives, truePositives],
  ];
}

/** The number of rows in which two [n, c] arrays agree everywhere. */
function exactMatches(truth: ArrayLike<number>, assigned: Uint8Array, c: number): number {
  let matches = 0;
  for (let start = 0; start < truth.length; start += c) {
    const row = assigned.subarray(start, start + c);
    if (row.every((value, i) => value === truth[start + i])) matches += 1;
  }
  return matches;
}
