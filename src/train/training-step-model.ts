/** The graph that a training step runs, for those who want to look at it. */
import { buildGradientGraph } from "../engine/index.ts";
import type { ClassifierModel } from "../models/family.ts";
import type { Model } from "../onnx/index.ts";
import { classifierLossGraph } from "./classifier-engine.ts";

/** The loss of a classifier and the gradients of all its parameters, which are inputs, as one ONNX model. */
export function trainingStepModel(classifier: ClassifierModel): {
  readonly model: Model;
  /** Names of the inputs that are parameters. */
  readonly parameters: readonly string[];
} {
  const graph = classifierLossGraph(classifier.traceLoss());
  return { model: buildGradientGraph(graph).model, parameters: graph.parameters.map(({ name }) => name) };
}
