/**
 * Texts that stand more than once: within one set, and across two.
 *
 * Two texts are the same when they differ in nothing but white space (runs of it count as one space, none at
 * the ends). Case, punctuation and Unicode form count as differences; near duplicates are not looked for.
 */
import type { Example } from "./examples.ts";

/** A text of one set that stands in another. */
export interface Leak {
  /** In the other set. */
  readonly example: Example;
  /** In the training set: the first with this text. */
  readonly trainExample: Example;
  /** False when the two disagree on the labels. */
  readonly sameLabels: boolean;
}

/** What makes two examples the same text: the text and its pair with white space normalised. */
export function textKey(example: Pick<Example, "text" | "textPair">): string {
  // normalised text has no line break, so one can stand between the two
  const text = normalise(example.text);
  return example.textPair === undefined ? text : `${text}\n${normalise(example.textPair)}`;
}

/**
 * The examples of `other` whose text also stands in `train`, in order: scores on them flatter the model.
 *
 * @example
 * const leaks = findLeaks(train.examples, test.examples);
 * if (leaks.length > 0) console.warn(`${leaks.length} texts of the test set were trained on`);
 */
export function findLeaks(train: readonly Example[], other: readonly Example[]): Leak[] {
  const inTrain = new Map<string, Example>();
  for (const example of train) {
    const key = textKey(example);
    if (!inTrain.has(key)) inTrain.set(key, example);
  }
  return other.flatMap((example) => {
    const trainExample = inTrain.get(textKey(example));
    return trainExample === undefined
      ? []
      : [{ example, trainExample, sameLabels: sameSet(example.labels, trainExample.labels) }];
  });
}

/** Indices of `examples` grouped by text, in order of first appearance. */
export function groupByText(examples: readonly Example[]): number[][] {
  const groups = new Map<string, number[]>();
  examples.forEach((example, index) => {
    const key = textKey(example);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  });
  return [...groups.values()];
}

function normalise(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label) => b.includes(label));
}
