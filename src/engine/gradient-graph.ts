/**
 * From a traced loss to the ONNX graph of one training step: the loss and the gradient of every parameter.
 *
 * Dense gradients come out in the parameter's shape. Embedding tables that are read by rows come out as rows with
 * their indices; the host adds them up (`training-engine.ts`). Pure: builds a graph, runs nothing.
 */
import { AttuneError } from "../base/errors.ts";
import type { DropoutSite, ParameterSpec } from "../nn/index.ts";
import type { Model } from "../onnx/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { cast, emitModel, grad, inputName, sharedName } from "../tensor/index.ts";

/** A traced loss and what it depends on. */
export interface LossGraph {
  /** Everything that is fed at each step but dropout masks. */
  readonly inputs: readonly Tensor[];
  /** One element. Where a step has several micro-batches, theirs are added up. */
  readonly loss: Tensor;
  readonly parameters: readonly ParameterSpec[];
  readonly dropouts: readonly DropoutSite[];
  /** Further results of the step by name. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
}

/** Where the graph leaves the rows of one table's gradient: row indices[i] (int32) of the parameter gains rows[i]. */
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

/**
 * Differentiates the loss with respect to every parameter and emits one graph that computes all of it.
 *
 * @throws ERR_INPUT_NAME where an input is called as a parameter or an output is, ERR_UNUSED_PARAMETER,
 *   ERR_NOT_DIFFERENTIABLE.
 */
export function buildGradientGraph(graph: LossGraph): GradientGraph {
  const inputs = new Set(graph.inputs.map(inputName));
  const shared = graph.parameters.find(({ name }) => inputs.has(name));
  if (shared !== undefined) throw sharedName(shared.name, "input", "parameter");
  const gradients = grad(
    graph.loss,
    graph.parameters.map((parameter) => parameter.tensor),
  );
  const outputs: Record<string, Tensor> = { loss: graph.loss, ...graph.outputs };
  const dense = new Map<string, string>();
  const rows: RowOutput[] = [];
  gradients.forEach((gradient, i) => {
    const { name } = graph.parameters[i];
    if (gradient.dense === undefined && gradient.rows.length === 0)
      throw new AttuneError("ERR_UNUSED_PARAMETER", {
        rule: "the loss must depend on every parameter",
        found: `it does not on "${name}"`,
        next: "use it, or do not declare it",
      });
    if (gradient.dense !== undefined) {
      dense.set(name, `grad:${name}`);
      outputs[`grad:${name}`] = gradient.dense;
    }
    gradient.rows.forEach((part, j) => {
      const output = { parameter: name, indices: `indices:${name}:${j}`, rows: `rows:${name}:${j}` };
      rows.push(output);
      outputs[output.indices] = cast(part.indices, "int32");
      outputs[output.rows] = part.rows;
    });
  });
  const model = emitModel({
    name: "training_step",
    inputs: [...graph.inputs, ...graph.dropouts.map((site) => site.mask)],
    outputs,
    parameters: "inputs",
    dialect: "ort",
  });
  return { model, dense, rows };
}
