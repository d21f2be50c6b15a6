/**
 * Notices a run that has learnt nothing: one label predicted for every text, and a training loss no better than
 * knowing how frequent the labels are.
 *
 *     H = -sum_c p_c log p_c        the cross-entropy of always answering with the label frequencies
 *
 * On small or unbalanced data the first epochs may rightly predict one label; so both signs must hold twice in a
 * row, and the run must have had some steps at full rate or be about to end.
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

/** The number of epochs in a row that look collapsed, this one included. `predicted`: dev probabilities [n, c]. */
export function collapsedEpochs(examples: Examples, predicted: Float64Array, state: LoopState): number {
  const { schema, labels } = examples;
  if (labels.train.kind === "multi") return 0; // predicting no label at all is a fair start there
  const loss = state.epochLoss / Math.max(1, state.epochExamples);
  const learntNothing = loss > LEARNT_NOTHING * entropy(labels.train.ids, schema.names.length);
  return learntNothing && onlyPrediction(predicted, schema.names) !== undefined
    ? state.collapsedEpochs + 1
    : 0;
}

/**
 * Stops a run that has collapsed and has had its chance, or is about to end.
 *
 * @throws ERR_COLLAPSED
 */
export function refuseCollapse(
  state: LoopState,
  run: { readonly lr: number; readonly warmupSteps: number; readonly ends: boolean },
): void {
  const hadItsChance = state.step >= run.warmupSteps + STEPS_AT_FULL_RATE || run.ends;
  if (state.collapsedEpochs < EPOCHS || !hadItsChance) return;
  throw new AttuneError("ERR_COLLAPSED", {
    rule: "predictions must depend on the text",
    found: `for ${state.collapsedEpochs} epochs every dev text got the same label, and the training loss is no better than guessing by frequency`,
    next: `the learning rate ${run.lr} is most likely too high: try --lr ${Number((run.lr / 5).toPrecision(1))}; if that changes nothing, train longer, and check that the labels belong to the texts`,
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
