/**
 * Which examples go through the model together: batches under two budgets, grouped by length.
 *
 * A batch holds at most `batchSize` examples and, padded to its longest, at most `batchTokens` tokens; a text
 * longer than that forms a batch of its own. Pure functions of their arguments: a run that resumes asks again
 * for the batches of its epoch and skips those it has done.
 *
 * Does not cut texts and does not drop an incomplete last batch.
 */
import { AttuneError } from "../base/errors.ts";
import { Random } from "../base/random.ts";

export interface BatchBudget {
  /** Tokens of each example, special tokens included. */
  readonly lengths: readonly number[];
  /** Examples a batch, at most. */
  readonly batchSize: number;
  /** Tokens a batch, padding included, at most. */
  readonly batchTokens: number;
}

export interface TrainingOrder {
  /** Integer in 0..2^53-1. */
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
}

/** Lengths are sorted within so many batches: enough to save most padding, few enough to keep batches mixed. */
const WINDOW_BATCHES = 50;

/**
 * The batches of one epoch, as indices into `lengths`: shuffled, sorted by length within windows of 50 batches,
 * cut by the budgets, and shuffled as batches.
 *
 * @throws ERR_BATCH_BUDGET when a budget is not a positive integer
 * @example
 * trainingBatches({ lengths: [5, 9, 6], batchSize: 2, batchTokens: 64, seed: 1, epoch: 0 }); // [[0], [1, 2]]
 */
export function trainingBatches({ seed, epoch, ...budget }: BatchBudget & TrainingOrder): number[][] {
  requireBudget(budget);
  const random = new Random(seed, `batches/${epoch}`);
  const order = random.shuffle([...budget.lengths.keys()]);
  const window = budget.batchSize * WINDOW_BATCHES;
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += window) {
    batches.push(...cut(longestFirst(order.slice(start, start + window), budget.lengths), budget));
  }
  return random.shuffle(batches);
}

/**
 * Batches for evaluation and prediction: the longest first, so that a lack of memory shows at once and time
 * estimates err on the safe side.
 *
 * @throws ERR_BATCH_BUDGET when a budget is not a positive integer
 * @example
 * inferenceBatches({ lengths: [5, 9, 6], batchSize: 2, batchTokens: 64 }); // [[1, 2], [0]]
 */
export function inferenceBatches(budget: BatchBudget): number[][] {
  requireBudget(budget);
  return cut(longestFirst([...budget.lengths.keys()], budget.lengths), budget);
}

/** Sorts in place; equal lengths keep their order. */
function longestFirst(indices: number[], lengths: readonly number[]): number[] {
  return indices.sort((a, b) => lengths[b] - lengths[a]);
}

/** Cuts indices, the longest first, into batches that the budgets allow. */
function cut(indices: readonly number[], { lengths, batchSize, batchTokens }: BatchBudget): number[][] {
  const batches: number[][] = [];
  for (let start = 0; start < indices.length; ) {
    const longest = Math.max(1, lengths[indices[start]]);
    const count = Math.max(1, Math.min(batchSize, Math.floor(batchTokens / longest)));
    batches.push(indices.slice(start, start + count));
    start += count;
  }
  return batches;
}

function requireBudget({ batchSize, batchTokens }: BatchBudget): void {
  if ([batchSize, batchTokens].every((budget) => Number.isSafeInteger(budget) && budget > 0)) return;
  throw new AttuneError("ERR_BATCH_BUDGET", {
    rule: "batch size and batch tokens must be positive whole numbers",
    found: `found ${batchSize} and ${batchTokens}`,
    next: "pass other --batch-size and --batch-tokens",
  });
}
