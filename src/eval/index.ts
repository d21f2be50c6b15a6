/** Metrics: pure functions on arrays. */
export { CALIBRATION_BINS } from "./calibration-error.ts";
export type { Probabilities } from "./checks.ts";
export { evaluateSingleLabel, type SingleLabelReport, type SingleLabelSet } from "./classification-report.ts";
export type { Confusion } from "./confusion.ts";
export type { LabelScores } from "./label-scores.ts";
export {
  evaluateMultiLabel,
  type MultiLabelReport,
  type MultiLabelScores,
  type MultiLabelSet,
} from "./multi-label.ts";
export { argmaxRows, sigmoid, softmaxRows } from "./probabilities.ts";
