/**
 * Notices a run that has learnt nothing: one label predicted for every text, and a training loss no better than
 * knowing how frequent the labels are.
 *
 *     H = -sum_c p_c log p_c        the cross-entropy of always answering with the label frequencies
 *
 * On unbalanced data the first epochs may rightly predict one label; so both signs must hold, twice in a row.
 */
import { AttuneError } from "../base/errors.ts";
import { argmaxRows } from "../eval/index.ts";
import type { LoopState } from "./checkpoint.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { Examples } from "./prepare.ts";

/** A loss above this share of H counts as having learnt nothing. */
const LEARNT_NOTHING = 0.98;
const EPOCHS = 2;

/**
 * The number of epochs in a row that look collapsed, this one included.
 *
 * @param predicted dev probabilities [n, c]
 * @throws ERR_COLLAPSED after two of them
 */
export function checkCollapse(examples: Examples, predicted: Float64Array, state: LoopState, options: ResolvedTrainOptions): number {
  const { schema, labels } = examples;
  if (labels.train.kind === "multi") return 0; // predicting no label at all is a fair start there
  const classes = new Set(argmaxRows(predicted, schema.names.length));
  const loss = state.epochLoss / Math.max(1, state.epochExamples);
  const collapsed = classes.size === 1 && loss > LEARNT_NOTHING * entropy(labels.train.ids, schema.names.length);
  const epochs = collapsed ? state.collapsedEpochs + 1 : 0;
  if (epochs < EPOCHS) return epochs;
  const [only] = classes;
  throw new AttuneError("ERR_COLLAPSED", {
    rule: "predictions must depend on the text",
    found: `for ${epochs} epochs every dev text was called "${schema.names[only]}", and the training loss ${loss.toFixed(3)} is no better than guessing by frequency`,
    next: `the learning rate ${options.lr} is most likely too high: try --lr ${Number((options.lr / 5).toPrecision(1))}; if that changes nothing, check that the labels belong to the texts`,
  });
}

function entropy(ids: Int32Array, classes: number): number {
  const counts = new Array<number>(classes).fill(0);
  for (const id of ids) counts[id] += 1;
  return counts.reduce((sum, count) => (count === 0 ? sum : sum - (count / ids.length) * Math.log(count / ids.length)), 0);
}
