/** The library's front door. */
export { TextClassifier } from "./text-classifier.ts";
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
} from "./types.ts";
