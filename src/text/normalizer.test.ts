import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BertNormalizer, type NormalizerOptions } from "./normalizer.ts";

const OFF = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };

function normalize(text: string, options: NormalizerOptions = {}): string {
  return new BertNormalizer(options).normalize(text).slice();
}

/** What each unit of the normalized text was read from. */
function sources(text: string, options: NormalizerOptions = {}): string[] {
  const { starts, ends, length } = new BertNormalizer(options).normalize(text);
  return Array.from({ length }, (_, i) => text.slice(starts[i], ends[i]));
}

describe("each step by itself", () => {
  it.each([
    ["nothing", "ÉCOLE\t\u0000你", {}, "ÉCOLE\t\u0000你"],
    [
      "cleaning: white space becomes a space",
      "a\tb\nc\rd\u00a0e\u3000f\u2028g",
      { cleanText: true },
      "a b c d e f g",
    ],
    [
      "cleaning: control characters go",
      "a\u0000b\u0007c\u0085d\u000be\u200ff\ufeffg",
      { cleanText: true },
      "abcdefg",
    ],
    [
      "cleaning: private use and U+FFFD go",
      "a\ue000b\ufffdc\u{f0000}d\u{e0041}e",
      { cleanText: true },
      "abcde",
    ],
    ["cleaning: unassigned characters stay", "a\u0378b", { cleanText: true }, "a\u0378b"],
    ["Chinese: spaces on both sides", "a你b好", { handleChineseChars: true }, "a 你 b 好 "],
    ["Chinese: outside the basic plane too", "a\u{20000}b", { handleChineseChars: true }, "a \u{20000} b"],
    ["Chinese: kana and hangul are not", "かな한글", { handleChineseChars: true }, "かな한글"],
    [
      "Chinese: the gap before extension E",
      "\u{2b820}\u{2b920}",
      { handleChineseChars: true },
      "\u{2b820} \u{2b920} ",
    ],
    ["accents go, with what they were written on kept", "Élève naïve", { stripAccents: true }, "Eleve naive"],
    ["accents that stand by themselves go", "e\u0301a\u0308", { stripAccents: true }, "ea"],
    ["accents: hangul comes apart", "한", { stripAccents: true }, "\u1112\u1161\u11ab"],
    ["accents: letters without a decomposition stay", "øłß", { stripAccents: true }, "øłß"],
    [
      "accents: a decomposition newer than our tables stays",
      "\u{11938}",
      { stripAccents: true },
      "\u{11938}",
    ],
    ["lower case", "ÀÇΣ STRAẞE", { lowercase: true }, "àçσ straße"],
    ["lower case: one character may become two", "İ", { lowercase: true }, "i\u0307"],
  ])("%s", (_, text, options, expected) => {
    expect(normalize(text, { ...OFF, ...options })).toBe(expected);
  });
});

describe("the steps together", () => {
  it("cleans, spaces, strips and lower-cases by default", () => {
    expect(normalize("Ça va?\u0000 Où，好\ufffd吗 ")).toBe("ca va? ou， 好  吗  ");
  });

  it("strips accents exactly when it lower-cases, unless told otherwise", () => {
    expect(normalize("É", { lowercase: true })).toBe("e");
    expect(normalize("É", { lowercase: false })).toBe("É");
    expect(normalize("É", { lowercase: true, stripAccents: false })).toBe("é");
    expect(normalize("É", { lowercase: false, stripAccents: true })).toBe("E");
  });

  it("reads compatibility ideographs as the unified ones, still apart", () => {
    expect(normalize("\uf900\ufacf")).toBe(" \u8c48  \u{2284a} ");
  });

  it("keeps U+0000 where nothing is cleaned", () => {
    expect(normalize("a\u0000b", { cleanText: false })).toBe("a\u0000b");
  });
});

describe("lone surrogates", () => {
  it.each(["a\ud83db", "a\ude00b", "ab\ud83d", "\ude00ab", "a\ud83d\ud83db"])(
    "%j: removed by cleaning",
    (text) => {
      expect(normalize(text)).toBe("ab");
    },
  );

  it("read as U+FFFD where nothing is cleaned, each with its place", () => {
    const text = "\ud83da\ude00\u{1f600}";
    expect(normalize(text, OFF)).toBe("\ufffda\ufffd\u{1f600}");
    expect(sources(text, OFF)).toEqual(["\ud83d", "a", "\ude00", "\u{1f600}", "\u{1f600}"]);
  });

  it("do not join across the end of the stretch that is read", () => {
    const out = new BertNormalizer(OFF).normalize("");
    new BertNormalizer(OFF).append("\u{1f600}", 0, 1, out);
    expect(out.slice()).toBe("\ufffd");
  });
});

describe("offsets", () => {
  it("point at the character a unit comes from", () => {
    expect(sources("É\u0301ﬁ\u0000한x")).toEqual(["É", "ﬁ", "한", "한", "한", "x"]);
    expect(sources("a你")).toEqual(["a", "你", "你", "你"]);
    expect(sources("\ufacf")).toEqual(["\ufacf", "\ufacf", "\ufacf", "\ufacf"]);
  });

  it("count from the start of the text when only a part is read", () => {
    const normalizer = new BertNormalizer();
    const out = normalizer.normalize("X");
    normalizer.append("abcÉf", 3, 5, out);
    expect(out.slice()).toBe("xef");
    expect([...out.starts.subarray(0, 3)]).toEqual([0, 3, 4]);
    expect([...out.ends.subarray(0, 3)]).toEqual([1, 4, 5]);
  });

  it("never go back, never overlap a neighbour's, and stay inside the text", () => {
    const normalizer = new BertNormalizer();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const { starts, ends, length } = normalizer.normalize(text);
        for (let i = 0; i < length; i++) {
          const inside = starts[i] < ends[i] && ends[i] <= text.length;
          const after = i === 0 || starts[i] === starts[i - 1] || starts[i] >= ends[i - 1];
          if (!inside || !after) expect.unreachable(`unit ${i} comes from ${starts[i]} to ${ends[i]}`);
        }
      }),
    );
  });
});

describe("every code point", () => {
  it.each([{}, { stripAccents: false }])(
    "fits the room that is reserved for it: %j",
    (options) => {
      const normalizer = new BertNormalizer(options);
      const out = normalizer.normalize("");
      let most = 0;
      for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
        const text = String.fromCodePoint(codePoint);
        out.clear();
        normalizer.append(text, 0, text.length, out);
        most = Math.max(most, out.length / text.length);
      }
      expect(most).toBeLessThanOrEqual(4);
    },
    120_000,
  );
});

it("copes with a long text, and lets go of its buffer", () => {
  const normalizer = new BertNormalizer();
  const out = normalizer.normalize("");
  const long = "你好 World ".repeat(100_000);
  normalizer.append(long, 0, long.length, out);
  expect(out.slice()).toBe(" 你  好  world ".repeat(100_000));
  out.clear();
  expect(out.units.length).toBeLessThan(10_000);
  normalizer.append("Ok", 0, 2, out);
  expect(out.slice()).toBe("ok");
});
