import { describe, expect, it } from "vitest";
import { initialize } from "./initialize.ts";
import type { Initializer } from "./scope.ts";

function values(count: number, init: Initializer, name = "bert.pooler.dense.weight", seed = 1): Float32Array {
  const out = new Float32Array(count).fill(7);
  initialize({ name, init }, seed, out);
  return out;
}

const std = 0.02;
const normal = { kind: "truncatedNormal", std } as const;

describe("truncated normal", () => {
  // quantiles at Phi(-2) + u (1 - 2 Phi(-2)) by Python's statistics.NormalDist, u from philox.py in fixtures/
  it.each([
    [1, "bert.pooler.dense.weight", [-0.0198715169, -0.0097066902, 0.0278831995, 0.0168655017, 0.0104051436]],
    [2, "w", [0.0390684573, -0.0036453062, -0.0018905493, -0.0317407907, 0.0029961809]],
  ])("seed %d, parameter %s: its first values are these", (seed, name, golden) => {
    const first = [...values(5, normal, name, seed)];
    first.forEach((value, i) => expect(Math.abs(value - golden[i])).toBeLessThan(1e-8));
  });

  it("has the moments of a normal cut off at two deviations, and no value beyond", () => {
    const n = 200_000;
    const all = values(n, normal);
    const moment = (k: number) => all.reduce((sum, value) => sum + (value / std) ** k, 0) / n;
    // variance 1 - 4 phi(2) / (1 - 2 Phi(-2)), fourth moment from int x^4 phi(x) dx over [-2, 2]
    const cut = (4 * Math.exp(-2)) / Math.sqrt(2 * Math.PI) / 0.9544997361;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - (1 - cut))).toBeLessThan(0.01);
    expect(Math.abs(moment(3))).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - (3 - 7 * cut))).toBeLessThan(0.03);
    const [lowest, highest] = [Math.min(...sample(all)), Math.max(...sample(all))];
    expect(highest).toBeLessThanOrEqual(2 * std * (1 + 1e-6));
    expect(lowest).toBeGreaterThanOrEqual(-2 * std * (1 + 1e-6));
    expect(highest).toBeGreaterThan(1.99 * std);
    expect(lowest).toBeLessThan(-1.99 * std);
  });

  it("depends on seed and name alone", () => {
    const again = values(9, normal);
    values(5, normal, "another");
    expect(values(9, normal)).toEqual(again);
    expect(values(4, normal)).toEqual(again.subarray(0, 4));
    expect(values(9, normal, "another")).not.toEqual(again);
    expect(values(9, normal, undefined, 2)).not.toEqual(again);
  });
});

it("constants fill the parameter", () => {
  expect(values(3, { kind: "zeros" })).toEqual(new Float32Array(3));
  expect(values(3, { kind: "ones" })).toEqual(new Float32Array(3).fill(1));
});

/** In reach of Math.min(...): the extremes of each chunk. */
function sample(all: Float32Array): number[] {
  const chunks = Array.from({ length: 200 }, (_, i) => all.subarray(i * 1000, (i + 1) * 1000));
  return chunks.flatMap((chunk) => [Math.min(...chunk), Math.max(...chunk)]);
}
