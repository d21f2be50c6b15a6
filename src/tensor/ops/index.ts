/** Every op of the engine by name: the table that tests walk and that `add an op` in CONTRIBUTING.md extends. */
import * as elementwise from "./elementwise.ts";
import * as indexing from "./indexing.ts";
import * as logic from "./logic.ts";
import * as matmul from "./matmul.ts";
import * as normalization from "./normalization.ts";
import * as reduce from "./reduce.ts";
import * as shape from "./shape.ts";
import * as softmaxOps from "./softmax.ts";

const { Add, Sub, Mul, Div, Neg, Exp, Log, Sqrt, Abs, Sign, Erf, Tanh, Sigmoid, Softplus, Relu, Gelu, Cast } =
  elementwise;
const { ReduceSum, ReduceMean, Expand } = reduce;
const { Reshape, Transpose, Slice, Pad, Concat } = shape;
const { Greater, Equal, Or, Where } = logic;
const { Gemm, BatchMatmul } = matmul;
const { Softmax, LogSoftmax, LogSumExp } = softmaxOps;
const { LayerNormalization, Normalize } = normalization;
const { GatherRows, PickRows, OneHot, Arange } = indexing;

export const opTable = {
  Abs,
  Add,
  Arange,
  BatchMatmul,
  Cast,
  Concat,
  Div,
  Equal,
  Erf,
  Exp,
  Expand,
  GatherRows,
  Gelu,
  Gemm,
  Greater,
  LayerNormalization,
  Log,
  LogSoftmax,
  LogSumExp,
  Mul,
  Neg,
  Normalize,
  OneHot,
  Or,
  Pad,
  PickRows,
  ReduceMean,
  ReduceSum,
  Relu,
  Reshape,
  Sigmoid,
  Sign,
  Slice,
  Softmax,
  Softplus,
  Sqrt,
  Sub,
  Tanh,
  Transpose,
  Where,
} as const;

export type OpName = keyof typeof opTable;
