import { expect, test } from "vitest";
import { Arena, arenaBytes } from "./arena.ts";
import { clipCoefficient, gradientNorm, nonFiniteGradients } from "./clip.ts";
import { createKernels } from "./kernels.ts";

async function gradients(contents: Record<string, number[]>) {
  const arena = new Arena(arenaBytes(Object.values(contents).map(({ length }) => length)));
  const slots = Object.entries(contents).map(([name, values]) => {
    const gradient = arena.float32(values.length);
    gradient.array.set(values);
    return { name, gradient };
  });
  return { kernels: await createKernels(arena.memory), slots };
}

test("the norm is over all gradients together", async () => {
  const { kernels, slots } = await gradients({ a: [1, -2, 4], b: [], c: [-10] });
  expect(gradientNorm(kernels, slots)).toBe(11);
  expect(gradientNorm(kernels, [])).toBe(0);
});

test("not finite values are told and their tensors named", async () => {
  const { kernels, slots } = await gradients({ a: [1], b: [NaN, 1], c: [2], d: [0, -Infinity] });
  expect(gradientNorm(kernels, slots)).toBeNaN();
  expect(nonFiniteGradients(kernels, slots)).toEqual(["b", "d"]);
  expect(nonFiniteGradients(kernels, [slots[0], slots[2]])).toEqual([]);
});

test("the coefficient is PyTorch's", () => {
  expect(clipCoefficient(4, 1)).toBe(1 / 4.000001);
  expect(clipCoefficient(1, 1)).toBe(1 / 1.000001);
  expect(clipCoefficient(0.9, 1)).toBe(1);
  expect(clipCoefficient(0, 1)).toBe(1);
  expect(clipCoefficient(1e30, Infinity)).toBe(1);
});

test("no coefficient for a norm that is not finite, nor for a maxNorm of 0", () => {
  expect(() => clipCoefficient(NaN, 1)).toThrow(
    "ERR_GRADIENT_NOT_FINITE: gradients must be finite; their norm is NaN;",
  );
  expect(() => clipCoefficient(Infinity, 1)).toThrow("their norm is Infinity;");
  expect(() => clipCoefficient(1, 0)).toThrow("ERR_OPTIMIZER_OPTION: maxNorm must be above 0; found 0;");
  expect(() => clipCoefficient(1, NaN)).toThrow("found NaN;");
});
