/**
 * Unicode's normalization forms (NFC, NFD, NFKC, NFKD) with alignment.
 *
 * Source: Unicode Standard Annex 15. The forms themselves are the runtime's; which character of the result stands for
 * which of the input is worked out here, run by run, as the Rust crate behind `tokenizers` counts it: the first
 * character of a decomposition stands for the character, the others are added; a composition of n removes n - 1.
 * Characters that got a decomposition only after our tables were frozen stay whole, and marks that are newer than they
 * neither move nor join (character-classes.ts).
 */
import type { AlignedText, Change } from "./aligned-text.ts";
import { transformAligned } from "./aligned-text.ts";
import { CharacterClass, hasClass } from "./character-classes.ts";
import { codePoints } from "./code-points.ts";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

const HANGUL_PARTS = [0x1160, 0x11ff] as const;

/** `input` in a form. */
export function unicodeForm(input: AlignedText, form: UnicodeForm): AlignedText {
  if (input.text.normalize(form) === input.text) return input;
  return transformAligned(input, changes(input.text, form));
}

function* changes(text: string, form: UnicodeForm): Generator<Change> {
  const compatible = form.startsWith("NFK");
  const decomposition = compatible ? "NFKD" : "NFD";
  let run: Change[] = [];
  for (const codePoint of codePoints(text)) {
    const parts = decomposed(codePoint, decomposition);
    if (!joins(parts[0])) {
      yield* inForm(run, form);
      run = [];
    }
    if (isNewMark(codePoint)) {
      yield [codePoint, 0];
      continue;
    }
    for (const [i, part] of parts.entries()) run.push([part, i > 0 ? 1 : 0]);
  }
  yield* inForm(run, form);
}

/** Whether it may be moved behind, or composed with, the character before it: marks, and the parts of Hangul syllables. */
function joins(codePoint: number): boolean {
  const [first, last] = HANGUL_PARTS;
  return hasClass(codePoint, CharacterClass.mark) || (codePoint >= first && codePoint <= last);
}

function isNewMark(codePoint: number): boolean {
  return !hasClass(codePoint, CharacterClass.mark) && /^\p{M}/u.test(String.fromCodePoint(codePoint));
}

function decomposed(codePoint: number, form: UnicodeForm): number[] {
  if (codePoint < 0x80 || hasClass(codePoint, CharacterClass.undecomposed)) return [codePoint];
  return codePoints(String.fromCodePoint(codePoint).normalize(form));
}

/** A run of decomposed characters in canonical order, and composed where the form composes. */
function inForm(run: readonly Change[], form: UnicodeForm): Change[] {
  if (run.length <= 1) return [...run];
  const text = String.fromCodePoint(...run.map(([codePoint]) => codePoint));
  const left = [...run];
  /** The change of the first such character that is left; equal ones keep their order in sorting. */
  const take = (codePoint: number): number => {
    const at = left.findIndex(([one]) => one === codePoint);
    return at === -1 ? 0 : left.splice(at, 1)[0][1];
  };
  return codePoints(text.normalize(form === "NFC" || form === "NFKC" ? "NFC" : "NFD")).map((codePoint) => {
    const parts = codePoints(String.fromCodePoint(codePoint).normalize("NFD"));
    const change = parts.reduce((sum, part) => sum + take(part), 0);
    return [codePoint, change - (parts.length - 1)];
  });
}
