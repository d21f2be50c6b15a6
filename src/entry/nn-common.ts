/** What `attune/nn` gives in Node and in browsers alike: everything but what needs a runtime. */
export type { DType, HostTensor } from "../base/dtype.ts";
export { AttuneError, errorCode } from "../base/errors.ts";
export { Random } from "../base/random.ts";
export type { Dim, Shape } from "../base/shape.ts";
export type {
  Compiled,
  DecodingOptions,
  EngineOptions,
  Evaluate,
  EvaluateOptions,
  EvaluationGraph,
  Generated,
  GeneratorOptions,
  LossGraph,
  Printable,
  Seq2SeqModel,
  StepResult,
} from "../engine/index.ts";
export { compile, decodeTokens, exportOnnx, Generator, print, TrainingEngine } from "../engine/index.ts";
export * from "../nn/index.ts";
export type { Schedule } from "../optim/index.ts";
export { linearWarmup } from "../optim/index.ts";
export type { Gradient, Nested, RowGradient, TensorType } from "../tensor/index.ts";
export {
  abs,
  add,
  arange,
  batchMatmul,
  cast,
  concat,
  constant,
  div,
  equal,
  erf,
  exp,
  expand,
  full,
  gatherRows,
  gelu,
  gemm,
  grad,
  gradients,
  greater,
  input,
  log,
  logSoftmax,
  mean,
  mul,
  neg,
  oneHot,
  ones,
  or,
  pad,
  randn,
  relu,
  reshape,
  scalar,
  sigmoid,
  slice,
  softmax,
  softplus,
  sqrt,
  sub,
  sum,
  Tensor,
  tanh,
  tensor,
  transpose,
  where,
  zeros,
} from "../tensor/index.ts";
