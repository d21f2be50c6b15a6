/**
 * The ways to write, over a language model that is a table: the logits after a beginning are random numbers that its
 * tokens name. Rows know their beginnings, so that wrong parents give wrong logits.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../base/random.ts";
import { messageOf } from "../../test/message-of.ts";
import type { DecodingOptions, DecodingStep, Generated } from "./decoding.ts";
import { decodeTokens, rowsEach } from "./decoding.ts";

const [startId, endId] = [1, 0];

/** Logits after a beginning (start token included) of one sequence. */
type Language = (sequence: number, beginning: readonly number[]) => readonly number[];

const randomLanguage =
  (seed: number, vocabulary: number): Language =>
  (sequence, beginning) => {
    const random = new Random(seed, `${sequence}/${beginning.join()}`);
    return Array.from({ length: vocabulary }, () => Math.fround(3 * random.normal()));
  };

/** A step function over a language, and what it was fed. */
function stepOf(language: Language, each: number) {
  const fed: number[][] = [];
  let rows: readonly (readonly number[])[] = [];
  const step: DecodingStep = (tokens, parents) => {
    fed.push([...tokens]);
    rows = Array.from(tokens, (token, i) => [...(rows[parents[i]] ?? []), token]);
    return Promise.resolve(
      Float32Array.from(rows.flatMap((beginning, i) => language(Math.floor(i / each), beginning))),
    );
  };
  return { step, fed };
}

async function write(
  language: Language,
  options: Partial<DecodingOptions>,
  sequences = 1,
): Promise<readonly Generated[]> {
  const all = { maxLength: 5, startId, endId, ...options };
  return decodeTokens(stepOf(language, rowsEach(all)).step, sequences, all);
}

function logSoftmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - max), 0);
  return logits.map((value) => value - max - Math.log(total));
}

/** Every sequence that ends within `maxLength` tokens, the end included, with its log-probability. */
function everySequence(language: Language, maxLength: number): { tokens: number[]; score: number }[] {
  const ended: { tokens: number[]; score: number }[] = [];
  const extend = (tokens: number[], score: number) => {
    if (tokens.length === maxLength) return;
    logSoftmax(language(0, [startId, ...tokens])).forEach((logP, token) => {
      if (token === endId) ended.push({ tokens, score: score + logP });
      else extend([...tokens, token], score + logP);
    });
  };
  extend([], 0);
  return ended;
}

const seeds = fc.integer({ min: 0, max: 1e6 });
const penalties = fc.constantFrom(0, 0.5, 1, 2);

describe("greedy", () => {
  it("takes the likeliest token each time, and adds up its log-probability", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const language = randomLanguage(seed, 5);
        const [{ tokens, score, ended }] = await write(language, {});
        const all = [startId, ...tokens, ...(ended ? [endId] : [])];
        expect(ended ? tokens.length < 5 : tokens.length === 5).toBe(true);
        const chosen = all.slice(1).map((token, i) => {
          const logits = language(0, all.slice(0, i + 1));
          expect(logits[token]).toBe(Math.max(...logits));
          return logSoftmax(logits)[token];
        });
        expect(score).toBeCloseTo(
          chosen.reduce((sum, logP) => sum + logP, 0),
          10,
        );
      }),
    );
  });

  it("takes the first of equals", async () => {
    const [{ tokens }] = await write(() => [0, 1, 1, 1], { maxLength: 2 });
    expect(tokens).toEqual([1, 1]);
  });

  it("feeds ended sequences their end, and stops when all have ended", async () => {
    const lengths = [1, 3];
    const language: Language = (sequence, { length }) => (length > lengths[sequence] ? [9, 0, 0] : [0, 0, 9]);
    const { step, fed } = stepOf(language, 1);
    const written = await decodeTokens(step, 2, { maxLength: 7, startId, endId });
    expect(written.map(({ tokens, ended }) => ({ tokens, ended }))).toEqual([
      { tokens: [2], ended: true },
      { tokens: [2, 2, 2], ended: true },
    ]);
    expect(fed).toEqual([
      [1, 1],
      [2, 2],
      [0, 2],
      [0, 2],
    ]);
  });
});

