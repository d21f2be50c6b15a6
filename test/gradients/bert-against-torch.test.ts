/**
 * Loss and every gradient of a BERT-tiny against PyTorch in float64 (fixtures/bert-tiny-gradients).
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { SequenceClassificationConfig } from "../../src/models/bert/config.ts";
import { bertClassifierLoss } from "../../src/models/bert/sequence-classification.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { loadBackend } from "../../src/runtime/index.ts";
import { buildGradientGraph } from "../../src/engine/index.ts";
import { classifierLossGraph } from "../../src/train/classifier-engine.ts";
import { numbers } from "../compute.ts";
import { config, expected, expectGradient, goldenFeeds, gradientsOf, readGolden } from "./golden.ts";

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
    expectGradient(name, gradients.get(name), golden.get(name) ?? new Float32Array());
  });
});

async function step(shape: SequenceClassificationConfig) {
  const graph = bertClassifierLoss(shape);
  const program = buildGradientGraph(classifierLossGraph(graph));
  const session = await (await loadBackend()).createSession(encodeModel(program.model));
  const results = await session.run(goldenFeeds(graph, shape));
  await session.dispose();
  const gradients = gradientsOf(program, graph.parameters, results);
  return { loss: numbers(results.loss)[0], logits: [...numbers(results.logits)], gradients };
}
