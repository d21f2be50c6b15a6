/**
 * Expected calibration error: how far stated confidence is from the share of decisions that are right.
 *
 *     ECE = sum over bins m of  |B_m| / n * |accuracy(B_m) - mean confidence(B_m)|
 *
 * Bin m of M holds confidences in ((m - 1) / M, m / M], and bin 1 also 0; empty bins count nothing. Equal
 * widths, not equal counts.
 *
 * Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), equations 2
 * to 3, with their M = 15. Does not correct the upward bias that the estimate has on small sets.
 */

/** The number of bins of the paper's tables, and of every `ece` in our reports. */
export const CALIBRATION_BINS = 15;

/**
 * ECE in 0..1 of n > 0 decisions: `confidence(i)` in 0..1 is the probability that was given to decision i, and
 * `correct(i)` says whether it was right.
 */
export function expectedCalibrationError(
  n: number,
  confidence: (i: number) => number,
  correct: (i: number) => boolean,
): number {
  // Weight x |accuracy - confidence| of a bin is |number right - sum of confidences| / n.
  const gaps = new Float64Array(CALIBRATION_BINS);
  for (let i = 0; i < n; i++) {
    const p = confidence(i);
    const bin = Math.max(0, Math.ceil(p * CALIBRATION_BINS) - 1);
    gaps[bin] += (correct(i) ? 1 : 0) - p;
  }
  return gaps.reduce((total, gap) => total + Math.abs(gap), 0) / n;
}
