/**
 * A graph as plain data that JSON holds: what `printGraph` shows, for programs.
 *
 * Leaves out the numbers of weights and of large constants. Cannot be turned back into a graph.
 */
import type { DType } from "../base/dtype.ts";
import type { Dim } from "../base/shape.ts";
import type { Attribute, Graph } from "./ir.ts";
import { isInline, tensorNumbers } from "./literals.ts";
import { graphPart } from "./sections.ts";
import { valueTypes } from "./types.ts";

/** Type and shape are absent where the graph leaves them open. */
export interface ValueDescription {
  readonly name: string;
  readonly dtype?: DType;
  /** Sizes, or names such as "b" and "2*b". */
  readonly shape?: readonly Dim[];
}

export interface ConstantDescription extends ValueDescription {
  /** Row-major. */
  readonly values: readonly number[];
}

export interface NodeDescription {
  readonly op: string;
  /** Absent for the standard domain. */
  readonly domain?: string;
  readonly name: string;
  /** The layer it belongs to, such as "bert.encoder.layer.0"; "" where nothing says. */
  readonly section: string;
  /** Names; "" is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly ValueDescription[];
  readonly attributes: Readonly<Record<string, AttributeDescription>>;
}

export type AttributeDescription =
  | number
  | string
  | readonly number[]
  | ConstantDescription
  | ValueDescription;

export interface GraphDescription {
  readonly name: string;
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  /** Weights, by their paths, fed or in the graph. */
  readonly parameters: readonly ValueDescription[];
  /** Axes, target shapes, factors. */
  readonly constants: readonly ConstantDescription[];
  readonly nodes: readonly NodeDescription[];
}

/** Describes a graph, or one `layer` of it with what it reads. Inputs named in `parameters` are weights. */
export function describeGraph(
  graph: Graph,
  parameters: ReadonlySet<string> = new Set(),
  layer?: number,
): GraphDescription {
  const { sections, reads, gives } = graphPart(graph, parameters, layer);
  const types = valueTypes(graph);
  const value = (name: string): ValueDescription => {
    const { dtype, shape } = types.get(name) ?? {};
    return { name, ...(dtype === undefined ? {} : { dtype }), ...(shape === undefined ? {} : { shape }) };
  };
  const read = new Set(sections.flatMap(({ nodes }) => nodes.flatMap(({ inputs }) => inputs)));
  const shown = ({ name }: { readonly name: string }) => layer === undefined || read.has(name);
  const initializers = graph.initializers.filter(shown).map(({ name, tensor }) => ({ name, ...tensor }));
  return {
    name: graph.name,
    inputs: reads.map(value),
    outputs: gives.map(value),
    parameters: [
      ...graph.inputs
        .filter((input) => parameters.has(input.name) && shown(input))
        .map(({ name }) => value(name)),
      ...initializers
        .filter((tensor) => !isInline(tensor))
        .map(({ name, dtype, shape }): ValueDescription => ({ name, dtype, shape })),
    ],
    constants: initializers.filter(isInline).map((tensor) => ({
      name: tensor.name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      values: tensorNumbers(tensor),
    })),
    nodes: sections.flatMap(({ name: section, nodes }) =>
      nodes.map(({ opType, domain, name, inputs, outputs, attributes }) => ({
        op: opType,
        ...(domain === "" ? {} : { domain }),
        name,
        section,
        inputs,
        outputs: outputs.map(value),
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([key, attribute]) => [key, describeAttribute(attribute)]),
        ),
      })),
    ),
  };
}

function describeAttribute(attribute: Attribute): AttributeDescription {
  if ("int" in attribute) return attribute.int;
  if ("float" in attribute) return attribute.float;
  if ("string" in attribute) return attribute.string;
  if ("ints" in attribute) return attribute.ints;
  if ("floats" in attribute) return attribute.floats;
  const { dtype, shape } = attribute.tensor;
  const type = { name: "", dtype, shape };
  return isInline(attribute.tensor) ? { ...type, values: tensorNumbers(attribute.tensor) } : type;
}
