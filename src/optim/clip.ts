/**
 * The global gradient norm and the factor that clips it.
 *
 * Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013), section
 * 3.2, in the form of PyTorch's torch.nn.utils.clip_grad_norm_. Gradients are not rewritten: the factor goes into the
 * optimizer's `gradScale`.
 */
import { AttuneError } from "../base/errors.ts";
import type { ParameterSlot } from "./adamw.ts";
import type { Kernels } from "./kernels.ts";

type GradientSlot = Pick<ParameterSlot, "name" | "gradient">;

/** As in PyTorch, so that a zero norm divides. */
const NORM_EPSILON = 1e-6;

/**
 * L2 norm of all gradients together, summed in slot order. NaN or infinite when a gradient is (or is beyond 1.8e19).
 * Divide it by the number of accumulated batches where gradients are sums over them.
 */
export function gradientNorm(kernels: Kernels, slots: readonly GradientSlot[]): number {
  let sum = 0;
  for (const { gradient } of slots) sum += kernels.sumOfSquares(gradient.byteOffset, gradient.length);
  return Math.sqrt(sum);
}

/** Names of the slots that make `gradientNorm` not finite: what to tell the reader when it is not. */
export function nonFiniteGradients(kernels: Kernels, slots: readonly GradientSlot[]): string[] {
  return slots.filter((slot) => !Number.isFinite(gradientNorm(kernels, [slot]))).map(({ name }) => name);
}

/**
 * min(1, maxNorm / (norm + 1e-6)): what gradients of that norm are multiplied by.
 *
 * `norm` as `gradientNorm` gives it, `maxNorm` above 0. Throws ERR_GRADIENT_NOT_FINITE when `norm` is not finite (no
 * factor repairs that) and ERR_OPTIMIZER_OPTION for a `maxNorm` out of range.
 *
 * @example
 * clipCoefficient(4, 1); // 0.2499999375
 * clipCoefficient(0.5, 1); // 1
 */
export function clipCoefficient(norm: number, maxNorm: number): number {
  if (!(maxNorm > 0)) {
    throw new AttuneError("ERR_OPTIMIZER_OPTION", {
      rule: "maxNorm must be above 0",
      found: `found ${maxNorm}`,
      next: "correct maxNorm",
    });
  }
  if (!Number.isFinite(norm)) {
    throw new AttuneError("ERR_GRADIENT_NOT_FINITE", {
      rule: "gradients must be finite",
      found: `their norm is ${norm}`,
      next: "lower the learning rate or lengthen the warm-up",
    });
  }
  return Math.min(1, maxNorm / (norm + NORM_EPSILON));
}
