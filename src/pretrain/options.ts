/**
 * What a pre-training run is told: plain data, so that it crosses to the worker thread, is written into the run's
 * manifest, and comes back for a resume. Defaults stand here and nowhere else.
 */
import { availableParallelism } from "node:os";
import type { PresetName } from "../models/bert/presets.ts";
import { isPresetName } from "../models/bert/presets.ts";
import type { SentenceObjective } from "../models/bert/masked-lm.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import type { Range } from "../train/index.ts";
import {
  checkRanges,
  optionError,
  positiveInteger,
  refuseUnknown,
  refuseUnknownModel,
  refuseUnused,
} from "../train/index.ts";
import { type Masking, maskings } from "./masking.ts";

export const initializations = ["informed", "published"] as const;
export type Initialization = (typeof initializations)[number];

export interface PretrainOptions {
  /** Files or folders of text: plain, WikiExtractor, or tables with a text column; each also .gz. */
  readonly corpora: readonly string[];
  /** Held-out text in the same forms. Without it, `devShare` of the documents is held out. */
  readonly dev?: string;
  /** Share of documents held out where there is no `dev`. In (0, 0.5]; default 0.005, and at most `devTokens`. */
  readonly devShare?: number;
  /** Most tokens held out. Default 200,000. */
  readonly devTokens?: number;
  /** Column of the text in tables. Default "text". */
  readonly textColumn?: string;
  readonly encoding?: string;
  /** A preset (tiny, mini, small, medium, base) to train from scratch, or a model folder to go on from. */
  readonly model?: string;
  /** Folder for the model; checkpoints stand inside it while training. */
  readonly out: string;

  /** Size of the vocabulary learnt from the corpus, from scratch. Default 16000. */
  readonly vocabSize?: number;
  /** A piece must occur this often to enter it. Default 5. */
  readonly minFrequency?: number;
  /** The most distinct characters in it. Default 45% of `vocabSize`. */
  readonly alphabetLimit?: number;
  /** A vocab.txt to use in its place. */
  readonly vocabulary?: string;
  /** Fold case and strip accents. Default true. */
  readonly lowercase?: boolean;
  /** Positions of the model, from scratch: the longest text it can ever read. Default 512. */
  readonly maxPositions?: number;
  /** Deviation of fresh weights, from scratch. Default 0.02, as published. */
  readonly initializerRange?: number;

  /**
   * First weights, from scratch: "informed" by the corpus and by what attention learns anyway (informed-start.ts), or
   * drawn as "published". Default "informed".
   */
  readonly initialization?: Initialization;

  /** What is hidden together: "tokens", "whole-words" or "spans". Default "whole-words". */
  readonly masking?: Masking;
  /** Share of tokens hidden, in (0, 1). Default 0.15. */
  readonly maskShare?: number;
  /** A second objective on pairs: "none", "nsp" (does b follow a?) or "sop" (in this order?). Default "none". */
  readonly objective?: SentenceObjective;
  /** Longest sequence in tokens, special ones included. Default 128. */
  readonly maxLength?: number;
  /** Documents of fewer tokens are left out, and counted. Default 8. */
  readonly minTokens?: number;

  /** Passes over the corpus, where `steps` is not given. Default 1. */
  readonly epochs?: number;
  /** Optimizer steps. */
  readonly steps?: number;
  /** Tokens of a step, padding included. Default 4096. */
  readonly stepTokens?: number;
  /** Most tokens that go through the model at once; a step of more is accumulated. Default 4096. */
  readonly batchTokens?: number;
  /** Peak learning rate. Default 1e-3 (tiny, mini), 5e-4 (small, medium), 1e-4 (base); from a folder 2e-4. */
  readonly lr?: number;
  /** Share of the steps over which the rate rises. Default 0.05. */
  readonly warmupShare?: number;
  /** Default 0.01. */
  readonly weightDecay?: number;
  /** Default 1. */
  readonly maxGradNorm?: number;
  /** Dropout while pre-training; fine-tuning has its own. Default 0: a text is seen once or a few times. */
  readonly dropout?: number;
  /** Steps between evaluations on held-out text. Default: twenty times in the run. */
  readonly evaluationSteps?: number;
  /** Steps between checkpoints. Default 500. */
  readonly checkpointSteps?: number;
  /** Default 0. Same seed, corpus, threads and runtime: same bits. */
  readonly seed?: number;
  readonly device?: DeviceChoice;
  readonly threads?: number;
}

/** Column of the text in tables, unless told otherwise. */
export const defaultTextColumn = "text";

export type ResolvedPretrainOptions = ReturnType<typeof applyDefaults>;

/** Steps between checkpoints, unless told otherwise. */
export const defaultCheckpointSteps = 500;

const rates: Readonly<Record<PresetName, number>> = {
  tiny: 1e-3,
  mini: 1e-3,
  small: 5e-4,
  medium: 5e-4,
  base: 1e-4,
};

/** Options that only a vocabulary or weights made here can use. */
const scratchOnly = [
  "vocabSize",
  "minFrequency",
  "alphabetLimit",
  "vocabulary",
  "lowercase",
  "maxPositions",
  "initializerRange",
  "initialization",
] as const;

const learntOnly = ["vocabSize", "minFrequency", "alphabetLimit"] as const;

