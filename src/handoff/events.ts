/** What handing a run on, and taking it back, tell while they work. */
import type { PretrainEvent, PretrainScores } from "../pretrain/index.ts";

export type HandoffEvent =
  | Extract<PretrainEvent, { event: "phase" | "reading" | "warning" }>
  | { readonly event: "phase"; readonly phase: "writing" | "scoring" };

/** The folder is complete. */
export interface HandoffDone {
  readonly event: "done";
  readonly out: string;
  /** Steps done so far, and of the run as a whole. */
  readonly step: number;
  readonly totalSteps: number;
  readonly parameters: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** The result is in its place. */
export interface ImportDone {
  readonly event: "done";
  /** True: a model folder was written. False: a checkpoint that `attune pretrain --resume` goes on from. */
  readonly finished: boolean;
  readonly out: string;
  readonly step: number;
  readonly totalSteps: number;
  /** Seen so far. */
  readonly tokens: number;
  /** The held-out text, scored by attune's engine. */
  readonly dev: PretrainScores;
  /** Of finished runs. */
  readonly pseudoPerplexity?: number;
  /** Of unfinished runs: where the checkpoint stands. */
  readonly checkpoint?: string;
  /** The options that the run began with, for the command that resumes it. */
  readonly options?: Readonly<Record<string, unknown>>;
}
