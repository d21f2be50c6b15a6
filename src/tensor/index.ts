/** Symbolic tensors, their ops, gradients, and emission as ONNX. */
export type { Nested } from "./create.ts";
export { full, ones, randn, tensor, zeros } from "./create.ts";
export { gradients } from "./dense-gradient.ts";
export type { EmitOptions } from "./emit.ts";
export { emitModel, inputName, sharedName, topologicalOrder } from "./emit.ts";
export type { Dialect } from "./emitter.ts";
export type { Gradient } from "./grad.ts";
export { grad } from "./grad.ts";

export {
  abs,
  add,
  cast,
  div,
  erf,
  exp,
  gelu,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  softplus,
  sqrt,
  sub,
  tanh,
} from "./ops/elementwise.ts";
export { arange, gatherRows, oneHot, pickRows } from "./ops/indexing.ts";
export { batchMatmul, gemm } from "./ops/matmul.ts";
export { layerNorm } from "./ops/normalization.ts";
export { equal, greater, or, where } from "./ops/logic.ts";
export { expand, mean, sum } from "./ops/reduce.ts";
export { concat, pad, reshape, slice, transpose } from "./ops/shape.ts";
export { logSoftmax, logSumExp, softmax } from "./ops/softmax.ts";
export type { RowGradient, TensorType } from "./tensor.ts";
export { constant, input, parameter, scalar, shapeError, Tensor } from "./tensor.ts";
