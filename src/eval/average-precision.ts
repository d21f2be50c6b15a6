/**
 * Average precision: the area under the precision-recall curve as a step function, without interpolation.
 *
 *     AP = sum over distinct thresholds k, from high to low, of (recall_k - recall_(k-1)) * precision_k
 *
 * Examples of equal score enter together, so the order of ties does not matter. Without a positive example
 * the value is 0. Source: scikit-learn's `average_precision_score`, whose definition this is. Does not
 * interpolate as older information-retrieval tables do.
 */

/** AP in 0..1 of `truth` (0 or 1) [n] against any real `scores` [n]. */
export function averagePrecision(truth: ArrayLike<number>, scores: ArrayLike<number>): number {
  const order = Uint32Array.from({ length: truth.length }, (_, i) => i).sort((i, j) => scores[j] - scores[i]);
  let truePositives = 0;
  let before = 0;
  let area = 0; // sum of (new true positives) * precision; recall's denominator is applied at the end
  for (let rank = 1; rank <= order.length; rank++) {
    const example = order[rank - 1];
    truePositives += truth[example];
    if (rank < order.length && scores[order[rank]] === scores[example]) continue;
    area += ((truePositives - before) * truePositives) / rank;
    before = truePositives;
  }
  return truePositives === 0 ? 0 : area / truePositives;
}
