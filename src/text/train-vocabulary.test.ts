import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type TrainVocabularyOptions, trainWordPiece, WordPieceTrainer } from "./train-vocabulary.ts";
import { BertTokenizer } from "./tokenizer.ts";

const SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

function learn(texts: readonly string[], options: Partial<TrainVocabularyOptions> = {}): string[] {
  const vocabulary = trainWordPiece(texts, { vocabSize: 1000, ...options });
  expect(vocabulary.slice(0, 5)).toEqual(SPECIALS);
  return vocabulary.slice(5);
}

/** The definition of the merges: count every pair again after each one. */
function learnByDefinition(words: readonly string[], vocabSize: number, minFrequency: number): string[] {
  const spelled = words.map((word) =>
    Array.from(word, (character, i) => (i > 0 ? `##${character}` : character)),
  );
  const pieces = [...new Set(words.flatMap((word) => Array.from(word)))].sort();
  pieces.push(...[...new Set(spelled.flatMap((word) => word.slice(1)))].sort());
  while (pieces.length < vocabSize) {
    const counts = new Map<string, number>();
    for (const word of spelled) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${pieces.indexOf(word[i - 1])} ${pieces.indexOf(word[i])}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const ranked = [...counts].map(([key, count]) => ({ count, pair: key.split(" ").map(Number) }));
    const [best] = ranked.sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1]);
    if (best === undefined || best.count < minFrequency) break;
    const [left, right] = best.pair.map((id) => pieces[id]);
    const merged = left + right.slice(2);
    if (!pieces.includes(merged)) pieces.push(merged);
    for (const word of spelled) {
      for (let i = 0; i + 1 < word.length; i++)
        if (word[i] === left && word[i + 1] === right) word.splice(i, 2, merged);
    }
  }
  return pieces;
}

describe("what is learnt", () => {
  it("characters in the order of code points, then merges, most frequent first", () => {
    expect(learn(["low low lower newer"])).toEqual("e l n o r w ##e ##o ##r ##w lo low ##er".split(" "));
  });

  it("nothing from pairs that are too rare", () => {
    expect(learn(["ab ab cd"], { minFrequency: 2 })).toEqual("a b c d ##b ##d ab".split(" "));
    expect(learn(["ab ab cd"], { minFrequency: 3 })).toEqual("a b c d ##b ##d".split(" "));
    expect(learn(["ab ab cd"], { minFrequency: 1 })).toEqual("a b c d ##b ##d ab cd".split(" "));
  });

  it("from normalized words, Chinese characters each by themselves", () => {
    expect(learn(["Été, ÉTÉ!", "你好你"])).toEqual("! , e t 你 好 ##e ##t et ete".split(" "));
    expect(learn(["Aa"], { lowercase: false })).toEqual(["A", "a", "##a"]);
  });

  it("nothing from words that WordPiece would call unknown for their length", () => {
    expect(learn([`${"ab".repeat(51)} c`])).toEqual(["c"]);
  });

  it("as much as there is room for", () => {
    const text = "aaaa aaaa bb bb bb";
    expect(learn([text], { vocabSize: 11 })).toEqual("a b ##a ##b ##aa bb".split(" "));
    expect(learn([text], { vocabSize: 9 })).toEqual("a b ##a ##b".split(" "));
    // the rarer character gives way when not even the alphabet has room
    expect(learn([text], { vocabSize: 8 })).toEqual("a ##a ##aa".split(" "));
  });

  it("of the rarest characters nothing, where the alphabet is limited, nor of words with them", () => {
    expect(learn(["ab ab ab ax ax cx b"], { alphabetLimit: 2 })).toEqual("a b ##b ab".split(" "));
    // of equally frequent characters those with the smaller code points are kept
    expect(learn(["z y x w"], { alphabetLimit: 2 })).toEqual(["w", "x"]);
  });
});

