/** Pre-training: BERT from text without labels. */
export type {
  CorpusCounts,
  PretrainDone,
  PretrainEvaluation,
  PretrainEvent,
  PretrainScores,
  PretrainStart,
  PretrainStep,
} from "./events.ts";
export { type Masking, maskings } from "./masking.ts";
export { type Initialization, initializations } from "./options.ts";
export type { PretrainOptions, ResolvedPretrainOptions } from "./options.ts";
export { resolvePretrainOptions } from "./options.ts";
export { runPretraining } from "./run-in-worker.ts";
