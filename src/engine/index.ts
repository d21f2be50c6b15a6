/** Where traced graphs meet the runtime: evaluating, printing, training, generating. */
export type { DecodingOptions, DecodingStep, Generated } from "./decoding.ts";
export { decodeTokens } from "./decoding.ts";
export { MAX_MICRO_BATCHES } from "./dropout-masks.ts";
export type { Compiled, Evaluate, EvaluateOptions } from "./evaluate.ts";
export { compile, evaluateWith } from "./evaluate.ts";
export type { FitOptions, FitStep } from "./fit.ts";
export { fit } from "./fit.ts";
export type { GeneratorOptions, Seq2SeqModel } from "./generator.ts";
export { Generator } from "./generator.ts";
export type { GradientGraph, LossGraph, RowOutput } from "./gradient-graph.ts";
export { buildGradientGraph } from "./gradient-graph.ts";
export type { Printable } from "./print.ts";
export { exportOnnx, print } from "./print.ts";
export type { EngineOptions, EvaluationGraph, StepResult } from "./training-engine.ts";
export { TrainingEngine } from "./training-engine.ts";
export type { Backend, Tensors } from "../runtime/session.ts";
