/**
 * Losses from logits: cross-entropy, binary cross-entropy, focal loss, Kullback-Leibler divergence.
 *
 * Softmax and sigmoid are part of the losses (log-sum-exp form): logits of any size are safe. Options are PyTorch's.
 * A training step that goes through the graph in several parts gives `exampleWeights`, so that their losses add up to
 * the mean over all of them. Every loss has shape [1].
 *
 * Legend: n examples (any leading dimensions), c classes.
 */
import { formatShape, product, sameShape } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import {
  add,
  cast,
  constant,
  div,
  equal,
  exp,
  expand,
  gatherRows,
  greater,
  logSoftmax,
  mul,
  neg,
  reshape,
  scalar,
  shapeError,
  softplus,
  sub,
  sum,
  where,
} from "../tensor/index.ts";
import { optionError } from "./option-checks.ts";

/** How single losses become one: the mean, or a weighted sum. */
export interface Weighting {
  /** [n]: the share of each example, 1/n for a plain mean, which is the default. */
  readonly exampleWeights?: Tensor | undefined;
}

export interface CrossEntropyOptions extends Weighting {
  /** A factor a class, [c]; the mean is then the weighted one. Default 1 each. */
  readonly classWeights?: readonly number[];
  /** Share of each target spread over all classes (Szegedy et al. 2016). In [0, 1); default 0. */
  readonly labelSmoothing?: number;
  /**
   * Examples with this label do not count, whatever their logits hold. Default: every label counts, and one of -100
   * ends the run with ERR_RUN; PyTorch skips that one unasked, at a cost that few need to pay.
   */
  readonly ignoreIndex?: number;
}

/**
 * Cross-entropy: -log softmax(logits)[label], averaged. logits [..., c]; labels int32 or int64 [...] in 0..c-1.
 *
 * With class weights w the mean is sum_n w[label] loss_n / sum_n w[label], and smoothing spreads w, as in PyTorch.
 * Where every label is ignored the loss is 0.
 *
 * @throws ERR_SHAPE, ERR_OPTION; at run time ERR_RUN for a label outside of 0..c-1.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { classWeights, labelSmoothing = 0, ignoreIndex, exampleWeights } = options;
  const { flat, classes } = flatten(logits);
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw optionError("crossEntropy", "labelSmoothing must be in [0, 1)", `it is ${labelSmoothing}`);
  if (classWeights !== undefined && classWeights.length !== classes)
    throw optionError(
      "crossEntropy",
      `classWeights must be ${classes} numbers`,
      `there are ${classWeights.length}`,
    );
  if (ignoreIndex !== undefined && !Number.isSafeInteger(ignoreIndex))
    throw optionError("crossEntropy", "ignoreIndex must be a whole number", `it is ${ignoreIndex}`);
  const given = classNumbers(labels, logits);
  const ignored = ignoreIndex === undefined ? undefined : equal(given, label(given, ignoreIndex)); // [n]
  const counted = ignored === undefined ? given : where(ignored, label(given, 0), given);
  const hit = equal(withinRange(counted, classes), classList(classes, [1, classes])); // [n, c]
  const weighted =
    classWeights === undefined ? cast(hit, "float32") : where(hit, vector(classWeights), scalar(0));
  const skipped = ignored === undefined ? undefined : reshape(ignored, [flat.shape[0], 1]);
  // what an ignored example holds may be no number: it is taken out before the softmax, so that no gradient meets it
  const logP = logSoftmax(skipped === undefined ? flat : where(skipped, scalar(0), flat));
  // chosen, not multiplied: the logarithm of a class that cannot be is -Infinity, and that times 0 is NaN
  const taken =
    labelSmoothing === 0
      ? where(hit, classWeights === undefined ? logP : mul(logP, vector(classWeights)), scalar(0))
      : mul(
          logP,
          add(mul(weighted, scalar(1 - labelSmoothing)), spread(labelSmoothing, classes, classWeights)),
        );
  const all = neg(sum(taken, [1])); // [n, 1]
  const present = skipped === undefined ? undefined : sub(scalar(1), cast(skipped, "float32")); // [n, 1]
  const each = present === undefined ? all : mul(all, present);
  if (exampleWeights !== undefined) return weightedSum(each, exampleWeights);
  if (present === undefined && classWeights === undefined) return average(each);
  const share = classWeights === undefined ? undefined : sum(weighted, [1]); // [n, 1]
  const counts = share === undefined || present === undefined ? (share ?? present) : mul(share, present);
  return counts === undefined ? average(each) : dividedBy(sum(each, [0, 1]), sum(counts, [0, 1]));
}

export interface BinaryCrossEntropyOptions extends Weighting {
  /** A factor of the yes answers a class, [c]: above 1 raises recall. Default 1 each. */
  readonly posWeights?: readonly number[];
}

