/**
 * A graph in sections, one a layer, found by the paths of its parameters.
 *
 *     bert.embeddings | bert.encoder.layer.0 | bert.encoder.layer.1 | bert.pooler | classifier
 *
 * A node belongs where its parameters do: to their path up to the first number, or its first two names. A node without
 * parameters belongs where its neighbours do; between two sections, what only moves elements goes with what follows.
 * Graphs of PyTorch's exporter have paths in the names of their nodes (/encoder/layer.0/output/Add), which go first.
 *
 * For reading: a guess that is right for our graphs and most others, with no bearing on what a graph computes.
 */
import { isInline } from "./literals.ts";
import type { Graph, Node } from "./ir.ts";

/** Consecutive nodes. */
export interface Section {
  /** "" where nothing says. */
  readonly name: string;
  readonly nodes: readonly Node[];
}

export interface GraphLayer {
  /** "encoder.layers.0" */
  readonly path: string;
  readonly number: number;
}

/** Part of a graph: its nodes, and what flows in and out of it, by name. */
export interface GraphPart {
  readonly sections: readonly Section[];
  /** Inputs and results from elsewhere, without parameters and constants. */
  readonly reads: readonly string[];
  /** What others, or the graph's caller, read. */
  readonly gives: readonly string[];
}

/** Ops that compute nothing. */
const MOVES = new Set(
  "Reshape Transpose Slice Squeeze Unsqueeze Expand Shape Gather Concat Cast Range Constant Identity Split".split(
    " ",
  ),
);

/** The sections in the order of the nodes; a backward pass comes to the same ones again. */
export function graphSections(graph: Graph, parameters: ReadonlySet<string>): readonly Section[] {
  const names = nodeSections(graph.nodes, weightNames(graph, parameters));
  const sections: { name: string; nodes: Node[] }[] = [];
  graph.nodes.forEach((node, i) => {
    const last = sections.at(-1);
    if (last?.name === names[i]) last.nodes.push(node);
    else sections.push({ name: names[i], nodes: [node] });
  });
  return sections;
}

/** The layers in the order of the graph: an encoder-decoder has two of each number. */
export function graphLayers(graph: Graph, parameters: ReadonlySet<string>): readonly GraphLayer[] {
  const paths = new Set(graphSections(graph, parameters).map(({ name }) => name));
  return [...paths].flatMap((path) => {
    const number = layerOf(path);
    return number === undefined ? [] : [{ path, number }];
  });
}

/** The whole graph, or the sections of the layers with one number. */
export function graphPart(graph: Graph, parameters: ReadonlySet<string>, layer?: number): GraphPart {
  const all = graphSections(graph, parameters);
  const sections = layer === undefined ? all : all.filter(({ name }) => layerOf(name) === layer);
  if (layer === undefined) {
    const reads = graph.inputs.map(({ name }) => name).filter((name) => !parameters.has(name));
    return { sections, reads, gives: graph.outputs.map(({ name }) => name) };
  }
  const inside = new Set(sections.flatMap(({ nodes }) => nodes));
  const made = new Set([...inside].flatMap(({ outputs }) => outputs));
  const held = new Set([...parameters, ...graph.initializers.map(({ name }) => name), ""]);
  const outside = graph.nodes.filter((node) => !inside.has(node)).flatMap(({ inputs }) => inputs);
  const wanted = new Set([...outside, ...graph.outputs.map(({ name }) => name)]);
  const read = new Set([...inside].flatMap(({ inputs }) => inputs));
  return {
    sections,
    reads: [...read].filter((name) => !made.has(name) && !held.has(name)),
    gives: [...made].filter((name) => wanted.has(name)),
  };
}

/** The section of a parameter, or of a node called by its place. */
function sectionOfPath(path: string): string {
  const parts = path.split(".");
  const number = parts.findIndex((part) => /^\d+$/.test(part));
  return parts.slice(0, number > 0 ? number + 1 : Math.min(2, parts.length - 1)).join(".");
}

/** Every weight: parameters that are fed, and those that lie in the graph. */
function weightNames(graph: Graph, parameters: ReadonlySet<string>): ReadonlySet<string> {
  const inside = graph.initializers.filter(({ tensor }) => !isInline(tensor));
  return new Set([...parameters, ...inside.map(({ name }) => name)]);
}

function layerOf(section: string): number | undefined {
  const number = /(?:^|\.)(\d+)$/.exec(section)?.[1];
  return number === undefined ? undefined : Number(number);
}

function nodeSections(nodes: readonly Node[], weights: ReadonlySet<string>): readonly string[] {
  const known = nodes.map((node) => {
    const path = node.name.startsWith("/")
      ? node.name.slice(1).replaceAll("/", ".")
      : node.inputs.find((name) => weights.has(name));
    return path === undefined ? "" : sectionOfPath(path);
  });
  const names = [...known];
  let before = -1;
  const fill = (after: number) => {
    let moving = after;
    while (moving - 1 > before && MOVES.has(nodes[moving - 1].opType)) moving -= 1;
    for (let i = before + 1; i < after; i++)
      names[i] = (i < moving ? known[before] : known[after]) ?? known[before] ?? known[after] ?? "";
  };
  known.forEach((name, i) => {
    if (name === "") return;
    fill(i);
    before = i;
  });
  fill(nodes.length);
  return names;
}
