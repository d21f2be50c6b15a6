/** Pre-training: BERT from text without labels. */
export type {
  CorpusCounts,
  PretrainDone,
  PretrainEvaluation,
  PretrainEvent,
  PretrainPrepared,
  PretrainScores,
  PretrainStart,
  PretrainStep,
} from "./events.ts";
export { type Masking, maskings } from "./masking.ts";
export { type Initialization, initializations } from "./options.ts";
export type { PretrainOptions, ResolvedPretrainOptions } from "./options.ts";
export { resolvePretrainOptions } from "./options.ts";
export { runPretraining, type RunPretrainingOptions } from "./run-in-worker.ts";
// what handing a run on and taking it back rest on
export { type Corpus, openCorpus } from "./corpus.ts";
export { evaluateHeldOut } from "./evaluate.ts";
export { writePretrainedModel } from "./finish.ts";
export { firstWeights, withRun } from "./open-run.ts";
export {
  createEngine,
  evaluationSteps,
  exampleOptions,
  planned,
  type PretrainRun,
  type ScoredRun,
  warmupSteps,
} from "./run.ts";
export type { Sequences } from "./sequences.ts";
export { type PretrainStartingModel, withoutDropout } from "./starting-model.ts";
export { initialState, type PretrainState, pretrainStateSchema } from "./state.ts";
export { storedPretrainOptions } from "./stored-options.ts";
