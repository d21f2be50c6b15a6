/**
 * Notices a run that has learnt nothing: one label predicted for every text, and a training loss no better than
 * knowing how frequent the labels are.
 *
 *     H = -sum_c p_c log p_c        the cross-entropy of always answering with the label frequencies
 *
 * On small or unbalanced data the first epochs may rightly predict one label; so both signs must hold twice in a
 * row, after the warm-up and some steps at full rate.
 */
import { AttuneError } from "../base/errors.ts";
import { argmaxRows } from "../eval/index.ts";
import type { LoopState } from "./checkpoint.ts";
import type { Examples } from "./prepare.ts";

/** A loss above this share of H counts as having learnt nothing. */
const LEARNT_NOTHING = 0.98;
const EPOCHS = 2;
const STEPS_AT_FULL_RATE = 100;

/** The one label that all rows of probabilities [n, c] choose, or undefined where they differ. */
export function onlyPrediction(predicted: Float64Array, labels: readonly string[]): string | undefined {
  const classes = new Set(argmaxRows(predicted, labels.length));
  const [only] = classes;
  return classes.size === 1 ? labels[only] : undefined;
}

/**
 * The number of epochs in a row that look collapsed, this one included.
 *
 * @param predicted dev probabilities [n, c]
 * @throws ERR_COLLAPSED after two of them
 */
export function checkCollapse(
  examples: Examples,
  predicted: Float64Array,
  state: LoopState,
  options: { readonly lr: number; readonly warmupSteps: number },
): number {
  const { schema, labels } = examples;
  if (labels.train.kind === "multi") return 0; // predicting no label at all is a fair start there
  if (state.step < options.warmupSteps + STEPS_AT_FULL_RATE) return 0;
  const only = onlyPrediction(predicted, schema.names);
  const loss = state.epochLoss / Math.max(1, state.epochExamples);
  const collapsed =
    only !== undefined && loss > LEARNT_NOTHING * entropy(labels.train.ids, schema.names.length);
  const epochs = collapsed ? state.collapsedEpochs + 1 : 0;
  if (epochs < EPOCHS) return epochs;
  throw new AttuneError("ERR_COLLAPSED", {
    rule: "predictions must depend on the text",
    found: `for ${epochs} epochs every dev text was called "${only}", and the training loss ${loss.toFixed(3)} is no better than guessing by frequency`,
    next: `the learning rate ${options.lr} is most likely too high: try --lr ${Number((options.lr / 5).toPrecision(1))}; if that changes nothing, check that the labels belong to the texts`,
  });
}

function entropy(ids: Int32Array, classes: number): number {
  const counts = new Array<number>(classes).fill(0);
  for (const id of ids) counts[id] += 1;
  return counts.reduce(
    (sum, count) => (count === 0 ? sum : sum - (count / ids.length) * Math.log(count / ids.length)),
    0,
  );
}
