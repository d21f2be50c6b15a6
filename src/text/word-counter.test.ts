import { describe, expect, it } from "vitest";
import { BertNormalizer } from "./normalizer.ts";
import { WordCounter } from "./word-counter.ts";

const counted = (counter: WordCounter) =>
  new Map(counter.words().map(([word, count]) => [word.join(""), count]));

describe("counting words", () => {
  it("counts each after normalization", () => {
    const counter = new WordCounter(new BertNormalizer({}));
    for (const text of ["Été, été!", "你好你", "ete"]) counter.add(text);
    expect(counted(counter)).toEqual(
      new Map([
        ["ete", 3],
        [",", 1],
        ["!", 1],
        ["你", 2],
        ["好", 1],
      ]),
    );
  });

  it("forgets the rarest where there are too many, and keeps the frequent ones exactly", () => {
    const counter = new WordCounter(new BertNormalizer({}), 100);
    const frequent = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const word = `often${i % 20}`;
      frequent.set(word, (frequent.get(word) ?? 0) + 1);
      counter.add(`${word} rare${i}`);
    }
    const counts = counted(counter);
    expect(counts.size).toBeLessThanOrEqual(100);
    for (const [word, count] of frequent) expect(counts.get(word)).toBe(count);
  });

  it("makes room also where no word is seen but once", () => {
    const counter = new WordCounter(new BertNormalizer({}), 100);
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < 60; i++) counter.add(`a${i} a${i} b${i + 60 * round}`);
    expect(counted(counter).size).toBeLessThanOrEqual(100);
    const twice = new WordCounter(new BertNormalizer({}), 100);
    for (let i = 0; i < 400; i++) twice.add(`w${i} w${i} w${i}`);
    // 101 words seen three times each are all forgotten at once: what comes after is there
    expect([...counted(twice).values()].every((count) => count === 3)).toBe(true);
    expect(counted(twice).has("w399")).toBe(true);
  });
});
