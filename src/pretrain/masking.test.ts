import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chiSquare, chiSquareLimit } from "../../test/chi-square.ts";
import { Random } from "../base/random.ts";
import { type Masking, maskings, mask, spanLength } from "./masking.ts";
import { CONTINUES } from "./token-store.ts";

const MASK = 4;
const WORDS = [10, 11, 12, 13, 14, 15, 16, 17];

function hide(tokens: Uint32Array, masking: Masking, stream: string, maskShare = 0.15) {
  return mask(tokens, { masking, maskShare, maskId: MASK, wordIds: WORDS }, new Random(3, stream));
}

/** A text of words of these lengths; ids from 100 up, all different. */
function text(...lengths: readonly number[]): Uint32Array {
  let id = 100;
  return Uint32Array.from(
    lengths.flatMap((length) =>
      Array.from({ length }, (_, i) => (i === 0 ? id++ : (id++ | CONTINUES) >>> 0)),
    ),
  );
}

/** The places of each word; a text that starts inside a word starts with a part of one. */
function wordsOf(tokens: Uint32Array): number[][] {
  const words: number[][] = [];
  tokens.forEach((token, place) => {
    if (place === 0 || (token & CONTINUES) === 0) words.push([]);
    words.at(-1)?.push(place);
  });
  return words;
}

const tokensOf = (marks: readonly boolean[]) =>
  Uint32Array.from(marks, (continues, i) => (continues ? (100 + i) | CONTINUES : 100 + i) >>> 0);
const anyTokens = fc.array(fc.boolean(), { minLength: 1, maxLength: 80 }).map(tokensOf);
const anyShare = fc.double({ min: 0.01, max: 0.99, noNaN: true });

describe("how many tokens are hidden", () => {
  it("max(1, round(share n)) one by one; with words no more, but for a text in which none fits", () => {
    fc.assert(
      fc.property(anyTokens, anyShare, fc.constantFrom(...maskings), fc.string(), (tokens, share, how, s) => {
        const { places } = hide(tokens, how, s, share);
        const count = Math.max(1, Math.round(share * tokens.length));
        const shortest = Math.min(...wordsOf(tokens).map((word) => word.length));
        expect(places.length).toBeGreaterThan(0);
        if (how === "tokens") expect(places.length).toBe(count);
        else expect(places.length).toBeLessThanOrEqual(Math.max(count, shortest));
      }),
    );
  });

  it("as many as there is room for: only words that would exceed the count are passed over", () => {
    fc.assert(
      fc.property(anyTokens, anyShare, (tokens, share) => {
        const { places } = hide(tokens, "whole-words", "room", share);
        const hidden = new Set(places);
        const room = Math.max(1, Math.round(share * tokens.length)) - places.length;
        for (const word of wordsOf(tokens))
          if (!hidden.has(word[0])) expect(word.length).toBeGreaterThan(room);
      }),
    );
  });
});

