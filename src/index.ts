/**
 * What `import ... from "attune"` gives: the classifier, the tokenizer, their types, and the errors.
 *
 * Deeper doors (metrics, readers) are for the folders' own entry points.
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
export type { HubOptions, HubOrigin, HubProgress, ModelPlace, ResolveOptions } from "./hub/index.ts";
export { resolveModel } from "./hub/index.ts";
export type {
  DescribeOptions,
  EvaluateOptions,
  FilledMask,
  FillMaskOptions,
  Input,
  LabelLogit,
  LayerWalk,
  LoadOptions,
  MaskCandidate,
  ModelDescription,
  ModelSummary,
  MultiPrediction,
  OnnxSummary,
  ParameterGroup,
  Prediction,
  PredictOptions,
  Receipt,
  SinglePrediction,
  TrainTaskOptions,
  WalkOptions,
  WalkStep,
  WalkStepName,
  WalkToken,
} from "./tasks/index.ts";
export { describeModel, MaskedLanguageModel, TextClassifier, walkLayer } from "./tasks/index.ts";
export type { PretrainEvent, PretrainOptions } from "./pretrain/index.ts";
export { runPretraining } from "./pretrain/index.ts";
export { runHandoff, runImport } from "./handoff/index.ts";
export type { HandoffOptions, ImportOptions, RunHandoffOptions } from "./handoff/index.ts";
export type { EncodeOptions, Encoding, TokenizerOptions, TrainVocabularyOptions } from "./text/index.ts";
export { BertTokenizer, trainWordPiece } from "./text/index.ts";
export type {
  DoneEvent,
  DownloadEvent,
  EvaluationEvent,
  InterruptedEvent,
  Report,
  StartEvent,
  StepEvent,
  TrainEvent,
} from "./train/index.ts";
