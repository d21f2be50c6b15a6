/**
 * What a training run is told: plain data, so that it crosses to the worker thread, is written into the run's
 * manifest, and comes back for a resume.
 *
 * Defaults stand here and nowhere else. Checks what can be checked without the data; the rest is checked where it
 * is used.
 */
import { availableParallelism } from "node:os";
import { BUILT_IN_MODEL, isBuiltIn } from "../models/checkpoint/index.ts";
import type { PresetName } from "../models/bert/presets.ts";
import { isPresetName } from "../models/bert/presets.ts";
import { MAX_MICRO_BATCHES } from "../engine/index.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import type { Range } from "./option-checks.ts";
import {
  checkRanges,
  positiveInteger,
  refuseUnknown,
  refuseUnknownModel,
  refuseUnused,
} from "./option-checks.ts";

/** Where the examples are and how to read them. */
export interface DataOptions {
  /** Training data: a file (CSV, TSV, JSONL, JSON, Parquet, each also .gz) or a folder with a sub-folder a label. */
  readonly train: string;
  /** Development data: says which weights are kept. Without it, `devShare` of train is held out. */
  readonly dev?: string;
  /** Test data: read once, after training. */
  readonly test?: string;
  /** Share of train held out, stratified, where there is no dev. In (0, 0.5]; default 0.1. */
  readonly devShare?: number;
  /** Default "text". */
  readonly textColumn?: string;
  /** Default "label". */
  readonly labelColumn?: string;
  /** Column of the second text of a pair. Default "text_pair" where that column exists. */
  readonly textPairColumn?: string;
  /** A text may have several labels, written "a|b". Default false. */
  readonly multiLabel?: boolean;
  /** Count and list bad rows instead of stopping at the first. Default false. */
  readonly skipBadRows?: boolean;
  /** Accept labels that occur once in train. Default false. */
  readonly allowRareLabels?: boolean;
  /** Character encoding; default: found out. */
  readonly encoding?: string;
}

export interface TrainOptions extends DataOptions {
  /**
   * A preset (tiny, mini, small, medium, base) to train from scratch; a model folder, a hub id
   * (google-bert/bert-base-chinese, with or without @revision) or the name of a built-in model to go on from. Default:
   * the built-in "attune-zh-en-mini" where it can read the texts, else "mini".
   */
  readonly model?: string;
  /** Folder for the model; checkpoints stand inside it while training. */
  readonly out: string;
  /**
   * Passes over train. Default: 30 for tiny, 5 for mini, 8 for larger presets; from a folder 10, 8, 6 or 4 by hidden size
   * (up to 128, 256, 512, larger), and more on small data, for 300 steps or 30 epochs.
   */
  readonly epochs?: number;
  /** Peak learning rate. Default: from scratch 1e-3 (tiny), 5e-4 (mini), 3e-4 (small), 1e-4 (medium, base); from a
   * folder 5e-4, 3e-4, 1e-4 or 5e-5 by hidden size. */
  readonly lr?: number;
  /** Most examples of a step. Default 32. */
  readonly batchSize?: number;
  /** Most padded tokens of one micro-batch; a step of more is accumulated. Default 4096. */
  readonly batchTokens?: number;
  /** Longest input in tokens, [CLS] and [SEP] included. Default 128. */
  readonly maxLength?: number;
  /** Share of the steps over which the rate rises. Default 0.1. */
  readonly warmupShare?: number;
  /** Default 0.01. */
  readonly weightDecay?: number;
  /** Gradients are scaled down to this global norm. Default 1. */
  readonly maxGradNorm?: number;
  /** Dropout everywhere; default the model's own (0.1). */
  readonly dropout?: number;
  /** Share of input tokens hidden behind [MASK] in training. Default 0.15; 0 from a model of more than 256 hidden units. */
  readonly tokenDropout?: number;
  /**
   * Share of vocabulary matches passed over when training texts are tokenized, anew at every step, so that words are
   * spelled in several ways. Default 0.3 from scratch, 0.2 from a model of up to 256 hidden units, else 0.
   */
  readonly pieceDropout?: number;
  /**
   * Decay of a running average of the weights, which is what is evaluated and kept; 0 keeps the weights themselves.
   * Default 0.998 for tiny and mini from scratch, else 0 (an average costs memory).
   */
  readonly emaDecay?: number;
  /** Deviation of fresh weights, from scratch. Default 1/sqrt(hidden size): see docs/decisions/0004. */
  readonly initializerRange?: number;
  /** A piece must occur this often in train to enter a vocabulary learnt here. Default 5. */
  readonly minFrequency?: number;
  /** Size of the vocabulary learnt from train, from scratch. Default 8000. */
  readonly vocabSize?: number;
  /** Fold case and strip accents in a vocabulary learnt here. Default true. */
  readonly lowercase?: boolean;
  /** Default 0. Same seed, data, threads and runtime: same bits. */
  readonly seed?: number;
  /** Epochs in a row whose weights are not kept, before stopping: dev accuracy below the highest by more than its
   * standard error. Default 10. */
  readonly patience?: number;
  /** Steps between checkpoints; default once an epoch. One more is written when the run is interrupted. */
  readonly checkpointSteps?: number;
  readonly device?: DeviceChoice;
  /** Threads of the runtime; default all cores. Part of what makes two runs equal to the bit. */
  readonly threads?: number;
}

