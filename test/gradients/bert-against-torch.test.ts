/**
 * Loss and every gradient of a BERT-tiny against PyTorch in float64 (fixtures/bert-tiny-gradients).
 */
import { beforeAll, describe, expect, it } from "vitest";
import { elementCount } from "../../src/base/shape.ts";
import type { SequenceClassificationConfig } from "../../src/models/bert/config.ts";
import { bertClassifierLoss } from "../../src/models/bert/sequence-classification.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { loadBackend } from "../../src/runtime/index.ts";
import { buildGradientGraph } from "../../src/engine/index.ts";
import { classifierLossGraph } from "../../src/train/classifier-engine.ts";
import { numbers } from "../compute.ts";
import { config, expected, goldenFeeds, readGolden } from "./golden.ts";

describe.each([
  {
    name: "single label, dropout masks given",
    problem: "single_label_classification",
    dropout: 0.1,
    file: "gradients",
  },
  {
    name: "several labels, no dropout",
    problem: "multi_label_classification",
    dropout: 0,
    file: "gradients-multi-label",
  },
] as const)("BERT-tiny against PyTorch float64: $name", ({ problem, dropout, file }) => {
  const golden = readGolden(`${file}.safetensors`);
  const expectedCase = problem === "single_label_classification" ? expected.singleLabel : expected.multiLabel;
  let loss: number;
  let logits: number[];
  let gradients: Map<string, Float32Array>;

  beforeAll(async () => {
    ({ loss, logits, gradients } = await step(config(problem, dropout)));
  });

  it("gives the loss and the logits", () => {
    expect(Math.abs(loss - expectedCase.loss)).toBeLessThan(1e-5 * expectedCase.loss);
    expectedCase.logits.flat().forEach((value, i) => expect(Math.abs(logits[i] - value)).toBeLessThan(1e-5));
  });

  it.each([...golden.keys()])("gives the gradient of %s", (name) => {
    const want = golden.get(name) ?? new Float32Array();
    const got = gradients.get(name) ?? new Float32Array();
    expect(got.length).toBe(want.length);
    const scale = Math.max(...want.map(Math.abs));
    // the true gradient of key biases is zero (softmax ignores a shift), so there the tolerance is absolute
    const tolerance = name.endsWith("key.bias") ? 1e-7 : 1e-5 * scale;
    const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
    expect(worst).toBeLessThanOrEqual(tolerance);
  });
});

async function step(shape: SequenceClassificationConfig) {
  const graph = bertClassifierLoss(shape);
  const program = buildGradientGraph(classifierLossGraph(graph));
  const session = await (await loadBackend()).createSession(encodeModel(program.model));
  const results = await session.run(goldenFeeds(graph, shape));
  await session.dispose();
  const gradients = new Map<string, Float32Array>();
  for (const [name, output] of program.dense)
    gradients.set(name, Float32Array.from(numbers(results[output])));
  for (const { parameter, indices, rows } of program.rows) {
    const spec = graph.parameters.find(({ name }) => name === parameter);
    const dims = spec?.shape ?? [0, 0];
    const total = gradients.get(parameter) ?? new Float32Array(elementCount(dims));
    numbers(results[indices]).forEach((row, i) => {
      for (let j = 0; j < dims[1]; j++) total[row * dims[1] + j] += numbers(results[rows])[i * dims[1] + j];
    });
    gradients.set(parameter, total);
  }
  return { loss: numbers(results.loss)[0], logits: [...numbers(results.logits)], gradients };
}
