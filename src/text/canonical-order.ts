/**
 * Canonical ordering where it can be seen after accents are dropped: around the few marks that are not accents.
 *
 * NFD sorts each run of combining marks by class. Where all of them are dropped the order does not matter; a kept
 * mark (the virama of Balinese, the nukta of Adlam, tone marks of Hangul) may change places with a dropped one. Its
 * offsets are then those of the place it came to, since `tokenizers` aligns by position: the n-th character after
 * sorting takes the n-th place, and a character that a decomposition added takes the place before it.
 *
 * Source: Unicode Standard, section 3.11 (Canonical Ordering Algorithm); `NormalizedString::transform` of
 * `tokenizers` 0.23. Does not handle characters without a kept mark: the normalizer's table does.
 */
import { CharacterClass, hasClass } from "./character-classes.ts";
import { codePointAt, decompose, unitCount } from "./code-points.ts";
import type { NormalizedText } from "./normalized-text.ts";

/** One character of the decomposed run. */
interface Part {
  readonly codePoint: number;
  /** Not the first of its decomposition: it has no place of its own. */
  readonly added: boolean;
  readonly start: number;
  readonly end: number;
}

const MARK = CharacterClass.accent | CharacterClass.keptMark;

/** The mark of the highest combining class, 240: every other mark is sorted in front of it. */
const LAST_MARK = 0x345;

/**
 * Adds to `out` what is kept of the run of marks round unit `at` of `text`, where a character with a kept mark
 * stands, and returns where the run ends. The accents right before `at` belong to the run, though they were read
 * (and dropped) already.
 */
export function canonicalOrder(
  text: string,
  from: number,
  at: number,
  to: number,
  clean: boolean,
  out: NormalizedText,
): number {
  const skipped = clean ? CharacterClass.removed : 0;
  const run: Part[] = [];
  let end = runStart(text, from, at, skipped);
  while (end < to) {
    const codePoint = codePointAt(text, end, to);
    const next = end + unitCount(codePoint);
    if (!hasClass(codePoint, skipped)) {
      const parts = decompose(codePoint);
      // the character at `at` may bring a letter of its own; after it, a letter ends the run
      if (end > at && !hasClass(parts[0], MARK)) break;
      for (const [i, part] of parts.entries()) {
        run.push({ codePoint: part, added: i > 0, start: end, end: next });
      }
    }
    end = next;
  }

  const places = run.filter((part) => !part.added);
  let taken = 0;
  for (const part of inOrder(run)) {
    if (!part.added) taken++;
    const place = places[Math.max(taken - 1, 0)];
    if (!hasClass(part.codePoint, CharacterClass.accent)) out.push(part.codePoint, place.start, place.end);
  }
  return end;
}

/** Where the accents that end at unit `at` begin, with what cleaning removes between them. */
function runStart(text: string, from: number, at: number, skipped: number): number {
  let start = at;
  while (start > from) {
    const pair = start - from > 1 && codePointAt(text, start - 2, start) > 0xffff;
    const previous = pair ? start - 2 : start - 1;
    if (!hasClass(codePointAt(text, previous, start), CharacterClass.accent | skipped)) break;
    start = previous;
  }
  return start;
}

/** The run with each stretch of marks sorted by combining class, equal ones as they stood. */
function inOrder(run: readonly Part[]): Part[] {
  const classes = rankClasses(run);
  const rank = (part: Part) => classes.get(part.codePoint) ?? 0;
  const ordered: Part[] = [];
  for (let start = 0; start < run.length; ) {
    let end = start + 1;
    if (rank(run[start]) > 0) while (end < run.length && rank(run[end]) > 0) end++;
    for (const part of run.slice(start, end).sort((a, b) => rank(a) - rank(b))) ordered.push(part);
    start = end;
  }
  return ordered;
}

/**
 * The marks of a run whose combining class is above 0, with numbers that compare as their classes do. The classes
 * themselves are asked of the runtime's NFD, and only for marks that our tables know, since those cannot change.
 */
function rankClasses(run: readonly Part[]): ReadonlyMap<number, number> {
  const marks = [...new Set(run.map((part) => part.codePoint))]
    .filter((mark) => hasClass(mark, MARK) && (mark === LAST_MARK || swap(LAST_MARK, mark)))
    .sort(compareClasses);
  const ranks = new Map<number, number>();
  let rank = 0;
  for (const [i, mark] of marks.entries()) {
    if (i === 0 || compareClasses(marks[i - 1], mark) < 0) rank++;
    ranks.set(mark, rank);
  }
  return ranks;
}

function compareClasses(a: number, b: number): number {
  if (swap(a, b)) return 1;
  return swap(b, a) ? -1 : 0;
}

/** Whether canonical ordering exchanges two marks that stand in this order. */
function swap(first: number, second: number): boolean {
  const text = String.fromCodePoint(first, second);
  return text.normalize("NFD") !== text;
}
