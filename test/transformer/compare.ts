/** Compares whole tensors with goldens, each in parts of the largest number of the golden. */
import { expect } from "vitest";
import type { HostTensor } from "../../src/base/dtype.ts";
import type { Tensors } from "../../src/runtime/index.ts";
import { numbers } from "../compute.ts";

/** Largest difference allowed, in parts of the largest number of the tensor. */
const TOLERANCE = 1e-5;

/**
 * Holds every tensor to what PyTorch gives.
 *
 * A golden of zeros alone is a true zero (nothing can be seen, say); there the result must be zero too.
 */
export function expectGolden(found: Tensors, wanted: ReadonlyMap<string, HostTensor>): void {
  expect(Object.keys(found).sort()).toEqual([...wanted.keys()].sort());
  const tooFar = [...wanted].flatMap(([name, golden]) => {
    expect([name, ...found[name].shape]).toEqual([name, ...golden.shape]);
    const far = deviation(found[name], golden);
    return far <= TOLERANCE ? [] : [`${name}: ${far}`];
  });
  expect(tooFar).toEqual([]);
}

/** The largest difference in parts of the golden's largest number; infinite for what is not finite. */
export function deviation(found: HostTensor, golden: HostTensor): number {
  const [values, expected] = [numbers(found), numbers(golden)];
  let [worst, scale] = [0, 0];
  expected.forEach((value, i) => {
    scale = Math.max(scale, Math.abs(value));
    // NaN must not hide behind a comparison
    worst = Number.isFinite(values[i]) ? Math.max(worst, Math.abs(value - values[i])) : Infinity;
  });
  return worst === 0 ? 0 : worst / scale;
}
