/**
 * Learning rates as pure functions of the step.
 *
 * `step` is the number of optimizer steps already done: 0 for the first update, so with warm-up the first update has
 * lr 0. That is the index that PyTorch's LambdaLR passes and Google's BERT calls global_step, and the sequence equals
 * get_linear_schedule_with_warmup and get_constant_schedule_with_warmup of Hugging Face's transformers:
 *
 *     step < warmupSteps:  lr * step / warmupSteps
 *     linear, after that:  lr * max(0, (totalSteps - step) / (totalSteps - warmupSteps))
 *     constant:            lr
 */
import { AttuneError } from "../base/errors.ts";

/** Learning rate of the update after `step` (0, 1, ...) updates. */
export type Schedule = (step: number) => number;

/**
 * Warm-up from 0 to `lr`, then linear decay: 0 at `step` = `totalSteps` and beyond.
 *
 * `lr` at least 0; whole numbers 0 <= warmupSteps <= totalSteps. Throws ERR_SCHEDULE otherwise.
 *
 * @example
 * const schedule = linearWarmup({ lr: 10, warmupSteps: 2, totalSteps: 10 });
 * [0, 1, 2, 3, 9].map(schedule); // 0, 5, 10, 8.75, 1.25
 */
export function linearWarmup(options: { lr: number; warmupSteps: number; totalSteps: number }): Schedule {
  const { lr, warmupSteps, totalSteps } = options;
  checkRate(lr);
  checkSteps("totalSteps", totalSteps, Infinity);
  checkSteps("warmupSteps", warmupSteps, totalSteps);
  return (step) => {
    if (step < warmupSteps) return (lr * step) / warmupSteps;
    return lr * Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps));
  };
}

/**
 * Warm-up from 0 to `lr` over `warmupSteps` (default 0), then `lr` for ever. Throws ERR_SCHEDULE as `linearWarmup`.
 *
 * @example
 * const schedule = constant({ lr: 2e-5 });
 * schedule(0); // 2e-5
 */
export function constant({ lr, warmupSteps = 0 }: { lr: number; warmupSteps?: number }): Schedule {
  checkRate(lr);
  checkSteps("warmupSteps", warmupSteps, Infinity);
  return (step) => (step < warmupSteps ? (lr * step) / warmupSteps : lr);
}

function checkRate(lr: number): void {
  if (!(lr >= 0 && lr < Infinity)) throw scheduleError("lr", "a finite number, at least 0", lr);
}

function checkSteps(name: string, steps: number, most: number): void {
  if (Number.isSafeInteger(steps) && steps >= 0 && steps <= most) return;
  const range = most === Infinity ? "at least 0" : `in 0..${most} (totalSteps)`;
  throw scheduleError(name, `a whole number ${range}`, steps);
}

function scheduleError(name: string, range: string, found: number): AttuneError {
  return new AttuneError("ERR_SCHEDULE", {
    rule: `${name} must be ${range}`,
    found: `found ${found}`,
    next: `correct ${name}`,
  });
}
