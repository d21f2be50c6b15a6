/**
 * What `import ... from "attune"` gives: the classifier, its types, and its errors.
 *
 * Deeper doors (tokenizer, metrics, readers) are for the folders' own entry points.
 */
export { AttuneError, errorCode } from "./base/errors.ts";
export { version } from "./base/version.ts";
export type {
  Confusion,
  LabelScores,
  MultiLabelReport,
  MultiLabelScores,
  SingleLabelReport,
} from "./eval/index.ts";
export type {
  EvaluateOptions,
  Input,
  LoadOptions,
  MultiPrediction,
  Prediction,
  PredictOptions,
  Receipt,
  SinglePrediction,
  TrainTaskOptions,
} from "./tasks/index.ts";
export { TextClassifier } from "./tasks/index.ts";
export type {
  DoneEvent,
  EvaluationEvent,
  InterruptedEvent,
  Report,
  StartEvent,
  StepEvent,
  TrainEvent,
} from "./train/index.ts";
