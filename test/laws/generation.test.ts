/**
 * Cached decoding equals full decoding: the logits of every step, with rows changing places as in beam search, and
 * what greedy, beam search and sampling write.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecodingOptions, HostTensor, State } from "../../src/entry/nn.ts";
import { decodeTokens, Generator, loadBackend, Random } from "../../src/entry/nn.ts";
import { rowsEach } from "../../src/engine/decoding.ts";
import { numbers } from "../compute.ts";
import type { Made } from "./seq2seq.ts";
import { cachedLogits, endId, fullDecoder, int32, models, sources, startId, stateOf } from "./seq2seq.ts";
import { vocabulary } from "./seq2seq.ts";
import { expectClose, pick, range } from "./values.ts";

const runs = { numRuns: 10 };

/** Steps of random tokens in which rows of one source change places, repeat and vanish. */
function randomSteps(count: number, each: number, sequences: number, seed: number) {
  const random = new Random(seed, "steps");
  const rows = range(each * sequences);
  return range(count).map(() => ({
    tokens: rows.map(() => random.int(vocabulary)),
    parents: rows.map((row) => row - (row % each) + random.int(each)),
  }));
}

describe("cached decoding equals full decoding", () => {
  it("in the logits of every step, whatever becomes of the rows", async () => {
    await fc.assert(
      fc.asyncProperty(models, async (made) => {
        const { seed } = made;
        const state = stateOf(made, seed);
        const [each, sequences] = [2, 2];
        const source = pick(sources(4, sequences, seed), 1, [0, 0, 1, 1]);
        const steps = randomSteps(4, each, sequences, seed);
        const cached = await cachedLogits(made, state, source, steps);
        const full = await fullDecoder(made, state);
        let beginnings: readonly (readonly number[])[] = range(each * sequences).map(() => []);
        for (const [t, { tokens, parents }] of steps.entries()) {
          beginnings = tokens.map((token, row) => [...beginnings[parents[row]], token]);
          const flat = range(t + 1).flatMap((place) => beginnings.map((one) => one[place]));
          const logits = await full.logits(source, int32([t + 1, each * sequences], flat));
          expectClose(cached[t], pick(logits, 0, [t]));
        }
        await full.dispose();
      }),
      runs,
    );
  });

  it.each<Partial<DecodingOptions>>([
    { method: "greedy" },
    { method: "beam", beams: 3 },
    { method: "beam", beams: 4, lengthPenalty: 0 },
    { method: "sample", temperature: 0.8, topP: 0.9, seed: 3 },
  ])("in what the generator writes: %o", async (method) => {
    await fc.assert(
      fc.asyncProperty(models, async (made) => {
        const { model, seed } = made;
        const state = stateOf(made, seed);
        const options = { maxLength: 6, startId, endId, ...method };
        const source = sources(5, 3, seed);
        const generator = await Generator.create(model, { state, backend: await loadBackend(), threads: 1 });
        const found = await generator.generate({ source }, options);
        await generator.dispose();
        const wanted = await writtenInFull(made, state, source, options);
        expect(found.map(({ tokens, ended }) => ({ tokens, ended }))).toEqual(
          wanted.map(({ tokens, ended }) => ({ tokens, ended })),
        );
        found.forEach(({ score }, i) => expect(Math.abs(score - wanted[i].score)).toBeLessThan(1e-4));
      }),
      runs,
    );
  });
});

describe("what the generator writes", () => {
  it("for each source is what it writes for it alone", async () => {
    await fc.assert(
      fc.asyncProperty(models, fc.constantFrom(1, 3), async (made, beams) => {
        const { model, seed } = made;
        const options = { maxLength: 5, startId, endId, method: "beam", beams } as const;
        const generator = await Generator.create(model, {
          ...{ state: stateOf(made, seed), backend: await loadBackend(), threads: 1 },
        });
        const source = sources(5, 3, seed);
        const together = await generator.generate({ source }, options);
        for (const i of range(3)) {
          const [alone] = await generator.generate({ source: pick(source, 1, [i]) }, options);
          expect(alone.tokens).toEqual(together[i].tokens);
          expect(Math.abs(alone.score - together[i].score)).toBeLessThan(1e-4);
        }
        await generator.dispose();
      }),
      runs,
    );
  });

  it("with as many beams as there are sequences is the likeliest of all", async () => {
    await fc.assert(
      fc.asyncProperty(models, async (made) => {
        const { model, seed } = made;
        const state = stateOf(made, seed);
        const source = sources(4, 1, seed);
        const generator = await Generator.create(model, { state, backend: await loadBackend(), threads: 1 });
        const options = {
          maxLength: 3,
          startId,
          endId,
          method: "beam",
          beams: 49,
          lengthPenalty: 0,
        } as const;
        const [found] = await generator.generate({ source }, options);
        await generator.dispose();
        const all = await everySequence(made, state, source, options.maxLength);
        expect(all).toHaveLength(1 + 6 + 36);
        const best = all.reduce((top, one) => (one.score > top.score ? one : top));
        expect(found.tokens).toEqual(best.tokens);
        expect(Math.abs(found.score - best.score)).toBeLessThan(1e-4);
      }),
      runs,
    );
  });
});

/** What the same search writes when each step reads the whole beginning anew. */
async function writtenInFull(made: Made, state: State, source: HostTensor, options: DecodingOptions) {
  const each = rowsEach(options);
  const b = source.shape[1];
  const repeated = pick(
    source,
    1,
    range(b).flatMap((i) => range(each).map(() => i)),
  );
  const full = await fullDecoder(made, state);
  let rows: readonly (readonly number[])[] = range(b * each).map(() => []);
  const written = await decodeTokens(
    async (tokens, parents) => {
      rows = Array.from(tokens, (token, i) => [...rows[parents[i]], token]);
      const t = rows[0].length;
      const flat = range(t).flatMap((place) => rows.map((one) => one[place]));
      const logits = await full.logits(repeated, int32([t, b * each], flat));
      return Float32Array.from(numbers(pick(logits, 0, [t - 1])));
    },
    b,
    options,
  );
  await full.dispose();
  return written;
}

/** Every sequence that ends within `maxLength` tokens with its log-probability, from full decoding. */
async function everySequence(made: Made, state: State, source: HostTensor, maxLength: number) {
  const full = await fullDecoder(made, state);
  const ended: { tokens: readonly number[]; score: number }[] = [];
  let open: readonly { readonly tokens: readonly number[]; readonly score: number }[] = [
    { tokens: [], score: 0 },
  ];
  for (let t = 1; t <= maxLength; t++) {
    const n = open.length;
    const flat = range(t).flatMap((place) => open.map(({ tokens }) => [startId, ...tokens][place]));
    const repeated = pick(
      source,
      1,
      open.map(() => 0),
    );
    const logits = numbers(pick(await full.logits(repeated, int32([t, n], flat)), 0, [t - 1]));
    const extended = open.flatMap(({ tokens, score }, i) => {
      const row = [...logits.subarray(i * vocabulary, (i + 1) * vocabulary)];
      const total = Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0));
      return row.map((z, token) => ({ tokens: [...tokens, token], score: score + z - total }));
    });
    const ends = ({ tokens }: { readonly tokens: readonly number[] }) => tokens[t - 1] === endId;
    ended.push(...extended.filter(ends).map((one) => ({ ...one, tokens: one.tokens.slice(0, -1) })));
    open = extended.filter((one) => !ends(one));
  }
  await full.dispose();
  return ended;
}
