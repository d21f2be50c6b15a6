/** A model and a walk as the library would give them, for tests of `attune inspect`: shapes are right, numbers made up. */
import type { ModelDescription } from "../src/tasks/describe-model.ts";
import { type LayerWalk, STEPS, type WalkOptions, type WalkStep } from "../src/tasks/walk-types.ts";

const f32 = (name: string, ...shape: (number | string)[]) => ({ name, dtype: "float32" as const, shape });
/** A one-layer model of four operations. */
export const description: ModelDescription = {
  path: "runs/spam",
  summary: {
    family: "bert",
    name: "BERT",
    layers: 1,
    hiddenSize: 6,
    heads: 2,
    intermediateSize: 24,
    positions: 512,
    vocabSize: 3000,
    parameters: 18_042,
    labels: ["ham", "spam"],
    multiLabel: false,
  },
  groups: [
    { name: "bert.embeddings", tensors: 1, parameters: 18_000 },
    { name: "bert.encoder.layer.0", tensors: 2, parameters: 42 },
  ],
  graph: {
    name: "bert",
    inputs: [{ name: "input_ids", dtype: "int64", shape: ["b", "t"] }],
    outputs: [f32("y", "b*t", 6)],
    parameters: [
      f32("bert.embeddings.word.weight", 3000, 6),
      f32("bert.encoder.layer.0.attention.self.query.weight", 6, 6),
      f32("bert.encoder.layer.0.attention.self.query.bias", 6),
    ],
    constants: [
      { name: "shape", dtype: "int64", shape: [2], values: [-1, 6] },
      { name: "lowest", dtype: "float32", shape: [], values: [-3.4028234663852886e38] },
    ],
    nodes: [
      {
        op: "Gather",
        name: "g",
        section: "bert.embeddings",
        inputs: ["bert.embeddings.word.weight", "input_ids"],
        outputs: [f32("e", "b", "t", 6)],
        attributes: { axis: 0 },
      },
      {
        op: "Reshape",
        name: "r",
        section: "bert.encoder.layer.0",
        inputs: ["e", "shape"],
        outputs: [f32("f", "b*t", 6)],
        attributes: {},
      },
      {
        op: "Gemm",
        name: "m",
        section: "bert.encoder.layer.0",
        inputs: [
          "f",
          "bert.encoder.layer.0.attention.self.query.weight",
          "bert.encoder.layer.0.attention.self.query.bias",
        ],
        outputs: [f32("q", "b*t", 6)],
        attributes: { transB: 1 },
      },
      {
        op: "Split",
        domain: "com.microsoft",
        name: "s",
        section: "bert.encoder.layer.0",
        inputs: ["q", "", "lowest"],
        outputs: [f32("h", "b*t", 3), { name: "y" }],
        attributes: { perm: [1, 0], mode: "linear" },
      },
    ],
  },
  text: "graph bert ...",
};

export interface WalkSizes {
  readonly tokens?: readonly string[];
  readonly heads?: number;
  readonly padding?: number;
  readonly truncated?: number;
  readonly labels?: number;
}

/** A walk whose numbers count up in eighths, so that every place has its own; the mask alone is a mask. */
export function fakeWalk(sizes: WalkSizes, { layer, head }: WalkOptions): LayerWalk {
  const {
    tokens = ["[CLS]", "win", "a", "[SEP]"],
    heads = 2,
    padding = 0,
    truncated = 0,
    labels = 2,
  } = sizes;
  const t = tokens.length;
  const size: Record<string, number> = { t, s: t, heads, d: 3, h: 3 * heads, f: 24, "1": 1 };
  const step = ([path, ...dims]: readonly string[]): WalkStep => {
    const kept = dims.filter((dim) => head === undefined || dim !== "heads");
    const shape = kept.map((dim) => size[dim]);
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i / 8);
    if (path.endsWith("mask"))
      values.forEach((_, i) => (values[i] = i % t < t - padding ? 0 : -3.4028235e38));
    return { path: `bert.encoder.layer.${layer}.${path}`, dims: kept, shape, values };
  };
  return {
    path: "runs/spam",
    layer,
    layers: 3,
    scope: `bert.encoder.layer.${layer}`,
    heads,
    ...(head === undefined ? {} : { head }),
    headSize: 3,
    hiddenSize: 3 * heads,
    layerNormEps: 1e-12,
    tokens: tokens.map((token, i) => ({ token, id: i, type: i > 2 ? 1 : 0, padding: i >= t - padding })),
    receipt: { tokens: t, truncatedTokens: truncated, unknownTokens: truncated },
    device: "native",
    steps: Object.fromEntries(
      Object.entries(STEPS).map(([name, at]) => [name, step(at)]),
    ) as LayerWalk["steps"],
    logits: Array.from({ length: labels }, (_, i) => ({ label: `label${i}`, logit: i / 4 })),
  };
}