/**
 * What training from scratch starts with. Rates fall with size. Google's deviation of 0.02 is for 768 units and long
 * pre-training: without that, the small models hardly start to learn from it; 1/sqrt(hidden) gave 3 points on trec6
 * (docs/decisions/0004).
 */
const fromScratch: Readonly<
  Record<PresetName, { lr: number; epochs: number; initializerRange: number; emaDecay: number }>
> = {
  tiny: { lr: 1e-3, epochs: 30, initializerRange: 0.088, emaDecay: 0.998 },
  mini: { lr: 5e-4, epochs: 5, initializerRange: 0.0625, emaDecay: 0.998 },
  small: { lr: 3e-4, epochs: 8, initializerRange: 0.044, emaDecay: 0 },
  medium: { lr: 1e-4, epochs: 8, initializerRange: 0.044, emaDecay: 0 },
  base: { lr: 1e-4, epochs: 8, initializerRange: 0.036, emaDecay: 0 },
};

/** What is known of a model to go on from, and of the data, once both have been looked at. */
export interface StartFacts {
  readonly hiddenSize: number;
  /** Training examples. */
  readonly examples: number;
}

/** What the published BERTs are fine-tuned with: weights that should be changed little. */
const LARGE = { upTo: Infinity, lr: 5e-5, epochs: 4 };

/**
 * Rate and epochs from a folder by hidden size: the smaller a model, the less it breaks and the more it has to learn
 * (Turc et al. 2019 try rates up to 3e-4 for the small ones).
 */
const fineTuning = [
  { upTo: 128, lr: 5e-4, epochs: 10 },
  { upTo: 256, lr: 3e-4, epochs: 8 },
  { upTo: 512, lr: 1e-4, epochs: 6 },
  LARGE,
];

/** Small data gets more epochs, up to MOST_EPOCHS, so that there are this many steps (Mosbach et al. 2021). */
const LEAST_STEPS = 300;
const MOST_EPOCHS = 30;

/** Small models learn a small set by heart as quickly as those from scratch do: up to this size their inputs get noise. */
const NOISY_HIDDEN_SIZE = 256;

/** What training starts with from a folder. */
function fromFolder({ hiddenSize, examples }: StartFacts, batchSize: number) {
  const { lr, epochs } = fineTuning.find(({ upTo }) => hiddenSize <= upTo) ?? LARGE;
  const enough = Math.ceil((LEAST_STEPS * batchSize) / examples);
  return {
    lr,
    epochs: Math.max(epochs, Math.min(MOST_EPOCHS, enough)),
    initializerRange: undefined,
    emaDecay: 0,
  };
}

/** Options that only a vocabulary or weights made here can use. */
const scratchOnly = ["vocabSize", "minFrequency", "lowercase", "initializerRange"] as const;

/** The options with every default filled in. */
export type ResolvedTrainOptions = ReturnType<typeof applyDefaults>;

/**
 * Fills in the defaults and checks every value.
 *
 * @param facts of a model to go on from, whose rate and epochs depend on them; default a large one, and much data
 * @throws ERR_OPTION naming the option, its range and what was found, also for unknown ones; ERR_OPTION_UNUSED,
 *   ERR_MODEL_UNKNOWN.
 */