describe("beam", () => {
  it("of one is greedy", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 2, max: 6 }), penalties, async (seed, v, lengthPenalty) => {
        const language = randomLanguage(seed, v);
        const greedy = await write(language, { method: "greedy" }, 3);
        expect(await write(language, { method: "beam", beams: 1, lengthPenalty }, 3)).toEqual(greedy);
      }),
    );
  });

  it("finds the likeliest of all sequences where it keeps as many as there are", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 2, max: 4 }), penalties, async (seed, v, lengthPenalty) => {
        const language = randomLanguage(seed, v);
        const maxLength = 4;
        const all = everySequence(language, maxLength);
        const worth = ({ tokens, score }: { tokens: readonly number[]; score: number }) =>
          score / (tokens.length + 1) ** lengthPenalty;
        const best = all.reduce((top, one) => (worth(one) > worth(top) ? one : top));
        const [found] = await write(language, {
          method: "beam",
          beams: all.length,
          lengthPenalty,
          maxLength,
        });
        expect(found.tokens).toEqual(best.tokens);
        expect(found.score).toBeCloseTo(best.score, 10);
        expect(found.ended).toBe(true);
      }),
    );
  });

  it("finds what greedy misses", async () => {
    // 2 looks better at first, but 3 is followed by a certain end
    const language: Language = (_, [, first]) => {
      if (first === undefined) return [-9, -9, 1, 0.9];
      return first === 3 ? [9, 0, 0, 0] : [0, 0, 0, 0];
    };
    const [greedy] = await write(language, { maxLength: 2 });
    const [beam] = await write(language, { maxLength: 2, method: "beam", beams: 2 });
    expect(greedy.tokens[0]).toBe(2);
    expect(beam).toMatchObject({ tokens: [3], ended: true });
  });

  it("prefers longer sequences where the penalty is larger", async () => {
    const language: Language = (_, { length }) => (length === 1 ? [1, -9, 0] : [9, -9, 0]);
    const length = async (lengthPenalty: number) =>
      (await write(language, { method: "beam", beams: 4, lengthPenalty }))[0].tokens.length;
    expect([await length(0), await length(3)]).toEqual([0, 1]);
  });

  it("gives the likeliest beginning where nothing ends in time", async () => {
    const language: Language = () => [Number.NEGATIVE_INFINITY, 0, 1];
    const [found] = await write(language, { method: "beam", beams: 3, maxLength: 2 });
    expect(found).toMatchObject({ tokens: [2, 2], ended: false });
    expect(found.score).toBeCloseTo(2 * logSoftmax([0, 1])[1], 10);
  });

  it("keeps fewer than asked for where fewer are possible", async () => {
    const only: Language = (_, { length }) =>
      [0, 1, 2].map((token) => (token === (length === 3 ? 0 : 2) ? 0 : Number.NEGATIVE_INFINITY));
    expect(await write(only, { method: "beam", beams: 4 })).toEqual([
      { tokens: [2, 2], score: 0, ended: true },
    ]);
  });
});

describe("greedy and beam", () => {
  it("write each sequence as alone", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 3 }), async (seed, beams) => {
        const language = randomLanguage(seed, 5);
        for (const options of [{}, { method: "beam" as const, beams }]) {
          const together = await write(language, options, 3);
          for (const [i, found] of together.entries())
            expect(await write((_, beginning) => language(i, beginning), options)).toEqual([found]);
        }
      }),
    );
  });
});