/**
 * Binary cross-entropy of each label: w y softplus(-z) + (1 - y) softplus(z), averaged over classes and examples.
 * logits and targets (0 to 1, float32) [..., c].
 */
export function binaryCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const { posWeights, exampleWeights } = options;
  const { flat, classes } = flatten(logits);
  const y = likeLogits("binaryCrossEntropy", "targets", targets, logits);
  if (posWeights === undefined) return overClasses(sub(softplus(flat), mul(flat, y)), exampleWeights);
  if (posWeights.length !== classes)
    throw optionError(
      "binaryCrossEntropy",
      `posWeights must be ${classes} numbers`,
      `there are ${posWeights.length}`,
    );
  const yes = mul(mul(y, vector(posWeights)), softplus(neg(flat)));
  const no = mul(sub(scalar(1), y), softplus(flat));
  return overClasses(add(yes, no), exampleWeights);
}

export interface FocalLossOptions extends Weighting {
  /** How strongly examples that are classified well are played down. 0 or more; default 2. */
  readonly gamma?: number;
  /** Factor of the yes answers, 1 - alpha of the no answers. In [0, 1]; default none. */
  readonly alpha?: number;
}

/**
 * Sigmoid focal loss (Lin et al. 2017): (1 - p_t)^gamma * -log p_t, where p_t is the probability of the right answer,
 * averaged over classes and examples. logits and targets (0 or 1, float32) [..., c].
 */
export function focalLoss(logits: Tensor, targets: Tensor, options: FocalLossOptions = {}): Tensor {
  const { gamma = 2, alpha, exampleWeights } = options;
  if (!(gamma >= 0 && gamma < Infinity))
    throw optionError("focalLoss", "gamma must be a number, 0 or more", `it is ${gamma}`);
  if (alpha !== undefined && !(alpha >= 0 && alpha <= 1))
    throw optionError("focalLoss", "alpha must be in [0, 1]", `it is ${alpha}`);
  const { flat } = flatten(logits);
  const y = likeLogits("focalLoss", "targets", targets, logits);
  const toward = mul(flat, sub(mul(scalar(2), y), scalar(1))); // z where the answer is yes, -z where it is no
  // 1 - p_t = sigmoid(-toward), so its power is exp(-gamma softplus(toward))
  const easy = exp(mul(scalar(-gamma), softplus(toward)));
  const each = mul(easy, softplus(neg(toward)));
  if (alpha === undefined) return overClasses(each, exampleWeights);
  const factor = add(scalar(1 - alpha), mul(y, scalar(2 * alpha - 1)));
  return overClasses(mul(factor, each), exampleWeights);
}

/**
 * Kullback-Leibler divergence sum_c p (log p - log q), averaged over examples, from the logits of both: what a
 * student (q) of a teacher (p) minimises. Both [..., c]. PyTorch's `F.kl_div(log q, log p, log_target=True,
 * reduction="batchmean")`.
 */
export function klDivergence(logits: Tensor, targetLogits: Tensor, options: Weighting = {}): Tensor {
  const { flat } = flatten(logits);
  const logP = logSoftmax(likeLogits("klDivergence", "targetLogits", targetLogits, logits));
  const each = sum(mul(exp(logP), sub(logP, logSoftmax(flat))), [1]); // [n, 1]
  return options.exampleWeights === undefined ? average(each) : weightedSum(each, options.exampleWeights);
}

/** Mean squared error over all elements of two float32 tensors of one shape. @throws ERR_SHAPE */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  requireLike("meanSquaredError", "target", target, { name: "prediction", tensor: prediction });
  const difference = sub(prediction, target);
  const squares = reshape(mul(difference, difference), [product(prediction.shape), 1]);
  return average(squares);
}

/** [n, c] and c of logits [..., c]. */
function flatten(logits: Tensor): { readonly flat: Tensor; readonly classes: number } {
  const classes = logits.shape[logits.rank - 1];
  if (logits.rank < 2 || typeof classes !== "number") {
    throw shapeError("loss", "logits must be [..., classes]", [logits], "check the head");
  }
  const leading = logits.shape.slice(0, -1);
  return { flat: logits.rank === 2 ? logits : reshape(logits, [product(leading), classes]), classes };
}

