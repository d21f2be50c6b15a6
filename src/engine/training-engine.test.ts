/** Steps of the engine: embedding gradients in parts, micro-batches that add up, losses that leave parameters out. */
import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { Random } from "../base/random.ts";
import { crossEntropy, embedding, linear, Scope } from "../nn/index.ts";
import { loadBackend } from "../runtime/index.ts";
import type { Tensors } from "../runtime/session.ts";
import { input } from "../tensor/index.ts";
import type { LossGraph } from "./gradient-graph.ts";
import { buildGradientGraph } from "./gradient-graph.ts";
import { TrainingEngine } from "./training-engine.ts";

const [tokens, d, labels] = [5, 3, 2];

/** Classifies single tokens. */
function lossGraph(): LossGraph {
  const scope = Scope.root({ training: true });
  const [ids, label, shares] = [
    input("ids", "int32", ["n"]),
    input("labels", "int32", ["n"]),
    input("shares", "float32", ["n"]),
  ];
  const x = embedding(scope.at("tokens"), ids, { numEmbeddings: tokens, embeddingDim: d });
  const logits = linear(scope.at("head"), x, { outFeatures: labels });
  const loss = crossEntropy(logits, label, { exampleWeights: shares });
  return { inputs: [ids, label, shares], loss, parameters: scope.parameters, dropouts: [] };
}

const ids = [4, 0, 4, 1, 4, 2, 0];

function feeds(from: number, to: number): Tensors {
  const part = ids.slice(from, to);
  const int32 = (values: readonly number[]): HostTensor => ({
    ...{ dtype: "int32", shape: [values.length], data: Int32Array.from(values) },
  });
  const shares = new Float32Array(part.length).fill(1 / ids.length);
  return {
    ids: int32(part),
    labels: int32(part.map((id) => id % labels)),
    shares: { dtype: "float32", shape: [part.length], data: shares },
  };
}

/** Every weight after three steps. */
async function trained(
  microBatches: readonly Tensors[],
  options: { readonly maxRows: number; readonly accumulates: boolean },
): Promise<number[]> {
  const training = lossGraph();
  const engine = await TrainingEngine.create({
    ...{ training, evaluation: { inputs: training.inputs, outputs: { loss: training.loss } } },
    ...{ backend: await loadBackend(), threads: 1, seed: 0, weightDecay: 0.1, maxGradNorm: 1, emaDecay: 0 },
    ...options,
  });
  for (const { spec, values } of engine.parameters) {
    const random = new Random(1, spec.name);
    for (let i = 0; i < values.length; i++) values[i] = random.normal();
  }
  for (const step of [0, 1, 2]) await engine.step(microBatches, { step, lr: 0.1 });
  const weights = engine.parameters.flatMap(({ values }) => [...values]);
  await engine.dispose();
  return weights;
}

describe("TrainingEngine", () => {
  it("adds up the rows of a table to the same bits, however few its buffer holds", async () => {
    const whole = await trained([feeds(0, 7)], { maxRows: 7, accumulates: false });
    expect(whole).toHaveLength(tokens * d + labels * d + labels);
    for (const maxRows of [1, 2, 3, 100])
      expect(await trained([feeds(0, 7)], { maxRows, accumulates: false })).toEqual(whole);
  });

  it("takes one step from several micro-batches as from one", async () => {
    const whole = await trained([feeds(0, 7)], { maxRows: 7, accumulates: false });
    const parts = await trained([feeds(0, 3), feeds(3, 4), feeds(4, 7)], { maxRows: 2, accumulates: true });
    whole.forEach((value, i) => expect(Math.abs(parts[i] - value)).toBeLessThan(1e-5));
  });
});

it("a loss that leaves a parameter out is refused", () => {
  const scope = Scope.root({ training: true });
  const x = input("x", "float32", ["n", d]);
  linear(scope.at("unused"), x, { outFeatures: labels });
  const loss = crossEntropy(
    linear(scope.at("head"), x, { outFeatures: labels }),
    input("labels", "int32", ["n"]),
  );
  const graph = { inputs: [x], loss, parameters: scope.parameters, dropouts: [] };
  expect(() => buildGradientGraph(graph)).toThrow(
    'ERR_UNUSED_PARAMETER: the loss must depend on every parameter; it does not on "unused.weight"; use it, or do not declare it',
  );
});
