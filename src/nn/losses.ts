/**
 * Losses from logits, weighted per example so that a step over several micro-batches averages over all of them.
 *
 * Softmax and sigmoid are part of the losses (log-sum-exp form): logits of any size are safe.
 */
import type { Tensor } from "../tensor/index.ts";
import {
  logSoftmax,
  mul,
  neg,
  oneHot,
  reshape,
  scalar,
  shapeError,
  softplus,
  sub,
  sum,
} from "../tensor/index.ts";

/**
 * Cross-entropy: sum_b weights[b] * -log softmax(logits[b])[labels[b]], shape [1].
 * logits [b, c], labels int [b] in 0..c-1, weights [b] (1/n each for the mean over n examples).
 */
export function crossEntropy(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  const classes = classCount(logits);
  const picked = sum(mul(logSoftmax(logits), oneHot(labels, classes)), [1]); // [b, 1]
  return weightedSum(neg(reshape(picked, weights.shape)), weights);
}

/**
 * Binary cross-entropy of each label, averaged over labels: sum_b weights[b] * mean_c (softplus(z) - z y), shape [1].
 * logits and targets (0 or 1, float32) [b, c], weights [b].
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  const classes = classCount(logits);
  const each = sub(softplus(logits), mul(logits, targets)); // [b, c]
  const perExample = mul(sum(each, [1]), scalar(1 / classes)); // [b, 1]
  return weightedSum(reshape(perExample, weights.shape), weights);
}

function weightedSum(losses: Tensor, weights: Tensor): Tensor {
  return sum(mul(losses, weights), [0]);
}

function classCount(logits: Tensor): number {
  const classes = logits.shape[1];
  if (logits.rank !== 2 || typeof classes !== "number") {
    throw shapeError("loss", "logits must be [batch, classes]", [logits], "check the head");
  }
  return classes;
}
