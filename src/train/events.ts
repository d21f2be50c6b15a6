/**
 * What a training run tells while it runs. Events are plain data: they cross threads and go out as JSON lines.
 *
 * Nothing here prints; `cli/` renders.
 */
import type { MultiLabelReport, SingleLabelReport } from "../eval/index.ts";
import type { HubProgress } from "../hub/index.ts";

export type Report = SingleLabelReport | MultiLabelReport;

export type TrainEvent =
  | DownloadEvent
  | StartEvent
  | { readonly event: "phase"; readonly phase: "reading" | "vocabulary" | "tokenizing" | "preparing" }
  | StepEvent
  | EvaluationEvent
  | { readonly event: "checkpoint"; readonly step: number; readonly path: string }
  | { readonly event: "warning"; readonly code: string; readonly message: string }
  | InterruptedEvent
  | DoneEvent;

/** The model to go on from is fetched from the hub: before anything else, a few times a second. */
export interface DownloadEvent extends HubProgress {
  readonly event: "download";
}

/** What a run trains, and what it started from. */
export interface StartedModel {
  readonly from: string;
  readonly parameters: number;
  readonly vocabSize: number;
  readonly layers: number;
  readonly hiddenSize: number;
}

/** Data and model are ready; the first step comes next. */
export interface StartEvent {
  readonly event: "start";
  readonly out: string;
  readonly model: StartedModel;
  readonly data: {
    readonly train: number;
    readonly dev: number;
    readonly test: number | undefined;
    readonly labels: readonly string[];
    readonly kind: "single" | "multi";
    readonly badRows: number;
  };
  readonly device: string;
  readonly seed: number;
  readonly epochs: number;
  readonly totalSteps: number;
  /** The step of the checkpoint that the run goes on from. */
  readonly resumedFrom: number | undefined;
}

export interface StepEvent {
  readonly event: "step";
  /** Steps done, 1-based. */
  readonly step: number;
  readonly totalSteps: number;
  /** 1-based. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean loss of the step's examples, dropout on. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  readonly lr: number;
  /** Tokens of the step, padding left out. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  /** Estimate of the time left, in milliseconds, evaluations included. */
  readonly remainingMs: number;
}

/** After each epoch, on dev. */
export interface EvaluationEvent {
  readonly event: "evaluation";
  readonly step: number;
  readonly epoch: number;
  /** Log loss. */
  readonly loss: number;
  /** Accuracy, or subset accuracy where there are several labels. */
  readonly accuracy: number;
  readonly macroF1: number;
  /** False where accuracy is below the highest so far by more than its standard error. */
  readonly kept: boolean;
}

/** The run was asked to stop: the step was finished and everything saved. */
export interface InterruptedEvent {
  readonly event: "interrupted";
  readonly step: number;
  readonly totalSteps: number;
  readonly checkpoint: string;
}

export interface DoneEvent {
  readonly event: "done";
  readonly out: string;
  readonly steps: number;
  readonly keptStep: number;
  readonly keptEpoch: number;
  readonly stoppedEarly: boolean;
  readonly elapsedMs: number;
  readonly dev: Report;
  readonly test: Report | undefined;
}
