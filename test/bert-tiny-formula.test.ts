/** The goldens in fixtures/bert-tiny-gradients mean something only if both languages compute the same inputs. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { goldenMask, goldenWeights } from "../fixtures/bert-tiny-gradients/formula.ts";

const numbers = z.array(z.number());
const Expected = z.object({
  probes: z.object({
    weights: z.record(z.string(), z.object({ shape: numbers, last: numbers })),
    dropped: z.record(z.string(), z.object({ shape: numbers, indices: numbers })),
  }),
});

const file = new URL("../fixtures/bert-tiny-gradients/expected.json", import.meta.url);
const { probes } = Expected.parse(JSON.parse(readFileSync(file, "utf8")));
const sizeOf = (shape: number[]) => shape.reduce((size, dim) => size * dim, 1);

it.each(Object.entries(probes.weights))(
  "%s is what PyTorch was given, to the bit",
  (name, { shape, last }) => {
    const values = goldenWeights(name, sizeOf(shape));
    expect([...values.subarray(-last.length)]).toEqual(last);
  },
);

it.each(Object.entries(probes.dropped))("%s drops what PyTorch dropped", (site, { shape, indices }) => {
  const values = goldenMask(site, sizeOf(shape));
  const expected = new Float32Array(values.length).fill(1 / 0.9);
  for (const index of indices) expected[index] = 0;
  expect(values).toEqual(expected);
});
