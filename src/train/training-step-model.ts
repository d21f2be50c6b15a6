/** The graph that a training step runs, for those who want to look at it. */
import { buildGradientGraph } from "../engine/index.ts";
import type { SequenceClassificationConfig } from "../models/bert/config.ts";
import type { Model } from "../onnx/index.ts";
import { classifierLossGraph } from "./classifier-engine.ts";

/** The loss of a classifier and the gradients of all its parameters, which are inputs, as one ONNX model. */
export function trainingStepModel(config: SequenceClassificationConfig): {
  readonly model: Model;
  /** Names of the inputs that are parameters. */
  readonly parameters: readonly string[];
} {
  const graph = classifierLossGraph(config);
  return { model: buildGradientGraph(graph).model, parameters: graph.parameters.map(({ name }) => name) };
}
