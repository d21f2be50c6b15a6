/**
 * A stratified split into a training and a dev part.
 *
 * Equal texts form a group, and a group is never divided. A group belongs to the stratum of its rarest label
 * (for single labels: of its label; for several, the rarest is the one that a random split would lose). In each
 * stratum a random `devShare` goes to dev; what rounding leaves over is carried to the next stratum, rarest
 * first, so that the whole has the right size too. Then a label that train lacks gets a group back from dev.
 *
 * Taking the rarest label is the first step of iterative stratification (Sechidis, Tsoumakas, Vlahavas, "On the
 * Stratification of Multi-Label Data", ECML PKDD 2011, section 3); their second, revising the wishes of the
 * other labels after every draw, is left out.
 */
import { AttuneError } from "../base/errors.ts";
import { Random } from "../base/random.ts";
import { groupByText } from "./duplicates.ts";
import type { Example } from "./examples.ts";
import { compareNatural } from "./natural-order.ts";

export interface SplitOptions {
  /** Share of the examples that goes to dev, between 0 and 1. */
  readonly devShare: number;
  /** Integer in 0..2^53-1. */
  readonly seed: number;
}

/** Indices of examples with the same text. */
type Group = readonly number[];

/**
 * Splits examples; both parts keep the order of the source. Every label stays in train with at least one text.
 *
 * @throws ERR_SPLIT_SHARE when the share is not between 0 and 1 or leaves dev or train empty
 * @example
 * const { train, dev } = splitExamples(set.examples, { devShare: 0.1, seed: 1 });
 */
export function splitExamples(
  examples: readonly Example[],
  { devShare, seed }: SplitOptions,
): { train: Example[]; dev: Example[] } {
  if (!(devShare > 0 && devShare < 1)) throw shareError(`found ${devShare}`);
  const groups = groupByText(examples);
  const labelsOf = (group: Group) => [...new Set(group.flatMap((index) => examples[index].labels))];
  const dev = drawDev(strataOf(examples, groups, labelsOf), devShare, new Random(seed, "split"));
  returnLostLabels(groups, dev, labelsOf);
  const inDev = new Set([...dev].flat());
  const parts = {
    train: examples.filter((_, index) => !inDev.has(index)),
    dev: examples.filter((_, index) => inDev.has(index)),
  };
  const empty = parts.dev.length === 0 ? "dev" : parts.train.length === 0 ? "train" : undefined;
  if (empty === undefined) return parts;
  throw shareError(`${devShare} of ${groups.length} different texts leaves ${empty} empty`);
}

/** Groups by rarest label, the rarest stratum first; unlabelled groups form the last one. */
function strataOf(
  examples: readonly Example[],
  groups: readonly Group[],
  labelsOf: (group: Group) => string[],
): Group[][] {
  const counts = new Map<string, number>();
  for (const label of examples.flatMap((example) => example.labels)) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const byRarity = [...counts.keys()].sort(
    (a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || compareNatural(a, b),
  );
  const place = new Map(byRarity.map((label, i) => [label, i]));
  const strata: Group[][] = Array.from({ length: byRarity.length + 1 }, () => []);
  for (const group of groups) {
    const places = labelsOf(group).map((label) => place.get(label) ?? byRarity.length);
    strata[Math.min(byRarity.length, ...places)].push(group);
  }
  return strata;
}

/** Draws each stratum's share; `owed` is how many examples dev still lacks, fractions carried along. */
function drawDev(strata: Group[][], devShare: number, random: Random): Set<Group> {
  const dev = new Set<Group>();
  let owed = 0;
  for (const stratum of strata) {
    owed += devShare * stratum.reduce((sum, group) => sum + group.length, 0);
    for (const group of random.shuffle([...stratum])) {
      if (owed < group.length / 2) continue;
      dev.add(group);
      owed -= group.length;
    }
  }
  return dev;
}

/** Moves a group back to train for every label that train has lost. */
function returnLostLabels(
  groups: readonly Group[],
  dev: Set<Group>,
  labelsOf: (group: Group) => string[],
): void {
  const inTrain = new Set(groups.filter((group) => !dev.has(group)).flatMap(labelsOf));
  for (const group of dev) {
    const labels = labelsOf(group);
    if (labels.every((label) => inTrain.has(label))) continue;
    dev.delete(group);
    for (const label of labels) inTrain.add(label);
  }
}

function shareError(found: string): AttuneError {
  return new AttuneError("ERR_SPLIT_SHARE", {
    rule: "the share for dev must lie between 0 and 1 and leave examples on both sides",
    found,
    next: "pass another --dev-share, or a file of its own with --dev",
  });
}
