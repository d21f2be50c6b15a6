/** What the front door takes and gives, as plain data. */
import type { BadRow } from "../data/index.ts";
import type { HubProgress } from "../hub/index.ts";
import type { DataOptions, TrainEvent, TrainOptions } from "../train/index.ts";
import type { DeviceChoice } from "../runtime/index.ts";

/** A text to classify, or a pair of texts. */
export type Input = string | { readonly text: string; readonly textPair?: string };

/** What became of one input on its way in: nothing is cut in silence. */
export interface Receipt {
  /** Tokens that the model read, special tokens included. */
  readonly tokens: number;
  /** Tokens that did not fit in `maxLength` and were left out. */
  readonly truncatedTokens: number;
  /** Tokens that the vocabulary does not know ([UNK]). */
  readonly unknownTokens: number;
}

export interface SinglePrediction {
  readonly label: string;
  /** Probability of `label`. */
  readonly score: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly receipt: Receipt;
}

export interface MultiPrediction {
  /** Every label of probability at least 0.5; may be empty. */
  readonly labels: readonly string[];
  readonly scores: Readonly<Record<string, number>>;
  readonly receipt: Receipt;
}

export type Prediction = SinglePrediction | MultiPrediction;

export interface LoadOptions {
  readonly device?: DeviceChoice;
  readonly threads?: number;
  /** Aborting the download of a hub id keeps what has arrived and rejects with ERR_INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Called a few times a second while a hub id is downloaded. */
  readonly onDownload?: (progress: HubProgress) => void;
}

export interface PredictOptions {
  /** Most tokens of an input; default the model's own. */
  readonly maxLength?: number;
  /** Called after each batch with the number of inputs done. */
  readonly onProgress?: (done: number, total: number) => void;
}

export type EvaluateOptions = Omit<
  DataOptions,
  "train" | "dev" | "test" | "devShare" | "multiLabel" | "allowRareLabels"
> &
  PredictOptions & {
    /** Called with the rows that `skipBadRows` left out, where there are any. */
    readonly onBadRows?: (rows: readonly BadRow[]) => void;
    /** Called with the number of texts that did not fit in `maxLength` and lost their end, where there are any. */
    readonly onTruncated?: (texts: number, total: number) => void;
  };

export interface TrainTaskOptions extends TrainOptions {
  /** Continue the run in `out` from its last checkpoint; every other option must be what it was. */
  readonly resume?: boolean;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Aborting finishes the step, saves a checkpoint and rejects with ERR_INTERRUPTED. */
  readonly signal?: AbortSignal;
}
