/**
 * Layer normalisation over the last axis (Ba, Kiros, Hinton 2016, equations 3 and 4).
 *
 *     y = gamma * (x - mean) / sqrt(variance + eps) + beta
 *
 * ONNX: LayerNormalization-17. The gradient recomputes x-hat and 1/std with one more LayerNormalization, which
 * was faster than keeping them (docs/decisions/0001).
 */
import type { Op } from "../op.ts";
import { apply, applyAll, notDifferentiable, requireSameDType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { constant, shapeError } from "../tensor.ts";
import { mul, sub } from "./elementwise.ts";
import { mean } from "./reduce.ts";

export interface Epsilon {
  readonly epsilon: number;
}

export const LayerNormalization: Op<Epsilon> = {
  name: "LayerNormalization",
  infer: (inputs) => {
    requireSameDType("layerNorm", inputs);
    const [x, gamma, beta] = inputs;
    const width = x.shape[x.rank - 1];
    if (typeof width !== "number" || [gamma, beta].some((w) => w.rank !== 1 || w.shape[0] !== width)) {
      throw shapeError(
        "layerNorm",
        "gamma and beta must be [d] where x is [..., d]",
        inputs,
        "check the hidden size",
      );
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  emit: (e, names, { epsilon }) => [
    e.node("LayerNormalization", names, { axis: { int: -1 }, epsilon: { float: epsilon } }),
  ],
  // h = x-hat, s = 1/std, g = gamma dY:  dx = s (g - mean(g) - h mean(g h)),  dgamma = sum(dY h),  dbeta = sum(dY)
  vjp: (dY, { inputs: [x, gamma], attributes }) => {
    const [normalized, inverseStd] = applyAll(Normalize, [x, ones(gamma)], attributes);
    const last = [x.rank - 1];
    const g = mul(dY, gamma);
    const centered = sub(sub(g, mean(g, last)), mul(normalized, mean(mul(g, normalized), last)));
    return [mul(centered, inverseStd), mul(dY, normalized), dY];
  },
};

/** x-hat and 1/std of each row, from the optional outputs of LayerNormalization. */
export const Normalize: Op<Epsilon> = {
  name: "Normalize",
  infer: ([x]) => [
    { dtype: x.dtype, shape: x.shape },
    { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] },
  ],
  emit: (e, [x, scale], { epsilon }) => {
    const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
    const [normalized, , inverseStd] = e.nodeWithOutputs("LayerNormalization", [x, scale], attributes, 3);
    return [normalized, inverseStd];
  },
  vjp: notDifferentiable(
    "it stands only inside the gradient of layerNorm, and second derivatives are not taken",
  ),
};

/** Normalises the last axis of x [..., d], then scales by gamma [d] and shifts by beta [d]. */
export function layerNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  options: { readonly epsilon: number },
): Tensor {
  return apply(LayerNormalization, [x, gamma, beta], { epsilon: options.epsilon });
}

function ones(like: Tensor): Tensor {
  const length = Number(like.shape[0]);
  return constant({ dtype: "float32", shape: [length], data: new Float32Array(length).fill(1) });
}
