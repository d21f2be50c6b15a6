/** The training loop and what it says. */
export { RunFolder, writeCheckpoint } from "./checkpoint.ts";
export { allLogits, probabilities, report } from "./evaluate.ts";
export type {
  DoneEvent,
  DownloadEvent,
  EvaluationEvent,
  InterruptedEvent,
  Report,
  StartedModel,
  StartEvent,
  StepEvent,
  TrainEvent,
} from "./events.ts";
export type { PlaceEvent } from "./model-place.ts";
export { locateModel, originText, placeOfModel, shownName, unaskedText } from "./model-place.ts";
export type { DataOptions, ResolvedTrainOptions, TrainOptions } from "./options.ts";
export type { Range } from "./option-checks.ts";
export {
  checkRanges,
  optionError,
  positiveInteger,
  refuseUnknown,
  refuseUnknownModel,
  refuseUnused,
} from "./option-checks.ts";
export { resolveTrainOptions } from "./options.ts";
export { runInWorker, serveEvents } from "./event-worker.ts";
export type { RunTrainingOptions } from "./run-in-worker.ts";
export type { Manifest } from "./manifest.ts";
export { checkResumable, manifestOf, manifestSchema } from "./manifest.ts";
export { Pace } from "./pace.ts";
export { checkMaxLength, loadSplit, warning } from "./prepare.ts";
export { runTraining } from "./run-in-worker.ts";
export { hashModelFiles } from "./starting-model.ts";
export { trainingStepModel } from "./training-step-model.ts";
export {
  tokenizerContent,
  requireMask,
  tokenizerOfFolder,
  wordPieceOfFolder,
} from "./tokenizer-of-folder.ts";
