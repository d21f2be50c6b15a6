/**
 * What one pre-training run holds once corpus and model are ready, and how the corpus is divided into steps.
 *
 * Legend: n masked rows, v vocabulary.
 */
import type { TrainingEngine as Engine } from "../engine/index.ts";
import { TrainingEngine } from "../engine/index.ts";
import { inferenceBatches } from "../data/index.ts";
import { bertMaskedLogits, bertPretrainingLoss } from "../models/bert/masked-lm.ts";
import { linearWarmup, type Schedule } from "../optim/index.ts";
import type { Backend, Tensors } from "../runtime/index.ts";
import type { BertTokenizer } from "../text/index.ts";
import type { Manifest, Pace, RunFolder } from "../train/index.ts";
import type { Corpus } from "./corpus.ts";
import {
  ExampleMaker,
  type ExampleOptions,
  maskedFeeds,
  type MaskedExample,
  specialTokens,
} from "./examples.ts";
import type { ResolvedPretrainOptions } from "./options.ts";
import { type Cursor, RunOrder } from "./sequences.ts";
import type { PretrainStartingModel } from "./starting-model.ts";
import { withoutDropout } from "./starting-model.ts";
import type { PretrainState } from "./state.ts";

const SENTENCE_ENDS = ["。", "！", "？", ".", "!", "?", "；", ";"];

/** Everything that one run holds. */
export interface PretrainRun {
  readonly options: ResolvedPretrainOptions;
  readonly corpus: Corpus;
  readonly start: PretrainStartingModel;
  readonly manifest: Manifest;
  readonly folder: RunFolder<PretrainState>;
  readonly engine: Engine;
  readonly examples: ExampleOptions;
  readonly order: RunOrder;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly pace: Pace;
}

/** What scoring, the model card and the model folder need of a run, and of one that was imported. */
export type ScoredRun = Pick<
  PretrainRun,
  "options" | "corpus" | "start" | "manifest" | "engine" | "examples" | "stepsPerEpoch"
>;

/** How the run goes through the corpus. */
export function planned(options: ResolvedPretrainOptions, corpus: Corpus) {
  const { seed, stepTokens, objective } = options;
  const order = new RunOrder(corpus.train, { seed, stepTokens, specialTokens: specialTokens(objective) });
  const stepsPerEpoch = order.countSteps(0);
  return { order, stepsPerEpoch, totalSteps: options.steps ?? stepsPerEpoch * options.epochs };
}

/** Evaluations of a run, unless told otherwise. */
const EVALUATIONS = 20;

/** Steps between two evaluations. */
export function evaluationSteps({
  options,
  totalSteps,
}: Pick<PretrainRun, "options" | "totalSteps">): number {
  return options.evaluationSteps ?? Math.max(1, Math.ceil(totalSteps / EVALUATIONS));
}

/** Steps over which the learning rate rises. */
export function warmupSteps({ options, totalSteps }: Pick<PretrainRun, "options" | "totalSteps">): number {
  return Math.round(options.warmupShare * totalSteps);
}

/** The learning rate of each step. */
export function scheduleOf(run: Pick<PretrainRun, "options" | "totalSteps">): Schedule {
  const { options, totalSteps } = run;
  return linearWarmup({ lr: options.lr, warmupSteps: warmupSteps(run), totalSteps });
}

/**
 * What examples are made with.
 *
 * @param rows of the embedding table: checkpoints may have more of them than their tokenizer has tokens
 */
export function exampleOptions(
  options: ResolvedPretrainOptions,
  tokenizer: BertTokenizer,
  rows: number,
): ExampleOptions {
  const { masking, maskShare, objective, seed } = options;
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  return {
    masking,
    maskShare,
    objective,
    seed,
    maskId: tokenizer.maskId,
    clsId: tokenizer.clsId,
    sepId: tokenizer.sepId,
    padId: tokenizer.padId,
    vocabSize: rows,
    wordIds: ids.filter((id) => !tokenizer.isSpecial(id)),
    sentenceEnds: new Set(SENTENCE_ENDS.flatMap((mark) => tokenizer.tokenToId(mark) ?? [])),
  };
}

/** Loads model and optimizer. The weights are still empty. */
export function createEngine(
  options: ResolvedPretrainOptions,
  start: PretrainStartingModel,
  backend: Backend,
): Promise<Engine> {
  const { objective, dropout, seed, weightDecay, maxGradNorm, batchTokens, stepTokens, maxLength, threads } =
    options;
  const config = withoutDropout(start.config, dropout);
  return TrainingEngine.create({
    training: bertPretrainingLoss(config, objective),
    evaluation: bertMaskedLogits(config, objective),
    backend,
    seed,
    weightDecay,
    maxGradNorm,
    emaDecay: 0,
    maxRows: Math.max(maxLength, Math.min(batchTokens, stepTokens)),
    accumulates: stepTokens > batchTokens,
    threads,
  });
}

/** The feeds of the step at a place in the run, cut into parts that fit the token budget. */
export function stepFeeds(
  { options, corpus, order, examples }: Pick<PretrainRun, "options" | "corpus" | "order" | "examples">,
  cursor: Cursor,
): { readonly feeds: Tensors[]; readonly tokens: number } {
  const maker = new ExampleMaker(corpus.store, corpus.train, examples);
  const made = order.sequences(cursor).map((sequence) => maker.make(sequence, `train/${cursor.epoch}`));
  const totals = { masked: sum(made, ({ places }) => places.length), texts: made.length };
  return {
    feeds: inParts(made, options.batchTokens).map((part) => maskedFeeds(part, examples, totals)),
    tokens: sum(made, ({ ids }) => ids.length),
  };
}

/** Examples in parts of at most so many padded tokens. */
export function inParts(examples: readonly MaskedExample[], batchTokens: number): MaskedExample[][] {
  const lengths = examples.map(({ ids }) => ids.length);
  return inferenceBatches({ lengths, batchSize: Number.MAX_SAFE_INTEGER, batchTokens }).map((part) =>
    part.map((i) => examples[i]),
  );
}

export function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