describe("what is hidden together", () => {
  it.each(["whole-words", "spans"] as const)("%s never split a word", (masking) => {
    fc.assert(
      fc.property(anyTokens, anyShare, fc.string(), (tokens, share, stream) => {
        const hidden = new Set(hide(tokens, masking, stream, share).places);
        for (const word of wordsOf(tokens)) {
          expect([0, word.length]).toContain(word.filter((place) => hidden.has(place)).length);
        }
      }),
    );
  });

  it.each([
    ["one token", text(1), [[0]]],
    ["one word", text(7), [[0, 1, 2, 3, 4, 5, 6]]],
    ["words that are all longer than the count", text(3, 2, 4), [[3, 4]]],
    [
      "two shortest words",
      text(2, 3, 2),
      [
        [0, 1],
        [5, 6],
      ],
    ],
    ["the end of a word first", text(4, 3).subarray(2), [[0, 1]]],
  ])("%s: the shortest goes whole", (_, tokens, wanted) => {
    for (const masking of ["whole-words", "spans"] as const) {
      const seen = new Set<string>();
      for (let i = 0; i < 40; i++) seen.add(JSON.stringify([...hide(tokens, masking, `${i}`).places]));
      expect([...seen].sort()).toEqual(wanted.map((places) => JSON.stringify(places)));
    }
  });

  it("spans are runs of words: far longer than chance would make them", () => {
    const tokens = text(...new Array<number>(200).fill(1));
    const runs = (masking: Masking) => {
      let count = 0;
      for (let i = 0; i < 100; i++) {
        const { places } = hide(tokens, masking, `${i}`);
        expect(places).toHaveLength(30);
        count += places.filter((place, k) => k === 0 || places[k - 1] !== place - 1).length;
      }
      return count / 100;
    };
    expect(runs("tokens")).toBeGreaterThan(24); // 30 * 0.85
    expect(runs("spans")).toBeLessThan(13); // 30 tokens in spans of 3.8, some of which meet
    expect(runs("spans")).toBeGreaterThan(5);
  });

  it("the lengths of spans follow the truncated geometric distribution", () => {
    const random = new Random(1, "spans");
    const counts = new Array<number>(10).fill(0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) counts[spanLength(random) - 1]++;
    const mass = counts.map((_, i) => 0.2 * 0.8 ** i);
    const total = mass.reduce((a, b) => a + b);
    const limit = chiSquareLimit(9);
    expect(
      chiSquare(
        counts,
        mass.map((m) => (draws * m) / total),
      ),
    ).toBeLessThan(limit);
  });
});

describe("chance", () => {
  it.each([
    ["tokens", 40],
    ["whole-words", 40],
  ] as const)("%s: every place as often as the others", (masking, n) => {
    const counts = new Array<number>(n).fill(0);
    const tokens = text(...new Array<number>(n).fill(1));
    const rounds = 2000;
    for (let i = 0; i < rounds; i++)
      for (const place of hide(tokens, masking, `${i}`).places) counts[place]++;
    // of n places 6 without replacement: the statistic is that of independent draws times (n - 6) / (n - 1) or less
    expect(chiSquare(counts, (rounds * 6) / n)).toBeLessThan(chiSquareLimit(n - 1));
  });

  it("80% [MASK], 10% a random word, 10% as it was; every word as often as the others", () => {
    const tokens = Uint32Array.from({ length: 20_000 }, (_, i) => 1000 + i);
    const { ids, places, labels } = hide(tokens, "tokens", "kinds", 0.9);
    const kinds = [0, 0, 0];
    const words = new Array<number>(WORDS.length).fill(0);
    places.forEach((place, k) => {
      const now = ids[place];
      if (now === MASK) kinds[0]++;
      else if (now === labels[k]) kinds[2]++;
      else kinds[1]++;
      if (WORDS.includes(now)) words[WORDS.indexOf(now)]++;
    });
    const total = places.length;
    expect(total).toBe(18_000);
    expect(chiSquare(kinds, [0.8 * total, 0.1 * total, 0.1 * total])).toBeLessThan(chiSquareLimit(2));
    expect(words.reduce((a, b) => a + b)).toBe(kinds[1]);
    expect(chiSquare(words, kinds[1] / words.length)).toBeLessThan(chiSquareLimit(words.length - 1));
  });
});

describe("the result", () => {
  it("labels are what stood there, places ascend, the rest stays, no mark is left", () => {
    fc.assert(
      fc.property(anyTokens, anyShare, fc.constantFrom(...maskings), (tokens, share, how) => {
        const { ids, places, labels } = hide(tokens, how, "labels", share);
        const original = Int32Array.from(tokens, (token) => token & ~CONTINUES);
        expect(labels).toEqual(places.map((place) => original[place]));
        expect([...places]).toEqual([...new Set(places)].sort((a, b) => a - b));
        places.forEach((place, k) => (ids[place] = labels[k]));
        expect(ids).toEqual(original);
      }),
    );
  });

  it.each(maskings)("%s: the same of one stream, another of another", (how) => {
    const tokens = text(1, 2, 3, 1, 1, 4, 2, 1, 1, 1, 3, 2, 1, 1, 1, 2, 1, 1, 5, 1, 1, 2);
    expect(hide(tokens, how, "a")).toEqual(hide(tokens, how, "a"));
    expect(hide(tokens, how, "a")).not.toEqual(hide(tokens, how, "b"));
  });
});
