/**
 * What truth and probabilities must satisfy before anything is measured.
 *
 * A metric of broken input is a number like any other, so the check comes first and is strict.
 * Does not judge whether a set is large enough to say much.
 */
import { AttuneError } from "../base/errors.ts";

/** Probabilities as the model gives them. */
export type Probabilities = Float32Array | Float64Array;

/** How far a row may be from 1: a softmax in half precision stays within it, independent sigmoids do not. */
const ROW_SUM_TOLERANCE = 1e-3;

/**
 * Checks that `truth` has one entry for every `truthPerExample` and `probabilities` is [n, c] within 0..1,
 * and returns n.
 */
export function checkSet(
  labelNames: readonly string[],
  truth: ArrayLike<number>,
  truthPerExample: number,
  probabilities: Probabilities,
): number {
  checkNames(labelNames);
  const c = labelNames.length;
  const n = probabilities.length / c;
  if (truth.length === 0 && probabilities.length === 0) {
    throw new AttuneError("ERR_EVAL_EMPTY", {
      rule: "an evaluation needs at least one example",
      found: "none",
      next: "check that the file has rows",
    });
  }
  if (!Number.isInteger(n) || n * truthPerExample !== truth.length) {
    throw new AttuneError("ERR_EVAL_LENGTHS", {
      rule: `truth and probabilities must be of the same examples, with ${c} probabilities each`,
      found: `${truth.length} true labels at ${truthPerExample} an example and ${probabilities.length} probabilities`,
      next: "pass arrays of the same examples and the names of all labels",
    });
  }
  const bad = probabilities.findIndex((p) => !(p >= 0 && p <= 1));
  if (bad !== -1) {
    throw new AttuneError("ERR_EVAL_PROBABILITY", {
      rule: "probabilities must lie in 0..1",
      found: `${probabilities[bad]} for label "${labelNames[bad % c]}" of example ${Math.floor(bad / c)} (counted from 0)`,
      next: "pass logits through softmaxRows or sigmoid first",
    });
  }
  return n;
}

/** Checks that every entry of `truth` is an integer in 0..count-1. */
export function checkTruth(truth: ArrayLike<number>, count: number): void {
  for (let i = 0; i < truth.length; i++) {
    if (Number.isInteger(truth[i]) && truth[i] >= 0 && truth[i] < count) continue;
    throw new AttuneError("ERR_EVAL_TRUTH", {
      rule: `true labels must be integers in 0..${count - 1}`,
      found: `${truth[i]} at position ${i} (counted from 0)`,
      next: "encode labels by their position in labelNames (single) or as 0 and 1 (multi-label)",
    });
  }
}

/** Checks that each row of probabilities [n, c] sums to 1. */
export function checkRowSums(probabilities: Probabilities, c: number): void {
  for (let start = 0; start < probabilities.length; start += c) {
    let total = 0;
    for (let i = start; i < start + c; i++) total += probabilities[i];
    if (Math.abs(total - 1) <= ROW_SUM_TOLERANCE) continue;
    throw new AttuneError("ERR_EVAL_ROW_SUM", {
      rule: "the probabilities of one example must sum to 1",
      found: `a sum of ${total} at example ${start / c} (counted from 0)`,
      next: "pass softmax probabilities, or evaluate as multi-label",
    });
  }
}

/** Reports are keyed by name, so a repeated one would hide a label. */
function checkNames(labelNames: readonly string[]): void {
  const repeated = labelNames.find((name, i) => labelNames.indexOf(name) !== i);
  if (labelNames.length > 0 && repeated === undefined) return;
  throw new AttuneError("ERR_EVAL_LABEL_NAMES", {
    rule: "labels need names, each different",
    found: repeated === undefined ? "no label names" : `"${repeated}" twice`,
    next: "pass one name for each column of the probabilities",
  });
}
