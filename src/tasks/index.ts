/** The library's front door. */
export type {
  DescribeOptions,
  ModelDescription,
  ModelSummary,
  OnnxSummary,
  ParameterGroup,
} from "./describe-model.ts";
export { describeModel } from "./describe-model.ts";
export type { FilledMask, FillMaskOptions, MaskCandidate } from "./fill-mask.ts";
export { MaskedLanguageModel } from "./fill-mask.ts";
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
export { ofHead } from "./of-head.ts";
export { walkLayer } from "./walk.ts";
export type { LabelLogit, LayerWalk, WalkOptions, WalkStep, WalkStepName, WalkToken } from "./walk-types.ts";