describe("sampling", () => {
  const sample = (language: Language, options: Partial<DecodingOptions>, sequences = 1) =>
    write(language, { method: "sample", ...options }, sequences);

  it("of one token is greedy", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, seeds, async (seed, drawing) => {
        const language = randomLanguage(seed, 5);
        const greedy = await write(language, {}, 3);
        expect(await sample(language, { topK: 1, seed: drawing, temperature: 3 }, 3)).toEqual(greedy);
      }),
    );
  });

  it("writes the same for the same seed, and other things for others", async () => {
    const flat: Language = () => [-99, 0, 0, 0, 0, 0];
    const tokens = async (seed?: number) =>
      (await sample(flat, seed === undefined ? {} : { seed }, 2)).map((one) => one.tokens);
    expect(await tokens(7)).toEqual(await tokens(7));
    expect(await tokens()).toEqual(await tokens(0));
    expect(await tokens(8)).not.toEqual(await tokens(7));
    const [first, second] = await tokens(7);
    expect(first).not.toEqual(second);
  });

  it.each([
    ["as the softmax says", {}, [0.1, 0.2, 0.3, 0.4]],
    ["flatter when warm", { temperature: 2 }, normalized([0.1, 0.2, 0.3, 0.4].map(Math.sqrt))],
    ["steeper when cold", { temperature: 0.5 }, normalized([0.01, 0.04, 0.09, 0.16])],
    ["of the likeliest two", { topK: 2 }, [0, 0, 3 / 7, 4 / 7]],
    ["of all where there are no more", { topK: 99 }, [0.1, 0.2, 0.3, 0.4]],
    ["of the fewest with 0.65 of the mass", { topP: 0.65 }, [0, 0, 3 / 7, 4 / 7]],
    ["of the fewest with 0.75 of the mass", { topP: 0.75 }, [0, 2 / 9, 3 / 9, 4 / 9]],
    ["of one where a little mass is enough", { topP: 0.01 }, [0, 0, 0, 1]],
    ["of the mass among the likeliest", { topK: 3, topP: 0.5 }, [0, 0, 3 / 7, 4 / 7]],
  ])("draws %s", async (_, options, wanted) => {
    const language: Language = () => [0.1, 0.2, 0.3, 0.4].map(Math.log);
    const n = 4000;
    const written = await sample(language, { ...options, maxLength: 1 }, n);
    const counts = [0, 0, 0, 0];
    for (const { tokens, ended } of written) counts[ended ? endId : tokens[0]] += 1;
    // five standard deviations of a share of n draws
    counts.forEach((count, token) => {
      const p = wanted[token];
      expect(Math.abs(count / n - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / n));
    });
  });

  it("scores what it wrote under the model, not under the cut distribution", async () => {
    const [{ tokens, score }] = await sample(() => [0, 1, 2], { topK: 1, maxLength: 1 });
    expect(tokens).toEqual([2]);
    expect(score).toBeCloseTo(logSoftmax([0, 1, 2])[2], 10);
  });
});

describe("tokens of logit -Infinity", () => {
  it.each<Partial<DecodingOptions>>([
    { method: "greedy" },
    { method: "beam", beams: 5 },
    { method: "sample" },
    { method: "sample", temperature: 100, topK: 4 },
  ])("are never written: %o", async (options) => {
    const language: Language = () => [0, Number.NEGATIVE_INFINITY, -3, Number.NEGATIVE_INFINITY, -3];
    const written = await write(language, { ...options, maxLength: 3 }, 50);
    const tokens = new Set(written.flatMap((one) => one.tokens));
    expect([1, 3].filter((token) => tokens.has(token))).toEqual([]);
    expect(written.every(({ score }) => Number.isFinite(score))).toBe(true);
  });
});

