/** Steps of the engine: embedding gradients in parts, micro-batches that add up, losses that leave parameters out. */
import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import type { HostTensor } from "../base/dtype.ts";
import { Random } from "../base/random.ts";
import { crossEntropy, embedding, linear, Scope } from "../nn/index.ts";
import { loadBackend } from "../runtime/index.ts";
import type { Tensors } from "../runtime/session.ts";
import { gatherRows, input, reshape, sum } from "../tensor/index.ts";
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

describe("places in a table", () => {
  /** One step on rows 1 and `place` of a [3, 2] table, read by the bare op. */
  async function stepped(dtype: "int32" | "int64", place: number): Promise<Float32Array> {
    const scope = Scope.root({ training: true });
    const at = input("at", dtype, [2]);
    const table = scope.parameter("table", [3, 2], { init: { kind: "zeros" }, decay: false });
    const loss = reshape(sum(gatherRows(table, at), [0, 1]), [1]);
    const engine = await TrainingEngine.create({
      training: { inputs: [at], loss, parameters: scope.parameters, dropouts: [] },
      evaluation: { inputs: [at], outputs: { loss } },
      ...{ backend: await loadBackend(), threads: 1, seed: 0, weightDecay: 0, maxGradNorm: 10, emaDecay: 0 },
      ...{ maxRows: 1, accumulates: false },
    });
    try {
      const shape = [2];
      const data = [1, place];
      const fed: HostTensor =
        dtype === "int32"
          ? { dtype, shape, data: Int32Array.from(data) }
          : { dtype, shape, data: BigInt64Array.from(data.map(BigInt)) };
      await engine.step([{ at: fed }], { step: 0, lr: 1 });
      return engine.parameters[0].values.slice();
    } finally {
      await engine.dispose();
    }
  }

  it("may be int32 or int64", async () => {
    for (const dtype of ["int32", "int64"] as const) {
      const moved = (await stepped(dtype, 2)).map(Math.round);
      expect({ dtype, moved }).toEqual({ dtype, moved: Float32Array.of(0, 0, -1, -1, -1, -1) });
    }
  });

  it("must not lie before it: the kernel would write over other weights", async () => {
    expect(await messageOf(() => stepped("int32", -1))).toBe(
      'ERR_INDEX: the places in a table must be 0 to 2; found -1 in "table"; look for a token or a place below 0',
    );
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
