/**
 * BERT's pre-training losses, the logits of masked places and every gradient against PyTorch in float64
 * (fixtures/bert-pretraining-gradients): there everything is computed, here only the rows that are masked.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { goldenWeights } from "../../fixtures/bert-tiny-gradients/formula.ts";
import type { HostTensor } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { buildGradientGraph } from "../../src/engine/index.ts";
import type { BertConfig } from "../../src/models/bert/config.ts";
import { bertMaskedLogits, bertPretrainingLoss } from "../../src/models/bert/masked-lm.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { type MaskedExample, maskedFeeds } from "../../src/pretrain/examples.ts";
import { loadBackend } from "../../src/runtime/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import { compute, numbers } from "../compute.ts";
import { config, expectGradient, float32, gradientsOf, readGolden } from "./golden.ts";

const folder = new URL("../../fixtures/bert-pretraining-gradients/", import.meta.url);

interface Expected {
  readonly batch: Record<"inputIds" | "tokenTypeIds" | "attentionMask", readonly (readonly number[])[]>;
  readonly places: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly sentenceLabels: readonly (0 | 1)[];
  readonly nsp: { readonly loss: number };
  readonly none: { readonly loss: number };
  readonly logits: readonly (readonly (readonly number[])[])[];
  readonly sentenceLogits: readonly (readonly number[])[];
}

const expected = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as Expected;

const shape: BertConfig = {
  ...config("single_label_classification", 0),
  vocabSize: 29,
  hiddenSize: 22,
  intermediateSize: 37,
  maxPositionEmbeddings: 17,
};

const examples = expected.batch.inputIds.map((ids, i): MaskedExample => {
  const length = expected.batch.attentionMask[i].reduce((a, b) => a + b);
  return {
    ids: Int32Array.from(ids.slice(0, length)),
    typeIds: Int32Array.from(expected.batch.tokenTypeIds[i].slice(0, length)),
    places: Int32Array.from(expected.places[i]),
    labels: Int32Array.from(expected.labels[i]),
    sentenceLabel: expected.sentenceLabels[i],
  };
});
const totals = { masked: expected.labels.flat().length, texts: examples.length };
const feeds = maskedFeeds(examples, { padId: 0, vocabSize: 29 }, totals);
const { sentence_labels: _labels, example_weights: _weights, ...wordFeeds } = feeds;

function weights(parameters: readonly { readonly name: string; readonly shape: readonly number[] }[]) {
  return Object.fromEntries(
    parameters.map(({ name, shape: sizes }): [string, HostTensor] => [
      name,
      float32(sizes, goldenWeights(name, elementCount(sizes))),
    ]),
  );
}

describe.each(["nsp", "none"] as const)(
  "pre-training against PyTorch float64, sentence objective %s",
  (objective) => {
    const golden = readGolden(`gradients-${objective}.safetensors`, folder);
    let loss: number;
    let gradients: Map<string, Float32Array>;

    beforeAll(async () => {
      const graph = bertPretrainingLoss(shape, objective);
      const program = buildGradientGraph(graph);
      const session = await (await loadBackend()).createSession(encodeModel(program.model));
      const given = objective === "none" ? wordFeeds : feeds;
      const results = await session.run({ ...given, ...weights(graph.parameters) });
      await session.dispose();
      loss = numbers(results.loss)[0];
      gradients = gradientsOf(program, graph.parameters, results);
    });

    it("gives the loss", () => {
      expect(Math.abs(loss - expected[objective].loss)).toBeLessThan(1e-5 * expected[objective].loss);
    });

    it("has the parameters of the golden and no others", () => {
      expect([...gradients.keys()].sort()).toEqual([...golden.keys()].sort());
    });

    it.each([...golden.keys()])("gives the gradient of %s", (name) => {
      expectGradient(name, gradients.get(name), golden.get(name) ?? new Float32Array());
    });
  },
);

describe("the graph that evaluates", () => {
  it("gives the logits of masked places and of the pair", async () => {
    const graph = bertMaskedLogits(shape, "nsp");
    const given = { ...feeds, ...weights(graph.parameters) };
    const values = new Map<Tensor, HostTensor>();
    for (const tensor of [...graph.inputs, ...graph.parameters.map((spec) => spec.tensor)]) {
      const { source } = tensor;
      if (source.kind === "input" || source.kind === "parameter") values.set(tensor, given[source.name]);
    }
    const outputs = await compute(graph.outputs, values);
    const logits = numbers(outputs.logits);
    const b = examples.length;
    expected.logits.forEach((rows, i) =>
      rows.forEach((row, k) =>
        row.forEach((value, word) =>
          expect(Math.abs(logits[((k + 1) * b + i) * 29 + word] - value)).toBeLessThan(1e-5),
        ),
      ),
    );
    const pairs = numbers(outputs.sentence_logits);
    expected.sentenceLogits
      .flat()
      .forEach((value, i) => expect(Math.abs(pairs[i] - value)).toBeLessThan(1e-5));
  });
});