describe("bad input", () => {
  const all = { maxLength: 5, startId, endId };

  it.each<[string, Partial<DecodingOptions>]>([
    ["maxLength must be a whole number, 1 or more; it is 0", { maxLength: 0 }],
    ["maxLength must be a whole number, 1 or more; it is 1.5", { maxLength: 1.5 }],
    ["maxLength must be a whole number, 1 or more; it is NaN", { maxLength: Number.NaN }],
    ["startId must be a whole number, 0 or more; it is -1", { startId: -1 }],
    ["endId must be a whole number, 0 or more; it is 0.5", { endId: 0.5 }],
    ["endId must be one of the 3 tokens that have logits; it is 3", { endId: 3 }],
    ["beams must be a whole number, 1 or more; it is 0", { method: "beam", beams: 0 }],
    ["lengthPenalty must be a number, 0 or more; it is -1", { method: "beam", lengthPenalty: -1 }],
    [
      "lengthPenalty must be a number, 0 or more; it is Infinity",
      { method: "beam", lengthPenalty: Infinity },
    ],
    ["temperature must be a number above 0; it is 0", { method: "sample", temperature: 0 }],
    ["temperature must be a number above 0; it is Infinity", { method: "sample", temperature: Infinity }],
    ["topK must be a whole number, 1 or more; it is 0", { method: "sample", topK: 0 }],
    ["topP must be in (0, 1]; it is 0", { method: "sample", topP: 0 }],
    ["topP must be in (0, 1]; it is 1.1", { method: "sample", topP: 1.1 }],
    ["seed must be a whole number, 0 or more; it is -1", { method: "sample", seed: -1 }],
  ])("%s", async (message, options) => {
    const { step } = stepOf(() => [0, 1, 2], rowsEach({ ...all, ...options }));
    const found = await messageOf(() => decodeTokens(step, 1, { ...all, ...options }));
    expect(found).toBe(`ERR_OPTION: generation: ${message}; change the options`);
  });

  it.each<[string, Partial<DecodingOptions>]>([
    ["greedy does not use beams; beams is 2", { beams: 2 }],
    ["greedy does not use seed; seed is 1", { method: "greedy", seed: 1 }],
    ["beam does not use temperature; temperature is 2", { method: "beam", temperature: 2 }],
    ["sample does not use lengthPenalty; lengthPenalty is 1", { method: "sample", lengthPenalty: 1 }],
  ])("an option without effect: %s", async (message, options) => {
    const { step } = stepOf(() => [0, 1, 2], 1);
    const found = await messageOf(() => decodeTokens(step, 1, { ...all, ...options }));
    expect(found).toBe(
      `ERR_OPTION_UNUSED: generation: options must be used, and ${message}; leave it out, or choose another method`,
    );
  });

  it("options that are not given, or of no known name", async () => {
    const { step } = stepOf(() => [0, 1, 2], 1);
    const given = (options: object) => messageOf(() => decodeTokens(step, 1, options as DecodingOptions));
    expect(await given({ startId, endId })).toContain(
      "maxLength must be a whole number, 1 or more; it is not given",
    );
    expect(await given({ ...all, endId: undefined })).toContain(
      "endId must be a whole number, 0 or more; it is undefined",
    );
    expect(await given({ ...all, top_k: 3 })).toContain("greedy does not use top_k");
    expect(await given({ ...all, method: "nucleus" })).toContain(
      'method must be greedy, beam or sample; it is "nucleus"',
    );
    // names that every object has
    expect(await given({ ...all, method: "toString" })).toContain('it is "toString"');
    expect(await given({ ...all, valueOf: 3 })).toContain("greedy does not use valueOf");
  });

  it("bad options as a rejected promise, not at once", async () => {
    const { step } = stepOf(() => [0, 1, 2], 1);
    const writing = decodeTokens(step, 1, { ...all, maxLength: 0 });
    await expect(writing).rejects.toThrow("ERR_OPTION");
  });

  it.each([
    ["NaN", [0, Number.NaN, 1], "NaN"],
    ["Infinity", [0, Infinity, 1], "Infinity"],
    ["all impossible", [-Infinity, -Infinity, -Infinity], "-Infinity"],
  ])("logits that are no distribution: %s", async (_, logits, max) => {
    for (const method of ["greedy", "beam", "sample"] as const) {
      expect(await messageOf(() => write(() => logits, { method }))).toBe(
        "ERR_LOGITS_NOT_FINITE: generation: logits must be numbers or -Infinity, and one of them a number; " +
          `the largest of a row is ${max}; look for weights or inputs that are not finite, or for a mask that hides every token`,
      );
    }
  });
});

function normalized(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}
