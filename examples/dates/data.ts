/**
 * What is learned from and what is asked: pairs of a spelling and its date.
 *
 * The split is by date, not by pair: a date of `dev` or `test` is in `train` in no spelling.
 */
import { Random } from "attune/nn";
import type { Day, Spelling } from "./spellings.ts";
import { isoDate } from "./spellings.ts";

export type Pair = readonly [source: string, target: string];

export interface Split {
  readonly train: readonly Day[];
  readonly dev: readonly Day[];
  readonly test: readonly Day[];
}

/** Sets aside days to look at while training and days to look at once, at the end. */
export function splitDays(days: readonly Day[], sizes: { dev: number; test: number }, seed: number): Split {
  const shuffled = new Random(seed, "split").shuffle([...days]);
  const held = sizes.dev + sizes.test;
  return {
    dev: shuffled.slice(0, sizes.dev),
    test: shuffled.slice(sizes.dev, held),
    train: shuffled.slice(held),
  };
}

/** `count` days, each in some spelling. */
export function drawPairs(
  days: readonly Day[],
  spellings: readonly Spelling[],
  count: number,
  random: Random,
): Pair[] {
  return Array.from({ length: count }, () => {
    const day = days[random.int(days.length)];
    return [spellings[random.int(spellings.length)].write(day), isoDate(day)] as const;
  });
}

/** Every day in every spelling. */
export function allPairs(days: readonly Day[], spellings: readonly Spelling[]): Pair[] {
  return days.flatMap((day) => spellings.map(({ write }) => [write(day), isoDate(day)] as const));
}
