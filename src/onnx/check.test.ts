import { describe, expect, it } from "vitest";
import { checkModel } from "./check.ts";
import type { Attributes, Graph, Model, Node, Value } from "./ir.ts";

const value = (name: string): Value => ({ name, dtype: "float32", shape: [2] });
const initializer = (name: string, count = 2) => ({
  name,
  tensor: { dtype: "float32" as const, shape: [2], data: new Float32Array(count) },
});

function node(opType: string, inputs: string[], outputs: string[], rest: Partial<Node> = {}): Node {
  return { opType, domain: "", name: `node_${outputs[0]}`, inputs, outputs, attributes: {}, ...rest };
}

/** y = w * relu(x), with an optional input left out on the way. */
const sound: Graph = {
  name: "g",
  inputs: [value("x")],
  outputs: [value("y")],
  initializers: [initializer("w")],
  nodes: [node("Relu", ["x"], ["r"]), node("Clip", ["r", "", "r"], ["c"]), node("Mul", ["c", "w"], ["y"])],
  values: [],
};

function model(change: Partial<Graph>): Model {
  return { graph: { ...sound, ...change }, opsets: { "": 20 }, producer: "test", metadata: {} };
}

describe("checkModel", () => {
  it("accepts a sound graph", () => {
    expect(() => checkModel(model({}))).not.toThrow();
  });

  it.each<[string, Partial<Graph>, string]>([
    [
      "two inputs of one name",
      { inputs: [value("x"), value("x")] },
      'graph g: "x" is defined twice, again by an input',
    ],
    [
      "an initializer under an input's name",
      { initializers: [initializer("x")] },
      'graph g: "x" is defined twice, again by an initializer',
    ],
    [
      "a node that assigns again",
      { nodes: [...sound.nodes, node("Neg", ["x"], ["r"])] },
      'graph g: "r" is defined twice, again by Neg "node_r"',
    ],
    ["an input without a name", { inputs: [value("")] }, "graph g: an input defines an empty name"],
    [
      "an output without a name",
      { nodes: [...sound.nodes, node("Neg", ["x"], [""])] },
      'graph g: Neg "node_" defines an empty name',
    ],
    [
      "an initializer of the wrong length",
      { initializers: [initializer("w", 3)] },
      'initializer "w" of shape [2] holds 3 values',
    ],
    [
      "a domain that is not imported",
      { nodes: [...sound.nodes, node("Gelu", ["x"], ["z"], { domain: "com.microsoft" })] },
      'Gelu "node_z" needs domain "com.microsoft", which the model does not import',
    ],
    [
      "a node before what it reads",
      { nodes: [...sound.nodes].reverse() },
      'Mul "node_y" reads "c" before it is defined',
    ],
    ["an output that nobody makes", { outputs: [value("q")] }, 'graph g: output "q" is not defined'],
    [
      "a scatter that adds: it races",
      {
        nodes: [
          ...sound.nodes,
          node("ScatterND", ["x", "x", "x"], ["s"], { attributes: { reduction: { string: "add" } } }),
        ],
      },
      'ScatterND "node_s" with reduction="add" gives a different answer in every run',
    ],
  ])("refuses %s", (_, change, message) => {
    expect(() => checkModel(model(change))).toThrow(`internal: ${message};`);
  });

  it.each<Attributes>([{}, { reduction: { string: "none" } }])(
    "accepts a scatter that overwrites: %j",
    (attributes) => {
      const scatter = node("ScatterND", ["x", "x", "x"], ["s"], { attributes });
      expect(() => checkModel(model({ nodes: [...sound.nodes, scatter] }))).not.toThrow();
    },
  );
});
