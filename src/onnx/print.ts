/**
 * Graphs as readable text: one line a node, with types where they are known, in sections where there are several.
 *
 *     graph mlp(%x: float32[b, 16]) -> (%y: float32[b, 2]) {
 *       param %w: float32[2, 16]
 *       %y: float32[b, 2] = Gemm<transB=1>(%x, %w)
 *     }
 *
 * Small constants stand where they are used (`Reshape(%x, {-1, 8})`). `param` is a weight that is fed, `init` one that
 * lies in the graph. For reading and for tests that compare graphs as text. Cannot be parsed back.
 */
import { formatShape } from "../base/shape.ts";
import type { Graph, Node, Value } from "./ir.ts";
import { attributeText, inlineText, isInline, tensorText } from "./literals.ts";
import { graphPart } from "./sections.ts";
import { valueTypes } from "./types.ts";

/** A list of inputs or outputs that is longer takes a line a value. */
const LONGEST_LIST = 80;

/**
 * The text of a graph, or of one `layer` of it. Inputs named in `parameters` get a line each, as the weights inside
 * the graph do, in the first section that reads them.
 */
export function printGraph(
  graph: Graph,
  parameters: ReadonlySet<string> = new Set(),
  layer?: number,
): string {
  const { sections, reads, gives } = graphPart(graph, parameters, layer);
  const titled = sections.length > 1 || layer !== undefined;
  const printed = new Printer(graph);
  const unplaced = weightLines(graph, parameters);
  const body = sections.flatMap(({ name, nodes }) => {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const weights = [...unplaced].filter(([weight]) => read.has(weight));
    for (const [weight] of weights) unplaced.delete(weight);
    return [
      ...(titled && name !== "" ? [`# ${name}`] : []),
      ...weights.map(([, line]) => line),
      ...nodes.map((node) => printed.node(node)),
    ];
  });
  const unused = layer === undefined ? [...unplaced.values()] : [];
  const [inputs, outputs] = [reads, gives].map((names) => list(names.map((value) => printed.value(value))));
  return [
    `graph ${graph.name}${inputs} -> ${outputs} {`,
    ...[...unused, ...body].map((line) => `  ${line}`),
    "}",
  ].join("\n");
}

/** Names of values, with what is known of each. */
class Printer {
  readonly #types: ReadonlyMap<string, Value>;
  readonly #constants: ReadonlyMap<string, string>;

  constructor(graph: Graph) {
    this.#types = valueTypes(graph);
    this.#constants = new Map(
      graph.initializers
        .filter(({ tensor }) => isInline(tensor))
        .map(({ name, tensor }) => [name, inlineText(tensor)]),
    );
  }

  value(name: string): string {
    const value = this.#types.get(name);
    return value === undefined ? `%${name}` : valueText(value);
  }

  node({ outputs, domain, opType, attributes, inputs }: Node): string {
    const op = domain === "" ? opType : `${domain}.${opType}`;
    const given = Object.entries(attributes).map(([name, value]) => `${name}=${attributeText(value)}`);
    const read = inputs.map((name) => (name === "" ? "_" : (this.#constants.get(name) ?? `%${name}`)));
    const results = outputs.map((name) => (name === "" ? "_" : this.value(name)));
    return `${results.join(", ")} = ${op}${given.length > 0 ? `<${given.join(", ")}>` : ""}(${read.join(", ")})`;
  }
}

/** A line a weight, by name. */
function weightLines(graph: Graph, parameters: ReadonlySet<string>): Map<string, string> {
  const fed = graph.inputs.filter(({ name }) => parameters.has(name));
  const inside = graph.initializers.filter(({ tensor }) => !isInline(tensor));
  return new Map([
    ...fed.map((value) => [value.name, `param ${valueText(value)}`] as const),
    ...inside.map(({ name, tensor }) => [name, `init %${name}: ${tensorText(tensor)}`] as const),
  ]);
}

function list(values: readonly string[]): string {
  const short = `(${values.join(", ")})`;
  return short.length <= LONGEST_LIST ? short : `(\n${values.map((value) => `  ${value},\n`).join("")})`;
}

function valueText({ name, dtype, shape }: Value): string {
  return `%${name}: ${dtype}${shape === undefined ? "[?]" : formatShape(shape)}`;
}
