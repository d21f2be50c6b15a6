import { expect, test } from "vitest";
import { philox4x32 } from "../base/random.ts";
import { Arena, arenaBytes } from "./arena.ts";
import { createKernels } from "./kernels.ts";

interface Mask {
  readonly n: number;
  readonly threshold16: number;
  readonly keepValue: number;
  readonly site: number;
  readonly step: number;
  readonly seedLow: number;
  readonly seedHigh: number;
}

const typical: Mask = {
  n: 1009,
  threshold16: 6554, // 0.1 of 65536
  keepValue: 1 / 0.9,
  site: 3,
  step: 41,
  seedLow: 7,
  seedHigh: 0,
};

/** The definition, one element at a time. */
function reference(mask: Mask): Float32Array {
  return Float32Array.from({ length: mask.n }, (_, i) =>
    halfOf(mask, i) >= mask.threshold16 ? mask.keepValue : 0,
  );
}

/** The 16 random bits of element i. */
function halfOf({ site, step, seedLow, seedHigh }: Mask, i: number): number {
  const block = new Uint32Array(4);
  philox4x32(block, Math.floor(i / 8), step, site, 2, seedLow, seedHigh);
  const word = block[(i >> 1) & 3];
  return (i & 1) === 0 ? word & 0xffff : word >>> 16;
}

async function kernelMask(mask: Mask): Promise<{ values: Float32Array; behind: number }> {
  const arena = new Arena(arenaBytes([mask.n, 16]));
  const tensor = arena.float32(mask.n);
  const guard = new Float32Array(arena.memory.buffer, mask.n * 4, 1).fill(9);
  const kernels = await createKernels(arena.memory);
  const { n, threshold16, keepValue, site, step, seedLow, seedHigh } = mask;
  kernels.dropoutMask(tensor.byteOffset, n, threshold16, keepValue, site, step, seedLow, seedHigh);
  return { values: tensor.array, behind: guard[0] };
}

const cases: Record<string, Mask> = {
  typical,
  "nothing dropped": { ...typical, threshold16: 0 },
  "only the largest number kept": { ...typical, threshold16: 65535 },
  "threshold with the sign bit": { ...typical, threshold16: 0x8000 },
  "every argument beyond 2^31": {
    ...typical,
    site: 0xfffffffe,
    step: 0x80000001,
    seedLow: 0xdeadbeef,
    seedHigh: 0x801fffff,
  },
};
for (const n of [0, 1, 2, 7, 8, 9, 31, 32, 33, 95, 96]) cases[`${n} elements`] = { ...typical, n };

test.each(Object.entries(cases))("%s: the kernel equals the definition bit for bit", async (_, mask) => {
  const { values, behind } = await kernelMask(mask);
  expect(values).toEqual(reference(mask));
  expect(behind).toBe(9);
});

test.each([13, 1008])("element %i, whose number is the threshold, is kept", async (element) => {
  const threshold16 = halfOf(typical, element);
  const { values } = await kernelMask({ ...typical, threshold16 });
  expect(values[element]).toBe(Math.fround(typical.keepValue));
  expect((await kernelMask({ ...typical, threshold16: threshold16 + 1 })).values[element]).toBe(0);
});

test("step, site and both halves of the seed each change the mask", async () => {
  const { values } = await kernelMask(typical);
  for (const key of ["site", "step", "seedLow", "seedHigh"] as const) {
    const other = await kernelMask({ ...typical, [key]: typical[key] + 1 });
    expect({ key, values: other.values }).not.toEqual({ key, values });
  }
});

test("the share of dropped elements is the threshold's, within four standard errors", async () => {
  const n = 1_000_000;
  const { values } = await kernelMask({ ...typical, n });
  const share = values.filter((value) => value === 0).length / n;
  const expected = typical.threshold16 / 65536;
  expect(Math.abs(share - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / n));
});
