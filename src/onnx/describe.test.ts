import { describe, expect, it } from "vitest";
import { describeGraph } from "./describe.ts";
import type { Graph } from "./ir.ts";
import { graphLayers } from "./sections.ts";

const base = { domain: "", attributes: {} };
const graph: Graph = {
  name: "two",
  inputs: [
    { name: "x", dtype: "float32", shape: ["b", 3] },
    { name: "layer.1.w", dtype: "float32", shape: [3, 5] },
  ],
  outputs: [{ name: "y", dtype: "float32", shape: ["b", 5] }],
  initializers: [
    { name: "half", tensor: { dtype: "float16", shape: [], data: Uint16Array.of(0x3800) } },
    { name: "axes", tensor: { dtype: "int64", shape: [2], data: BigInt64Array.of(0n, -1n) } },
    { name: "layer.0.w", tensor: { dtype: "float32", shape: [1], data: new Float32Array(1) } },
  ],
  nodes: [
    { ...base, opType: "Mul", name: "m", inputs: ["x", "layer.0.w"], outputs: ["h"] },
    {
      opType: "FusedMatMul",
      domain: "com.microsoft",
      name: "f",
      inputs: ["h", "layer.1.w", "", "axes"],
      outputs: ["y"],
      attributes: {
        alpha: { float: 0.5 },
        perm: { ints: [1, 0] },
        mode: { string: "linear" },
        value: { tensor: { dtype: "float32", shape: [1], data: Float32Array.of(2) } },
        scale: { tensor: { dtype: "float32", shape: [], data: Float32Array.of(2) } },
      },
    },
  ],
  values: [],
};

it("says all of a graph but the numbers of its weights", () => {
  const all = describeGraph(graph, new Set(["layer.1.w"]));
  const y = { name: "y", dtype: "float32", shape: ["b", 5] };
  expect(all).toEqual({
    name: "two",
    inputs: [{ name: "x", dtype: "float32", shape: ["b", 3] }],
    outputs: [y],
    parameters: [
      { name: "layer.1.w", dtype: "float32", shape: [3, 5] },
      { name: "layer.0.w", dtype: "float32", shape: [1] },
    ],
    constants: [
      { name: "half", dtype: "float16", shape: [], values: [0.5] },
      { name: "axes", dtype: "int64", shape: [2], values: [0, -1] },
    ],
    nodes: [
      {
        op: "Mul",
        name: "m",
        section: "layer.0",
        inputs: ["x", "layer.0.w"],
        outputs: [{ name: "h", dtype: "float32", shape: ["b", 3] }],
        attributes: {},
      },
      {
        op: "FusedMatMul",
        domain: "com.microsoft",
        name: "f",
        section: "layer.1",
        inputs: ["h", "layer.1.w", "", "axes"],
        outputs: [y],
        attributes: {
          alpha: 0.5,
          perm: [1, 0],
          mode: "linear",
          value: { name: "", dtype: "float32", shape: [1] },
          scale: { name: "", dtype: "float32", shape: [], values: [2] },
        },
      },
    ],
  });
  expect(JSON.parse(JSON.stringify(all))).toEqual(all);
});

it("says of one layer what it reads, holds and gives", () => {
  const part = describeGraph(graph, new Set(["layer.1.w"]), 0);
  expect(part.inputs.map(({ name }) => name)).toEqual(["x"]);
  expect(part.outputs).toEqual([{ name: "h", dtype: "float32", shape: ["b", 3] }]);
  expect(part.parameters.map(({ name }) => name)).toEqual(["layer.0.w"]);
  expect(part.constants).toEqual([]);
  expect(part.nodes.map(({ name }) => name)).toEqual(["m"]);
});

describe("a number that several layers have", () => {
  const paths = ["encoder.layers.0", "decoder.layers.0", "encoder.layers.1", "decoder.layers.0"];
  const names = paths.map((path, i) => `${path}.w${i}`);
  const both: Graph = {
    ...graph,
    outputs: [{ name: "h3", dtype: "float32", shape: [1] }],
    initializers: names.map((name) => ({
      name,
      tensor: { dtype: "float32", shape: [1], data: new Float32Array(1) },
    })),
    nodes: names.map((name, i) => ({
      ...base,
      opType: "Mul",
      name: `m${i}`,
      inputs: [i === 0 ? "x" : `h${i - 1}`, name],
      outputs: [`h${i}`],
    })),
  };

  it("counts as one each", () => {
    expect(graphLayers(both, new Set())).toEqual([
      { path: "encoder.layers.0", number: 0 },
      { path: "decoder.layers.0", number: 0 },
      { path: "encoder.layers.1", number: 1 },
    ]);
  });

  it("is shown of all of them, each node with its layer", () => {
    const { nodes } = describeGraph(both, new Set(), 0);
    expect(nodes.map(({ section, name }) => [section, name])).toEqual([
      ["encoder.layers.0", "m0"],
      ["decoder.layers.0", "m1"],
      ["decoder.layers.0", "m3"],
    ]);
  });
});