/** What belongs to each logit, as [n, c]. */
function likeLogits(loss: string, name: string, x: Tensor, logits: Tensor): Tensor {
  requireLike(loss, name, x, { name: "logits", tensor: logits });
  const { shape } = flatten(logits).flat;
  return x.rank === 2 ? x : reshape(x, shape);
}

function requireLike(
  loss: string,
  name: string,
  x: Tensor,
  like: { readonly name: string; readonly tensor: Tensor },
): void {
  const { shape } = like.tensor;
  if (x.dtype === "float32" && like.tensor.dtype === "float32" && sameShape(x.shape, shape)) return;
  throw shapeError(
    loss,
    `${name} must be float32 ${formatShape(shape)}, like the ${like.name}`,
    [like.tensor, x],
    "reshape or cast one of them; nothing is broadcast",
  );
}

/** Labels [...] as [n]. */
function classNumbers(labels: Tensor, logits: Tensor): Tensor {
  const leading = logits.shape.slice(0, -1);
  if (!["int32", "int64"].includes(labels.dtype) || !sameShape(labels.shape, leading)) {
    throw shapeError(
      "crossEntropy",
      `labels must be int32 or int64 ${formatShape(leading)} where logits are ${formatShape(logits.shape)}`,
      [labels],
      "pass class numbers; for shares of classes use klDivergence, for yes and no binaryCrossEntropy",
    );
  }
  return labels.rank === 1 ? labels : reshape(labels, [product(leading)]);
}

/**
 * The labels [n] as int32 [n, 1], read through a table of the classes: a label outside of 0..c-1 ends the run with
 * ERR_RUN, where comparing alone would count it as no class at all.
 */
function withinRange(labels: Tensor, classes: number): Tensor {
  // Gather takes negative numbers from the end
  const beyond = where(greater(label(labels, 0), labels), label(labels, classes), labels);
  return gatherRows(classList(classes, [classes, 1]), beyond);
}

/** 0, 1, ..., c-1 in a shape of c elements. */
function classList(classes: number, shape: readonly number[]): Tensor {
  return constant({ dtype: "int32", shape, data: Int32Array.from({ length: classes }, (_, c) => c) });
}

/** Mean over classes, then over examples as weighted. */
function overClasses(each: Tensor, exampleWeights: Tensor | undefined): Tensor {
  const perExample = mul(sum(each, [1]), scalar(1 / Number(each.shape[1]))); // [n, 1]
  return exampleWeights === undefined ? average(perExample) : weightedSum(perExample, exampleWeights);
}

/** [n, 1] and [n] to [1]. */
function weightedSum(losses: Tensor, weights: Tensor): Tensor {
  const expected = losses.shape.slice(0, 1);
  if (weights.dtype !== "float32" || !sameShape(weights.shape, expected)) {
    throw shapeError(
      "loss",
      `exampleWeights must be float32 ${formatShape(expected)}`,
      [weights],
      "pass one number an example, 1/n each for a plain mean",
    );
  }
  return sum(mul(reshape(losses, weights.shape), weights), [0]);
}

/** Mean of [n, 1], where n may be named. */
function average(losses: Tensor): Tensor {
  const [n] = losses.shape;
  const total = sum(losses, [0, 1]);
  if (typeof n === "number") return reshape(mul(total, scalar(1 / n)), [1]);
  return dividedBy(total, sum(expand(reshape(scalar(1), [1, 1]), [n, 1]), [0, 1]));
}

/** total / share, both [1, 1], to [1]; 0 where nothing counts. */
function dividedBy(total: Tensor, share: Tensor): Tensor {
  const divisor = where(greater(share, scalar(0)), share, scalar(1));
  return reshape(div(total, divisor), [1]);
}

/** What smoothing adds to every class of every example, [1, c]. */
function spread(smoothing: number, classes: number, weights: readonly number[] | undefined): Tensor {
  const each = Array.from({ length: classes }, (_, c) => ((weights?.[c] ?? 1) * smoothing) / classes);
  return reshape(vector(each), [1, classes]);
}

function vector(values: readonly number[]): Tensor {
  return constant({ dtype: "float32", shape: [values.length], data: Float32Array.from(values) });
}

/** A label as an integer scalar of the labels' own type. */
function label(like: Tensor, value: number): Tensor {
  return like.dtype === "int64"
    ? constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) })
    : constant({ dtype: "int32", shape: [], data: Int32Array.of(value) });
}
