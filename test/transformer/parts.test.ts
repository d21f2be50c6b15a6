/**
 * The smaller layers against PyTorch in float64 (fixtures/transformer-torch): outputs and every gradient of linear
 * layers, feed-forward kinds, norms, dropout, embeddings (tied ones, too) and positions of every kind. Tables of
 * sinusoids and the buckets of relative positions number by number.
 */
import { describe, expect, it } from "vitest";
import { relativeBucket, sinusoidalPositions, sinusoidTable } from "../../src/entry/nn.ts";
import { numbers } from "../compute.ts";
import { deviation, expectGolden } from "./compare.ts";
import { buildPart, partGoldens } from "./part-cases.ts";
import { Entrance, run, ways, withGradients } from "./run-case.ts";

describe.each(ways)("against PyTorch, $title", ({ named, dialect }) => {
  it.each(partGoldens.rows)("%s", async (_, golden) => {
    const entrance = new Entrance({ named });
    const tensors = withGradients(golden, entrance, buildPart(golden, entrance));
    const { feeds } = entrance;
    expectGolden(await run(tensors, { feeds, dialect }), partGoldens.wanted(golden));
  });
});

it.each(partGoldens.extra.sinusoids)(
  "sinusoids, $length places of width $d",
  async ({ d, length, table }) => {
    const golden = partGoldens.given(table);
    const numbersAlone = { dtype: "float32", shape: [length, d], data: sinusoidTable(length, d) } as const;
    expect(deviation(numbersAlone, golden)).toBeLessThan(1e-7);
    const { found } = await run({ found: sinusoidalPositions(length, d) });
    expect(found).toEqual(numbersAlone);
  },
);

it.each(partGoldens.extra.buckets)(
  "buckets of relative positions: $numBuckets up to $maxDistance, both sides $bidirectional",
  ({ buckets, ...options }) => {
    const wanted = numbers(partGoldens.given(buckets));
    const found = Array.from({ length: 601 }, (_, i) => relativeBucket(i - 300, options));
    expect(found).toEqual([...wanted]);
    // every bucket is used, but that of distance 0 on the side of the keys behind
    expect(new Set(found).size).toBe(options.numBuckets - (options.bidirectional ? 1 : 0));
  },
);
