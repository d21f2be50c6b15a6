/**
 * First values of parameters, from the seed and the parameter's name alone: the same on every machine, whatever
 * the order in which layers were built.
 *
 * Truncated normal as in TensorFlow (BERT, `create_initializer`): tails beyond two deviations cut off, by the
 * inverse of the cumulative distribution (Wichura 1988, algorithm AS 241, PPND7: relative error about 1e-7).
 */
import { Random } from "../base/random.ts";
import type { ParameterSpec } from "./scope.ts";

/** Writes the first values of one parameter into `out` (as many elements as its shape has). */
export function initialize(
  spec: Pick<ParameterSpec, "name" | "init">,
  seed: number,
  out: Float32Array,
): void {
  const { init } = spec;
  switch (init.kind) {
    case "zeros":
      out.fill(0);
      break;
    case "ones":
      out.fill(1);
      break;
    case "uniform": {
      const random = new Random(seed, `init/${spec.name}`);
      for (let i = 0; i < out.length; i++) out[i] = init.bound * (2 * random.uniform() - 1);
      break;
    }
    case "normal": {
      const random = new Random(seed, `init/${spec.name}`);
      for (let i = 0; i < out.length; i++) out[i] = init.std * random.normal();
      break;
    }
    case "truncatedNormal": {
      const random = new Random(seed, `init/${spec.name}`);
      for (let i = 0; i < out.length; i++) {
        out[i] = init.std * inverseNormal(LOWER + random.uniform() * (1 - 2 * LOWER));
      }
    }
  }
}

/** Phi(-2): the mass of each tail that is cut off. */
const LOWER = 0.022750131948179195;

/** x with Phi(x) = p, for p in (0.01, 0.99): the central and near-tail branches of AS 241. */
function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    const numerator = ((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179;
    const denominator = ((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1;
    return (q * numerator) / denominator;
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p)) - 1.6;
  const numerator = ((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777;
  const denominator = (0.12021132975 * r + 0.7370016425) * r + 1;
  return (q < 0 ? -1 : 1) * (numerator / denominator);
}
