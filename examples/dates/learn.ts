/**
 * Training by teacher forcing: the decoder reads the right beginning, however wrong its own would have been, and is to
 * say the next character at every place at once. The causal mask is what keeps it from reading the answer.
 */
import type { Backend } from "attune/nn";
import { fit, linearWarmup, Random } from "attune/nn";
import { Characters } from "./characters.ts";
import type { Pair } from "./data.ts";
import { allPairs, drawPairs } from "./data.ts";
import { dateTransformer, lossOf } from "./model.ts";
import type { Learned } from "./normalizer.ts";
import { exactMatch } from "./normalizer.ts";
import type { Day, Spelling } from "./spellings.ts";

export interface LearnOptions {
  /** Days to draw from. */
  readonly train: readonly Day[];
  readonly spellings: readonly Spelling[];
  readonly steps: number;
  /** Pairs a step. */
  readonly batchSize: number;
  /** Highest learning rate. */
  readonly lr: number;
  readonly warmupSteps: number;
  readonly seed: number;
  readonly backend: Backend;
  /** What to do every so many steps and at the end; default nothing. */
  readonly report?: {
    readonly every: number;
    readonly dev: readonly Pair[];
    readonly onProgress: (progress: Progress) => void;
  };
}

export interface Progress {
  readonly step: number;
  readonly steps: number;
  /** Mean since the last report. */
  readonly loss: number;
  /** Share of the dev pairs that are written exactly right, generated without help. */
  readonly exactMatch: number;
  readonly secondsLeft: number;
}

/** Enough for every character that a spelling can have. */
const DAYS_FOR_CHARACTERS = 500;

export async function learn(options: LearnOptions): Promise<Learned> {
  const { train, spellings, steps, batchSize, lr, warmupSteps, seed, backend, report } = options;
  const known = allPairs(train.slice(0, DAYS_FOR_CHARACTERS), spellings);
  const characters = new Characters(known.flat());
  const model = dateTransformer(characters.size);
  const run = fit({
    loss: (scope) => lossOf(model, scope),
    batches: (step) => {
      const random = new Random(seed, `batch/${step}`);
      return [characters.pairs(drawPairs(train, spellings, batchSize, random))];
    },
    steps,
    schedule: linearWarmup({ lr, warmupSteps, totalSteps: steps }),
    backend,
    seed,
    threads: 1, // the products are too small to share out
  });
  const started = performance.now();
  let learned: Learned = { characters, state: new Map() };
  let losses: number[] = [];
  for await (const { step, loss, state } of run) {
    losses.push(loss);
    if (step !== steps && (report === undefined || step % report.every !== 0)) continue;
    learned = { characters, state: state() };
    if (report === undefined) continue;
    const { share } = await exactMatch(learned, report.dev, backend);
    report.onProgress({
      step,
      steps,
      exactMatch: share,
      loss: losses.reduce((total, one) => total + one, 0) / losses.length,
      secondsLeft: ((performance.now() - started) / 1000 / step) * (steps - step),
    });
    losses = [];
  }
  return learned;
}