describe("merges as the definition says", () => {
  const check = (words: readonly string[], minFrequency: number, vocabSize: number) => {
    const expected = learnByDefinition(words, vocabSize - 5, minFrequency);
    const found = learn([words.join(" ")], { minFrequency, vocabSize });
    expect(found).toEqual(expected);
    expect(new Set(found).size).toBe(found.length);
  };
  const minFrequency = fc.integer({ min: 1, max: 3 });
  const vocabSize = fc.integer({ min: 12, max: 40 });

  it("on any corpus", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 8 });
    fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), minFrequency, vocabSize, check), {
      numRuns: 500,
    });
  });

  it("on runs of one letter, where pairs overlap", () => {
    const word = fc.integer({ min: 1, max: 40 }).map((length) => "a".repeat(length));
    fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 15 }), minFrequency, vocabSize, check), {
      numRuns: 200,
    });
  });
});

describe("the same words in another order", () => {
  const texts = Array.from(
    { length: 300 },
    (_, i) => `${(i * 7919).toString(3)} ${(i % 50).toString(2)} 数${i % 9}`,
  );

  it("give the same vocabulary", () => {
    const expected = learn(texts);
    expect(expected.length).toBeGreaterThan(100);
    expect(learn(texts.toReversed())).toEqual(expected);
    expect(learn(texts.flatMap((text) => text.split(" ")).sort())).toEqual(expected);
    expect(learn([texts.join("\n")])).toEqual(expected);
  });

  it("are spelled without unknown words by the tokenizer of that vocabulary", () => {
    const tokenizer = BertTokenizer.fromVocabulary(trainWordPiece(texts, { vocabSize: 1000 }));
    for (const text of texts) expect(tokenizer.encode(text).unknownTokens).toBe(0);
  });
});

describe("refuses", () => {
  it.each([
    [[], "found 0 texts"],
    [["", " \t", "\u0000"], "3 texts without a single one"],
  ])("%j, which has no words", (texts, found) => {
    expect(() => learn(texts)).toThrow(expect.objectContaining({ code: "ERR_VOCABULARY_EMPTY" }) as Error);
    expect(() => learn(texts)).toThrow(found.replace("found ", ""));
  });

  it.each([
    [{ vocabSize: 5 }, "vocabSize must be a whole number from 6 to 2097151; found 5"],
    [{ vocabSize: 1e9 }, "vocabSize must be a whole number from 6"],
    [{ vocabSize: 100.5 }, "found 100.5"],
    [{ minFrequency: 0 }, "minFrequency must be a whole number from 1"],
    [{ alphabetLimit: 0 }, "alphabetLimit must be a whole number from 1"],
  ])("%j", (options, message) => {
    expect(() => learn(["a"], options)).toThrow(`ERR_VOCABULARY_SIZE: `);
    expect(() => learn(["a"], options)).toThrow(message);
  });
});

it("takes any iterable, once", () => {
  function* texts() {
    yield "one two";
    yield "two three";
  }
  expect(learn([...texts()])).toEqual(trainWordPiece(texts(), { vocabSize: 1000 }).slice(5));
});

describe("texts one by one", () => {
  it("teach what they teach together", () => {
    const texts = fc.array(
      fc.array(fc.constantFrom(..."abc 你 Été, ".split("")), { maxLength: 30 }).map((c) => c.join("")),
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 3 }), fc.boolean(), (some, minFrequency, lowercase) => {
        const options = { vocabSize: 60, minFrequency, lowercase };
        const learnt = attempt(() => trainWordPiece(some, options));
        const trainer = new WordPieceTrainer(options);
        for (const text of some) trainer.add(text);
        expect(attempt(() => trainer.vocabulary())).toEqual(learnt);
        expect(attempt(() => trainWordPiece([...some].reverse(), options))).toEqual(learnt);
      }),
    );
  });

  it("may go on after a vocabulary was asked for", () => {
    const trainer = new WordPieceTrainer({ vocabSize: 40, minFrequency: 1 });
    trainer.add("ab");
    expect(trainer.vocabulary()).not.toContain("cd");
    trainer.add("cd");
    expect(trainer.vocabulary()).toEqual(trainWordPiece(["ab", "cd"], { vocabSize: 40, minFrequency: 1 }));
  });

  function attempt(learnSome: () => string[]): string[] | string {
    try {
      return learnSome();
    } catch (error) {
      return String(error);
    }
  }
});
