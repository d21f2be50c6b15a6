import pico from "picocolors";
import { expect, it } from "vitest";
import { description } from "../../test/fake-inspect.ts";
import { modelGraphLines } from "./inspect-graph-view.ts";

const layout = { width: 80, colors: pico.createColors(false) };

it("says where several layers have the number that was asked for", () => {
  const [first, ...others] = description.graph.nodes;
  const nodes = [
    { ...first, section: "encoder.0" },
    ...others.map((node) => ({ ...node, section: "decoder.0" })),
  ];
  const both = { ...description, graph: { ...description.graph, nodes } };
  const shown = (layer?: number) => modelGraphLines(both, layout, layer).join("\n");
  expect(shown(0)).toContain("\nlayer    0 of each: encoder.0, decoder.0\n");
  expect(shown()).not.toContain("of each");
});

it("lets no name of the file change the terminal", async () => {
  const evil = "a\u001b[31m\nb";
  const value = { name: evil, dtype: "float32" as const, shape: [evil] };
  const graph = {
    name: evil,
    inputs: [value],
    outputs: [value],
    parameters: [{ ...value, name: "w" }],
    constants: [],
    nodes: [
      {
        op: evil,
        domain: evil,
        name: evil,
        section: evil,
        inputs: [evil, "w"],
        outputs: [value],
        attributes: { [evil]: evil },
      },
    ],
  };
  const lines = modelGraphLines({ ...description, path: evil, graph }, layout);
  expect(lines.join("")).toContain("a\ufffd[31m b");
  expect(lines.filter((line) => /\p{Cc}/u.test(line))).toEqual([]);
});