/**
 * Fills in the defaults and checks every value.
 *
 * @throws ERR_OPTION naming the option, its range and what was found; ERR_OPTION_UNUSED, ERR_MODEL_UNKNOWN.
 */
export function resolvePretrainOptions(options: PretrainOptions): ResolvedPretrainOptions {
  refuseUnknown(options, known);
  const { model = "mini", vocabulary } = options;
  refuseUnknownModel(model);
  if (!isPresetName(model)) {
    const found = `the model is "${model}", whose vocabulary and weights are given`;
    refuseUnused(options, scratchOnly, {
      purpose: "pre-training from scratch",
      found,
      next: ", or name a preset",
    });
  }
  if (vocabulary !== undefined) {
    const found = `"${vocabulary}" is given`;
    refuseUnused(options, learntOnly, { purpose: "a vocabulary that is learnt", found, next: "" });
  }
  if (options.steps !== undefined) {
    const found = `steps are ${options.steps}`;
    refuseUnused(options, ["epochs"], {
      purpose: "a run without steps",
      found,
      next: ", or leave steps out",
    });
  }
  if (options.dev !== undefined) {
    const found = `"${options.dev}" is held out`;
    refuseUnused(options, ["devShare", "devTokens"], {
      purpose: "a corpus that is to be split",
      found,
      next: "",
    });
  }
  const resolved = applyDefaults(options);
  checkRanges(resolved, ranges);
  const { masking, objective, initialization } = resolved;
  refuseOther("masking", masking, maskings);
  refuseOther("objective", objective, objectives);
  refuseOther("initialization", initialization, initializations);
  return resolved;
}

function refuseOther(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw optionError(name, choices.join(", "), value);
}

const objectives: readonly SentenceObjective[] = ["none", "nsp", "sop"];

function applyDefaults(options: PretrainOptions) {
  const model = options.model ?? "mini";
  const vocabSize = options.vocabSize ?? 16000;
  return {
    ...options,
    model,
    devShare: options.devShare ?? 0.005,
    devTokens: options.devTokens ?? 200_000,
    textColumn: options.textColumn ?? defaultTextColumn,
    vocabSize,
    minFrequency: options.minFrequency ?? 5,
    alphabetLimit: options.alphabetLimit ?? Math.ceil(0.45 * vocabSize),
    lowercase: options.lowercase ?? true,
    maxPositions: options.maxPositions ?? 512,
    initializerRange: options.initializerRange ?? 0.02,
    initialization: options.initialization ?? ("informed" as const),
    masking: options.masking ?? ("whole-words" as const),
    maskShare: options.maskShare ?? 0.15,
    objective: options.objective ?? ("none" as const),
    maxLength: options.maxLength ?? 128,
    minTokens: options.minTokens ?? 8,
    epochs: options.epochs ?? 1,
    stepTokens: options.stepTokens ?? 4096,
    batchTokens: options.batchTokens ?? 4096,
    lr: options.lr ?? (isPresetName(model) ? rates[model] : 2e-4),
    warmupShare: options.warmupShare ?? 0.05,
    weightDecay: options.weightDecay ?? 0.01,
    maxGradNorm: options.maxGradNorm ?? 1,
    dropout: options.dropout ?? 0,
    checkpointSteps: options.checkpointSteps ?? defaultCheckpointSteps,
    seed: options.seed ?? 0,
    device: options.device ?? ("auto" as const),
    // the order of additions inside a product depends on the number of threads, so it is part of the run
    threads: options.threads ?? availableParallelism(),
  };
}

const ranges: Readonly<Record<string, Range>> = {
  devShare: [(n) => n > 0 && n <= 0.5, "in (0, 0.5]"],
  devTokens: positiveInteger,
  vocabSize: [(n) => Number.isSafeInteger(n) && n >= 100, "a whole number, 100 or more"],
  minFrequency: positiveInteger,
  alphabetLimit: positiveInteger,
  maxPositions: [(n) => Number.isSafeInteger(n) && n >= 4 && n <= 65536, "a whole number in 4..65536"],
  initializerRange: [(n) => n > 0 && n <= 1, "in (0, 1]"],
  maskShare: [(n) => n > 0 && n < 1, "in (0, 1)"],
  maxLength: [(n) => Number.isSafeInteger(n) && n >= 8 && n <= 65535, "a whole number in 8..65535"],
  minTokens: positiveInteger,
  epochs: positiveInteger,
  steps: positiveInteger,
  stepTokens: [(n) => Number.isSafeInteger(n) && n >= 8, "a whole number, 8 or more"],
  batchTokens: [(n) => Number.isSafeInteger(n) && n >= 8, "a whole number, 8 or more"],
  lr: [(n) => n > 0 && n <= 1, "in (0, 1]"],
  warmupShare: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  weightDecay: [(n) => n >= 0 && n <= 100, "in [0, 100]"],
  maxGradNorm: [(n) => n > 0, "above 0"],
  dropout: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  evaluationSteps: positiveInteger,
  checkpointSteps: positiveInteger,
  seed: [(n) => Number.isSafeInteger(n) && n >= 0, "a whole number, 0 or more"],
  threads: positiveInteger,
};

const known = [
  ...Object.keys(ranges),
  ...["corpora", "dev", "textColumn", "encoding", "model", "out", "vocabulary", "lowercase"],
  ...["masking", "objective", "initialization", "device"],
];
