/**
 * Graphs as readable text: one line a node, with types where they are known.
 *
 *     graph mlp(%x: float32[b, 16]) -> (%y: float32[b, 2]) {
 *       init %w: float32[2, 16]{...}
 *       %y: float32[b, 2] = Gemm<transB=1>(%x, %w)
 *     }
 *
 * For reading and for tests that compare graphs as text. Cannot be parsed back.
 */
import type { HostTensor } from "../base/dtype.ts";
import { formatShape } from "../base/shape.ts";
import type { Attribute, Graph, Node, Value } from "./ir.ts";

/** The text of a graph. Inputs named in `parameters` get a line each, as initializers do. */
export function printGraph(graph: Graph, parameters: ReadonlySet<string> = new Set()): string {
  const types = new Map<string, Value>();
  for (const value of [...graph.values, ...graph.outputs]) types.set(value.name, value);
  const inputs = graph.inputs.filter(({ name }) => !parameters.has(name));
  const weights = graph.inputs.filter(({ name }) => parameters.has(name));
  const lines = [
    `graph ${graph.name}(${inputs.map(printValue).join(", ")}) -> (${graph.outputs.map(printValue).join(", ")}) {`,
    ...weights.map((value) => `  param ${printValue(value)}`),
    ...graph.initializers.map(({ name, tensor }) => `  init %${name}: ${printTensor(tensor)}`),
    ...graph.nodes.map((node) => `  ${printNode(node, types)}`),
    "}",
  ];
  return lines.join("\n");
}

function printValue(value: Value): string {
  return `%${value.name}: ${value.dtype}${value.shape === undefined ? "[?]" : formatShape(value.shape)}`;
}

function printNode(node: Node, types: ReadonlyMap<string, Value>): string {
  const outputs = node.outputs.map((name) => {
    const value = types.get(name);
    return value === undefined ? `%${name}` : printValue(value);
  });
  const op = node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
  const attributes = Object.entries(node.attributes).map(
    ([name, value]) => `${name}=${printAttribute(value)}`,
  );
  const inputs = node.inputs.map((name) => (name === "" ? "_" : `%${name}`));
  return `${outputs.join(", ")} = ${op}${attributes.length > 0 ? `<${attributes.join(", ")}>` : ""}(${inputs.join(", ")})`;
}

function printAttribute(attribute: Attribute): string {
  if ("int" in attribute) return String(attribute.int);
  if ("float" in attribute) return attribute.float.toExponential();
  if ("string" in attribute) return JSON.stringify(attribute.string);
  if ("ints" in attribute) return `[${attribute.ints.join(", ")}]`;
  if ("floats" in attribute) return `[${attribute.floats.join(", ")}]`;
  return printTensor(attribute.tensor);
}

/** The type, and the values where there are few. */
function printTensor(tensor: HostTensor): string {
  const values = tensor.data.length <= 8 ? `{${[...tensor.data].join(", ")}}` : "{...}";
  return `${tensor.dtype}${formatShape(tensor.shape)}${values}`;
}
