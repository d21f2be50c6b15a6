/**
 * Encoder and decoder layers, their stacks and Transformer against PyTorch in float64 (fixtures/transformer-torch):
 * names and shapes of the parameters, the whole output, every gradient; post- and pre-norm, each mask, queries that
 * see nothing, dropout with given masks. In both dialects, with named dimensions, and some on the WASM runtime.
 */
import { describe, expect, it } from "vitest";
import { backendOrSkip } from "../runtimes.ts";
import { expectGolden } from "./compare.ts";
import type { LayerCase } from "./layer-cases.ts";
import { layerGoldens, traceCase } from "./layer-cases.ts";
import { run, ways } from "./run-case.ts";

describe.each(["encoder", "decoder", "transformer"] as const)("%s against PyTorch", (name) => {
  const goldens = layerGoldens[name];

  describe.each(ways)("$title", ({ named, dialect }) => {
    it.each(goldens.rows)("%s", async (_, golden) => {
      const { tensors, feeds } = traceCase(goldens, golden, { named });
      expectGolden(await run(tensors, { feeds, dialect }), goldens.wanted(golden));
    });
  });
});

it("has goldens of every module, each in both orders of norms", () => {
  const all: readonly LayerCase[] = Object.values(layerGoldens).flatMap(({ cases }) => cases);
  const kinds = new Set(all.map(({ module, options }) => `${module} ${options.normFirst === true}`));
  expect(kinds.size).toBe(2 * 5);
  expect(all.filter(({ torchAgrees }) => torchAgrees).length).toBeGreaterThan(50);
});

const onWasm = [
  { name: "encoder", title: "layer, pre-norm, gelu: causal, mask and padding" },
  { name: "encoder", title: "layer, post-norm, relu: queries that see nothing" },
  { name: "decoder", title: "layer, post-norm, relu: all of them" },
  { name: "decoder", title: "layer, pre-norm, gelu: queries that see nothing" },
  { name: "transformer", title: "pre-norm, gelu: all of them" },
] as const;

it("gives PyTorch's numbers on the WASM runtime", async (context) => {
  const backend = await backendOrSkip(context, "wasm");
  for (const { name, title } of onWasm) {
    const goldens = layerGoldens[name];
    const golden = goldens.named(title);
    const { tensors, feeds } = traceCase(goldens, golden);
    expectGolden(await run(tensors, { feeds, backend }), goldens.wanted(golden));
  }
});
