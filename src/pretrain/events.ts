/** What a pre-training run tells while it runs. Plain data, as the events of training are; `cli/` renders. */
import type { PlaceEvent, StartedModel } from "../train/index.ts";

export type PretrainEvent =
  | PlaceEvent
  | PretrainStart
  | { readonly event: "phase"; readonly phase: "vocabulary" | "tokenizing" | "preparing" | "initializing" }
  | { readonly event: "reading"; readonly documents: number; readonly file: number; readonly files: number }
  | PretrainStep
  | PretrainEvaluation
  | { readonly event: "checkpoint"; readonly step: number; readonly path: string }
  | {
      readonly event: "interrupted";
      readonly step: number;
      readonly totalSteps: number;
      readonly checkpoint: string;
    }
  /** Told to stop before the first step: a new run has left nothing, one that was to go on stands as it stood. */
  | { readonly event: "stopped" }
  | PretrainPrepared
  | PretrainDone;

/** Corpus and model are ready; the first step comes next. */
export interface PretrainStart {
  readonly event: "start";
  readonly out: string;
  readonly model: StartedModel;
  readonly corpus: CorpusCounts;
  readonly device: string;
  readonly seed: number;
  readonly totalSteps: number;
  /** Passes over the corpus that the steps amount to. */
  readonly epochs: number;
  readonly resumedFrom: number | undefined;
}

/** What was read and what was left out. */
export interface CorpusCounts {
  readonly documents: number;
  readonly tokens: number;
  readonly sequences: number;
  readonly devDocuments: number;
  readonly devTokens: number;
  /** Documents left out: fewer tokens than `minTokens`. */
  readonly shortDocuments: number;
  /** Documents left out: the same text as an earlier one. */
  readonly duplicateDocuments: number;
  /** Share of tokens that the vocabulary does not know. */
  readonly unknownShare: number;
}

export interface PretrainStep {
  readonly event: "step";
  /** Steps done, 1-based. */
  readonly step: number;
  readonly totalSteps: number;
  /** 0-based, with the part of the pass that is done. */
  readonly epoch: number;
  /** Mean over the masked tokens, and over the pairs of the sentence objective where there is one, added up. */
  readonly loss: number;
  readonly gradNorm: number;
  readonly lr: number;
  /** Tokens of the step, padding left out. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly remainingMs: number;
}

/** On held-out text, whose masks are the same each time. */
export interface PretrainScores {
  /** Mean negative log-likelihood of the masked tokens. */
  readonly loss: number;
  /** Share of masked tokens whose word came first. */
  readonly accuracy: number;
  /** exp(loss). */
  readonly perplexity: number;
  readonly maskedTokens: number;
  /** Of the sentence objective, where there is one. */
  readonly sentenceAccuracy: number | undefined;
}

export interface PretrainEvaluation extends PretrainScores {
  readonly event: "evaluation";
  readonly step: number;
  /** Tokens seen so far, padding left out. */
  readonly tokens: number;
}

/** Everything up to the first step is done and saved, and no step was asked for. */
export interface PretrainPrepared {
  readonly event: "prepared";
  readonly out: string;
  readonly totalSteps: number;
  readonly checkpoint: string;
}

export interface PretrainDone {
  readonly event: "done";
  readonly out: string;
  readonly steps: number;
  readonly tokens: number;
  /** Of this session: since the run was begun or resumed. */
  readonly elapsedMs: number;
  readonly dev: PretrainScores;
  /**
   * exp of the mean negative log-likelihood of tokens hidden one at a time (Salazar et al. 2020), on a sample of the
   * held-out text.
   */
  readonly pseudoPerplexity: number;
}
