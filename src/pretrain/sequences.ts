/**
 * A corpus of documents as training sequences, and the order in which a run visits them.
 *
 * A document longer than a sequence is cut into as few parts as hold it, of equal length but for one token; a sequence
 * never crosses documents (RoBERTa's DOC-SENTENCES; Liu et al. 2019, section 4.2). An epoch visits every sequence once,
 * in a random order that is computed, not stored (permutation.ts). Windows of that order are sorted by length and cut
 * into steps of about equally many tokens; steps of a window come in random order. So the place in the run is two
 * numbers, and a run that resumes finds it without replaying anything.
 */
import { Random } from "../base/random.ts";
import { inferenceBatches } from "../data/index.ts";
import { permutation } from "./permutation.ts";

/** Where sequences lie in the token store. */
export interface Sequences {
  readonly starts: Float64Array;
  readonly lengths: Uint16Array;
}

/** Documents of a split, as ranges of the store. */
export interface DocumentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts documents into sequences of at most `most` tokens.
 *
 * @param most 1 to 65535, special tokens not counted
 */
export function cutDocuments(documents: Iterable<DocumentRange>, most: number): Sequences {
  const starts: number[] = [];
  const lengths: number[] = [];
  for (const { start, end } of documents) {
    const parts = Math.ceil((end - start) / most);
    for (let part = 0; part < parts; part++) {
      const from = start + Math.floor(((end - start) * part) / parts);
      const to = start + Math.floor(((end - start) * (part + 1)) / parts);
      starts.push(from);
      lengths.push(to - from);
    }
  }
  return { starts: Float64Array.from(starts), lengths: Uint16Array.from(lengths) };
}

/** A place in the run: the next step is step `step` of window `window` of epoch `epoch`, all from 0. */
export interface Cursor {
  readonly epoch: number;
  readonly window: number;
  readonly step: number;
}

export interface OrderOptions {
  readonly seed: number;
  /** Most tokens of a step, padding and special tokens included. */
  readonly stepTokens: number;
  /** Special tokens that each sequence gains. */
  readonly specialTokens: number;
}

/** Sequences of a window, as many as fill this many full steps. */
const WINDOW_STEPS = 64;

/** The order of a run over sequences of given lengths. */
export class RunOrder {
  readonly #lengths: Uint16Array;
  readonly #options: OrderOptions;
  readonly #windowSize: number;
  /** The window that was asked for last. */
  #current: { readonly epoch: number; readonly window: number; readonly steps: number[][] } | undefined;
  #epoch: { readonly epoch: number; readonly order: (i: number) => number } | undefined;

  constructor({ lengths }: Sequences, options: OrderOptions) {
    this.#lengths = lengths;
    this.#options = options;
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length + options.specialTokens;
    this.#windowSize = Math.max(1, Math.round((WINDOW_STEPS * options.stepTokens) / mean));
  }

  /** Windows an epoch. */
  get windows(): number {
    return Math.ceil(this.#lengths.length / this.#windowSize);
  }

  /** The sequences of the step at a place. */
  sequences({ epoch, window, step }: Cursor): readonly number[] {
    return this.#steps(epoch, window)[step];
  }

  /** The place behind another. */
  next({ epoch, window, step }: Cursor): Cursor {
    if (step + 1 < this.#steps(epoch, window).length) return { epoch, window, step: step + 1 };
    if (window + 1 < this.windows) return { epoch, window: window + 1, step: 0 };
    return { epoch: epoch + 1, window: 0, step: 0 };
  }

  /** How many steps an epoch has; walks through all of its lengths. */
  countSteps(epoch: number): number {
    let count = 0;
    for (let window = 0; window < this.windows; window++) count += this.#steps(epoch, window).length;
    return count;
  }

  #steps(epoch: number, window: number): number[][] {
    if (this.#current?.epoch !== epoch || this.#current.window !== window)
      this.#current = { epoch, window, steps: this.#cut(epoch, window) };
    return this.#current.steps;
  }

  #cut(epoch: number, window: number): number[][] {
    const { seed, stepTokens, specialTokens } = this.#options;
    if (this.#epoch?.epoch !== epoch)
      this.#epoch = { epoch, order: permutation(this.#lengths.length, seed, `sequences/${epoch}`) };
    const { order } = this.#epoch;
    const from = window * this.#windowSize;
    const to = Math.min(this.#lengths.length, from + this.#windowSize);
    const members = Array.from({ length: to - from }, (_, i) => order(from + i));
    const steps = inferenceBatches({
      lengths: members.map((sequence) => this.#lengths[sequence] + specialTokens),
      batchSize: Number.MAX_SAFE_INTEGER,
      batchTokens: stepTokens,
    });
    return new Random(seed, `steps/${epoch}/${window}`).shuffle(
      steps.map((step) => step.map((i) => members[i])),
    );
  }
}
