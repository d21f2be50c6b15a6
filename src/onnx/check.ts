/**
 * Checks that a model is well formed before anybody runs or writes it.
 *
 * Source: ONNX IR specification, "Graphs": single assignment, topological order, every name defined, every
 * operator's domain imported. Adds one rule of our own: operators that race on two threads are refused.
 * Does not check operator signatures; the op table's shape rules and ONNX Runtime do.
 */
import { internal } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import type { Model, Node } from "./ir.ts";

/** Throws an internal error that names the first rule broken. */
export function checkModel(model: Model): void {
  const { graph } = model;
  const defined = new Set<string>();
  const define = (name: string, by: string) => {
    if (name === "") throw internal(`graph ${graph.name}: ${by} defines an empty name`);
    if (defined.has(name)) throw internal(`graph ${graph.name}: "${name}" is defined twice, again by ${by}`);
    defined.add(name);
  };
  for (const input of graph.inputs) define(input.name, "an input");
  for (const { name, tensor } of graph.initializers) {
    define(name, "an initializer");
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw internal(`initializer "${name}" of shape [${tensor.shape}] holds ${tensor.data.length} values`);
    }
  }
  for (const node of graph.nodes) {
    checkNode(node, model, defined);
    for (const output of node.outputs) define(output, `${node.opType} "${node.name}"`);
  }
  for (const output of graph.outputs) {
    if (!defined.has(output.name))
      throw internal(`graph ${graph.name}: output "${output.name}" is not defined`);
  }
}

function checkNode(node: Node, model: Model, defined: ReadonlySet<string>): void {
  if (model.opsets[node.domain] === undefined) {
    throw internal(
      `${node.opType} "${node.name}" needs domain "${node.domain}", which the model does not import`,
    );
  }
  for (const input of node.inputs) {
    if (input !== "" && !defined.has(input)) {
      throw internal(`${node.opType} "${node.name}" reads "${input}" before it is defined`);
    }
  }
  // ONNX Runtime's CPU kernel adds to the same row from several threads without a lock: 25 answers in 25 runs.
  const reduction = node.attributes.reduction;
  if (
    node.opType.startsWith("Scatter") &&
    reduction !== undefined &&
    "string" in reduction &&
    reduction.string !== "none"
  ) {
    throw internal(
      `${node.opType} "${node.name}" with reduction="${reduction.string}" gives a different answer in every run`,
    );
  }
}
