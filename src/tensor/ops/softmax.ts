/**
 * Softmax, log-softmax and log-sum-exp over the last axis.
 *
 * ONNX: Softmax-13, LogSoftmax-13 (both subtract the row's maximum, so large logits do not overflow), ReduceMax-18.
 */
import type { Op } from "../op.ts";
import { apply } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { exp, mul, sub } from "./elementwise.ts";
import { sum } from "./reduce.ts";

type None = Record<string, never>;

export const Softmax: Op<None> = {
  name: "Softmax",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  emit: (e, [x]) => [e.node("Softmax", [x], { axis: { int: -1 } })],
  // dX = P (dP - sum(P dP))
  vjp: (dP, { output: p }) => {
    const weighted = mul(p, dP);
    return [sub(weighted, mul(p, sum(weighted, [p.rank - 1])))];
  },
};

export const LogSoftmax: Op<None> = {
  name: "LogSoftmax",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  emit: (e, [x]) => [e.node("LogSoftmax", [x], { axis: { int: -1 } })],
  // dX = dY - exp(Y) sum(dY)
  vjp: (dY, { output: y }) => [sub(dY, mul(exp(y), sum(dY, [y.rank - 1])))],
};

export const LogSumExp: Op<None> = {
  name: "LogSumExp",
  infer: ([x]) => [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }],
  // log sum_j e^x_j = max x - log max softmax(x): the largest share is at least 1/n, so its logarithm is safe, and
  // the softmax is the one that the gradient needs anyway
  emit: (e, [x], _, [{ rank }]) => {
    const highest = (values: string) =>
      e.node("ReduceMax", [values, e.int64s([rank - 1])], { keepdims: { int: 1 } });
    const share = highest(e.node("Softmax", [x], { axis: { int: -1 } }));
    return [e.node("Sub", [highest(x), e.node("Log", [share])])];
  },
  // dX = softmax(X) dY
  vjp: (dY, { inputs: [x] }) => [mul(softmax(x), dY)],
};

/** e^x_i / sum_j e^x_j over the last axis. */
export const softmax = (x: Tensor): Tensor => apply(Softmax, [x], {});

/** log softmax(x) over the last axis, computed without underflow. */
export const logSoftmax = (x: Tensor): Tensor => apply(LogSoftmax, [x], {});

/** log sum_j e^x_j over the last axis, which stays as size 1: [..., c] -> [..., 1]. */
export const logSumExp = (x: Tensor): Tensor => apply(LogSumExp, [x], {});
