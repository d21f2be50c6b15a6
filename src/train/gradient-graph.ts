/**
 * From a traced loss to the ONNX graph of one training step: loss, logits and the gradient of every parameter.
 *
 * Dense gradients come out in the parameter's shape. Embedding tables that are read by rows come out as rows with
 * their indices; the host adds them up (`engine.ts`). Pure: builds a graph, runs nothing.
 */
import { internal } from "../base/errors.ts";
import type { TrainingGraph } from "../models/bert/sequence-classification.ts";
import type { Model } from "../onnx/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { emitModel, grad } from "../tensor/index.ts";

/** Where the graph leaves the rows of one table's gradient: row indices[i] of the parameter gains rows[i]. */
export interface RowOutput {
  readonly parameter: string;
  readonly indices: string;
  readonly rows: string;
}

export interface GradientGraph {
  readonly model: Model;
  /** Output name by parameter name. */
  readonly dense: ReadonlyMap<string, string>;
  readonly rows: readonly RowOutput[];
}

/** Differentiates the loss with respect to every parameter and emits one graph that computes all of it. */
export function buildGradientGraph(graph: TrainingGraph): GradientGraph {
  const gradients = grad(
    graph.loss,
    graph.parameters.map((parameter) => parameter.tensor),
  );
  const outputs: Record<string, Tensor> = { loss: graph.loss, logits: graph.logits };
  const dense = new Map<string, string>();
  const rows: RowOutput[] = [];
  gradients.forEach((gradient, i) => {
    const { name } = graph.parameters[i];
    if (gradient.dense === undefined && gradient.rows.length === 0)
      throw internal(`the loss does not depend on "${name}"`);
    if (gradient.dense !== undefined) {
      dense.set(name, `grad:${name}`);
      outputs[`grad:${name}`] = gradient.dense;
    }
    gradient.rows.forEach((part, j) => {
      const output = { parameter: name, indices: `indices:${name}:${j}`, rows: `rows:${name}:${j}` };
      rows.push(output);
      outputs[output.indices] = part.indices;
      outputs[output.rows] = part.rows;
    });
  });
  const { inputs, labels, exampleWeights } = graph;
  const model = emitModel({
    name: "training_step",
    inputs: [
      inputs.inputIds,
      inputs.attentionMask,
      inputs.tokenTypeIds,
      labels,
      exampleWeights,
      ...graph.dropouts.map((site) => site.mask),
    ],
    outputs,
    parameters: "inputs",
    dialect: "ort",
  });
  return { model, dense, rows };
}
