import { expect, it } from "vitest";
import { BertNormalizer } from "./normalizer.ts";

// a mark above (class 230, dropped), a tilde through the letter (class 1, dropped), and marks that are kept
const ABOVE = "\u0301";
const THROUGH = "\u0334";
const HANGUL_TONE = "\u302e"; // class 224
const ADLAM_NUKTA = "\u{1e94a}"; // class 7
const BALINESE_VIRAMA = "\u1b44"; // class 9
const MUSICAL_NOTE = "\u{1d15e}"; // a note head (class 0) and a stem (class 216)

function read(text: string, options = {}): [string, string][] {
  const normalized = new BertNormalizer({ lowercase: true, ...options }).normalize(text);
  const characters = Array.from(normalized.slice());
  let unit = 0;
  return characters.map((character) => {
    const source = text.slice(normalized.starts[unit], normalized.ends[unit]);
    unit += character.length;
    return [character, source];
  });
}

it("leaves a kept mark where it is when it stands in order", () => {
  expect(read(`a${THROUGH}${HANGUL_TONE}b`)).toEqual([
    ["a", "a"],
    [HANGUL_TONE, HANGUL_TONE],
    ["b", "b"],
  ]);
});

it("gives a kept mark the place of the accent that it is sorted in front of", () => {
  expect(read(`a${ABOVE}${HANGUL_TONE}b`)).toEqual([
    ["a", "a"],
    [HANGUL_TONE, ABOVE],
    ["b", "b"],
  ]);
});

it("sorts kept marks among themselves", () => {
  expect(read(`a${BALINESE_VIRAMA}${ADLAM_NUKTA}`)).toEqual([
    ["a", "a"],
    [ADLAM_NUKTA, BALINESE_VIRAMA],
    [BALINESE_VIRAMA, ADLAM_NUKTA],
  ]);
});

it("does not sort across a letter, nor across a mark of class 0", () => {
  const thaanaVowel = "\u0e38"; // class 103
  const indicVowel = "\u0941"; // dropped, class 0
  expect(read(`${HANGUL_TONE}x${ADLAM_NUKTA}`).map(([character]) => character)).toEqual([
    HANGUL_TONE,
    "x",
    ADLAM_NUKTA,
  ]);
  expect(read(`a${thaanaVowel}${indicVowel}${ADLAM_NUKTA}`)).toEqual([
    ["a", "a"],
    [ADLAM_NUKTA, ADLAM_NUKTA],
  ]);
});

it("counts a mark that a decomposition added to the place before it", () => {
  expect(read(MUSICAL_NOTE)).toEqual([
    ["\u{1d157}", MUSICAL_NOTE],
    ["\u{1d165}", MUSICAL_NOTE],
  ]);
  expect(read(`${MUSICAL_NOTE}${THROUGH}`)).toEqual([
    ["\u{1d157}", MUSICAL_NOTE],
    ["\u{1d165}", THROUGH],
  ]);
});

it("passes over what cleaning removes inside a run", () => {
  expect(read(`a${ABOVE}\u200b${HANGUL_TONE}`)).toEqual([
    ["a", "a"],
    [HANGUL_TONE, ABOVE],
  ]);
});

it("does nothing where accents are kept", () => {
  expect(read(`a${ABOVE}${HANGUL_TONE}`, { stripAccents: false })).toEqual([
    ["a", "a"],
    [ABOVE, ABOVE],
    [HANGUL_TONE, HANGUL_TONE],
  ]);
});

it("sorts a run of 200,000 marks", () => {
  const text = `a${(ABOVE + HANGUL_TONE).repeat(100_000)}`;
  expect(new BertNormalizer().normalize(text).length).toBe(100_001);
});