export function resolveTrainOptions(options: TrainOptions, facts?: StartFacts): ResolvedTrainOptions {
  refuseUnknown(options, known);
  refuseUnknownModel(options.model);
  if (options.model !== undefined && !isPresetName(options.model)) {
    const found = `the model is "${options.model}", whose vocabulary and weights are given`;
    refuseUnused(options, scratchOnly, {
      purpose: "training from scratch",
      found,
      next: ", or name a preset",
    });
  }
  const resolved = applyDefaults(options, facts);
  checkRanges(resolved, ranges);
  return resolved;
}

/** Whether options are given that only a vocabulary or weights made here can use. */
function wantsScratch(options: TrainOptions): boolean {
  return scratchOnly.some((name) => options[name] !== undefined);
}

function applyDefaults(
  options: TrainOptions,
  facts: StartFacts = { hiddenSize: Infinity, examples: Infinity },
) {
  const batchSize = options.batchSize ?? 32;
  const model =
    options.model ?? (isBuiltIn(BUILT_IN_MODEL) && !wantsScratch(options) ? BUILT_IN_MODEL : "mini");
  const scratch = isPresetName(model);
  const small = facts.hiddenSize <= NOISY_HIDDEN_SIZE;
  const start = isPresetName(model) ? fromScratch[model] : fromFolder(facts, batchSize);
  return {
    ...options,
    model,
    devShare: options.devShare ?? 0.1,
    textColumn: options.textColumn ?? "text",
    labelColumn: options.labelColumn ?? "label",
    multiLabel: options.multiLabel ?? false,
    skipBadRows: options.skipBadRows ?? false,
    allowRareLabels: options.allowRareLabels ?? false,
    epochs: options.epochs ?? start.epochs,
    lr: options.lr ?? start.lr,
    initializerRange: options.initializerRange ?? start.initializerRange,
    batchSize,
    batchTokens: options.batchTokens ?? 4096,
    maxLength: options.maxLength ?? 128,
    warmupShare: options.warmupShare ?? 0.1,
    weightDecay: options.weightDecay ?? 0.01,
    maxGradNorm: options.maxGradNorm ?? 1,
    emaDecay: options.emaDecay ?? start.emaDecay,
    tokenDropout: options.tokenDropout ?? (scratch || small ? 0.15 : 0),
    pieceDropout: options.pieceDropout ?? (scratch ? 0.3 : small ? 0.2 : 0),
    minFrequency: options.minFrequency ?? 5,
    vocabSize: options.vocabSize ?? 8000,
    lowercase: options.lowercase ?? true,
    seed: options.seed ?? 0,
    patience: options.patience ?? 10,
    device: options.device ?? ("auto" as const),
    // the order of additions inside a product depends on the number of threads, so it is part of the run
    threads: options.threads ?? availableParallelism(),
  };
}

const ranges: Readonly<Record<string, Range>> = {
  devShare: [(n) => n > 0 && n <= 0.5, "in (0, 0.5]"],
  epochs: positiveInteger,
  lr: [(n) => n > 0 && n <= 1, "in (0, 1]"],
  batchSize: [
    (n) => Number.isSafeInteger(n) && n > 0 && n <= MAX_MICRO_BATCHES,
    `a whole number in 1..${MAX_MICRO_BATCHES}`,
  ],
  batchTokens: positiveInteger,
  maxLength: [
    (n) => Number.isSafeInteger(n) && n >= 3,
    "a whole number, 3 or more ([CLS], one token, [SEP])",
  ],
  warmupShare: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  weightDecay: [(n) => n >= 0 && n <= 100, "in [0, 100]"],
  maxGradNorm: [(n) => n > 0, "above 0"],
  pieceDropout: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  minFrequency: positiveInteger,
  initializerRange: [(n) => n > 0 && n <= 1, "in (0, 1]"],
  emaDecay: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  tokenDropout: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  dropout: [(n) => n >= 0 && n < 1, "in [0, 1)"],
  vocabSize: [(n) => Number.isSafeInteger(n) && n >= 100, "a whole number, 100 or more"],
  seed: [(n) => Number.isSafeInteger(n) && n >= 0, "a whole number, 0 or more"],
  patience: positiveInteger,
  checkpointSteps: positiveInteger,
  threads: positiveInteger,
};

const known = [
  ...Object.keys(ranges),
  ...["train", "dev", "test", "textColumn", "labelColumn", "textPairColumn", "multiLabel", "skipBadRows"],
  ...["allowRareLabels", "encoding", "model", "out", "lowercase", "device"],
];
