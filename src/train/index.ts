/** The training loop and what it says. */
export { allLogits, probabilities, report } from "./evaluate.ts";
export type {
  DoneEvent,
  EvaluationEvent,
  InterruptedEvent,
  Report,
  StartEvent,
  StepEvent,
  TrainEvent,
} from "./events.ts";
export type { DataOptions, ResolvedTrainOptions, TrainOptions } from "./options.ts";
export { resolveTrainOptions } from "./options.ts";
export { checkMaxLength, loadSplit } from "./prepare.ts";
export { runTraining } from "./run-in-worker.ts";
export { trainingStepModel } from "./training-step-model.ts";
export { tokenizerContent, tokenizerOfFolder } from "./tokenizer-of-folder.ts";
