/**
 * First values of the modules' parameters against PyTorch's (fixtures/transformer-torch/initial.json): the same
 * constants, uniform within the same bounds, or normal with the same deviation.
 *
 * The numbers themselves differ, since the generators do. Each parameter is looked at over many seeds.
 */
import { describe, expect, it } from "vitest";
import type { ParameterSpec, State } from "../../src/entry/nn.ts";
import {
  Embedding,
  LayerNorm,
  Linear,
  MultiHeadAttention,
  Transformer,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import { readJson } from "./golden.ts";

interface Moments {
  readonly mean: number;
  readonly std: number;
  readonly max: number;
}

interface Made {
  readonly parameters: readonly ParameterSpec[];
  readonly state: () => State;
}

/** Those that a module has are given, and no others. */
interface Options {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly normalizedShape: number;
  readonly embedDim: number;
  readonly numHeads: number;
  readonly kDim?: number;
  readonly vDim?: number;
  readonly dModel: number;
  readonly nHead: number;
  readonly dimFeedforward: number;
  readonly numEncoderLayers: number;
  readonly numDecoderLayers: number;
}

const { cases } = readJson<{
  readonly cases: readonly {
    readonly module: string;
    readonly options: Options;
    readonly parameters: Readonly<Record<string, Moments>>;
  }[];
}>("initial");

describe.each(cases)("first values of $module $options", ({ module, options, parameters }) => {
  const found = measure((seed) => make(module, options, seed));

  it("has PyTorch's parameters", () => {
    expect([...found.keys()].sort()).toEqual(Object.keys(parameters).sort());
  });

  it.each(Object.entries(parameters))("%s", (name, wanted) => {
    const { mean, std, max } = moments(found.get(name) ?? []);
    const distribution = kind(wanted);
    expect(kind({ mean, std, max })).toBe(distribution);
    if (distribution === "constant") expect({ mean, std, max }).toEqual(wanted);
    else {
      expect(Math.abs(mean)).toBeLessThan(0.04 * wanted.std);
      expect(Math.abs(std / wanted.std - 1)).toBeLessThan(0.02);
    }
    // the largest of many uniform numbers is close to the bound
    if (distribution === "uniform") expect(Math.abs(max / wanted.max - 1)).toBeLessThan(1e-3);
  });
});

it("has goldens of all three kinds", () => {
  const kinds = cases.flatMap(({ parameters }) => Object.values(parameters).map(kind));
  expect(new Set(kinds)).toEqual(new Set(["constant", "uniform", "normal"]));
});

/** A uniform distribution in -a..a has deviation a / sqrt(3); a normal one's largest of many is beyond 4 of them. */
function kind({ std, max }: Moments): "constant" | "uniform" | "normal" {
  if (std === 0) return "constant";
  return max / std < 1.8 ? "uniform" : "normal";
}

function make(module: string, sizes: Options, seed: number): Made {
  const options = { ...sizes, seed };
  switch (module) {
    case "Linear":
      return new Linear(options);
    case "Embedding":
      return new Embedding(options);
    case "LayerNorm":
      return new LayerNorm(options);
    case "MultiHeadAttention":
      return new MultiHeadAttention(options);
    case "TransformerEncoderLayer":
      return new TransformerEncoderLayer(options);
    case "TransformerDecoderLayer":
      return new TransformerDecoderLayer(options);
    case "Transformer":
      return new Transformer(options);
    default:
      throw new Error(`no module "${module}"`);
  }
}

/** The values of every parameter over enough seeds. */
function measure(makeOne: (seed: number) => Made): ReadonlyMap<string, readonly number[]> {
  const values = new Map<string, number[]>();
  const enough = (name: string) => (values.get(name)?.length ?? 0) >= 10_000;
  for (let seed = 0; seed < 2000; seed++) {
    const module = makeOne(seed);
    if (module.parameters.every(({ name }) => enough(name))) break;
    for (const [name, { data }] of module.state()) {
      const list = values.get(name) ?? [];
      values.set(name, list);
      if (!enough(name)) for (const value of data) list.push(value);
    }
  }
  return values;
}

function moments(values: readonly number[]): Moments {
  let [sum, squares, max] = [0, 0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
    max = Math.max(max, Math.abs(value));
  }
  const mean = sum / values.length;
  return { mean, std: Math.sqrt(Math.max(0, squares / values.length - mean * mean)), max };
}
