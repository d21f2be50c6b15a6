import { describe, expect, it } from "vitest";
import { elementCount } from "../../base/shape.ts";
import { bertPreset } from "./presets.ts";
import { bertClassifier, bertClassifierLoss } from "./sequence-classification.ts";

const open = {
  vocabSize: 30522,
  labels: ["no", "yes", "maybe"],
  problemType: "single_label_classification",
} as const;
const tiny = bertPreset("tiny", open);

describe("parameters", () => {
  it("of tiny have the names and shapes of Hugging Face's BertForSequenceClassification", () => {
    const layer = (i: number): [string, number[]][] => [
      [`bert.encoder.layer.${i}.attention.self.query.weight`, [128, 128]],
      [`bert.encoder.layer.${i}.attention.self.query.bias`, [128]],
      [`bert.encoder.layer.${i}.attention.self.key.weight`, [128, 128]],
      [`bert.encoder.layer.${i}.attention.self.key.bias`, [128]],
      [`bert.encoder.layer.${i}.attention.self.value.weight`, [128, 128]],
      [`bert.encoder.layer.${i}.attention.self.value.bias`, [128]],
      [`bert.encoder.layer.${i}.attention.output.dense.weight`, [128, 128]],
      [`bert.encoder.layer.${i}.attention.output.dense.bias`, [128]],
      [`bert.encoder.layer.${i}.attention.output.LayerNorm.weight`, [128]],
      [`bert.encoder.layer.${i}.attention.output.LayerNorm.bias`, [128]],
      [`bert.encoder.layer.${i}.intermediate.dense.weight`, [512, 128]],
      [`bert.encoder.layer.${i}.intermediate.dense.bias`, [512]],
      [`bert.encoder.layer.${i}.output.dense.weight`, [128, 512]],
      [`bert.encoder.layer.${i}.output.dense.bias`, [128]],
      [`bert.encoder.layer.${i}.output.LayerNorm.weight`, [128]],
      [`bert.encoder.layer.${i}.output.LayerNorm.bias`, [128]],
    ];
    const { parameters } = bertClassifier(tiny, { idType: "int64" });
    expect(parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ["bert.embeddings.word_embeddings.weight", [30522, 128]],
      ["bert.embeddings.position_embeddings.weight", [512, 128]],
      ["bert.embeddings.token_type_embeddings.weight", [2, 128]],
      ["bert.embeddings.LayerNorm.weight", [128]],
      ["bert.embeddings.LayerNorm.bias", [128]],
      ...layer(0),
      ...layer(1),
      ["bert.pooler.dense.weight", [128, 128]],
      ["bert.pooler.dense.bias", [128]],
      ["classifier.weight", [3, 128]],
      ["classifier.bias", [3]],
    ]);
  });

  // published as 4.4, 11.2, 28.8 and 41.4 million (Turc et al. 2019, table 1) and 110 million (Devlin et al. 2019)
  it.each([
    ["tiny", 4_385_920],
    ["mini", 11_170_560],
    ["small", 28_763_648],
    ["medium", 41_373_184],
    ["base", 109_482_240],
  ])("of %s are %d, the classifier aside", (name, count) => {
    const { parameters } = bertClassifier(bertPreset(name, open), { idType: "int64" });
    const encoder = parameters.filter((parameter) => parameter.name.startsWith("bert."));
    expect(encoder.reduce((sum, { shape }) => sum + elementCount(shape), 0)).toBe(count);
  });

  it("decay where they are matrices, and start as published", () => {
    for (const { name, shape, init, decay } of bertClassifier(tiny, { idType: "int32" }).parameters) {
      expect([name, decay]).toEqual([name, shape.length === 2]);
      const norm = name.includes("LayerNorm");
      const constant = { kind: norm && name.endsWith("weight") ? "ones" : "zeros" };
      expect(init).toEqual(shape.length === 2 ? { kind: "truncatedNormal", std: 0.02 } : constant);
    }
  });
});

describe("the traced classifier", () => {
  it.each(["int32", "int64"] as const)("is fed what transformers.js feeds, as %s", (idType) => {
    const { inputs, logits, dropouts } = bertClassifier(tiny, { idType });
    const fed = [inputs.inputIds, inputs.attentionMask, inputs.tokenTypeIds];
    expect(fed.map(({ source, dtype, shape }) => [source, dtype, shape])).toEqual(
      ["input_ids", "attention_mask", "token_type_ids"].map((name) => [
        { kind: "input", name },
        idType,
        ["b", "t"],
      ]),
    );
    expect(logits.shape).toEqual(["b", 3]);
    expect(dropouts).toEqual([]);
  });

  it("has the same parameters in training", () => {
    const names = (graph: { readonly parameters: readonly { readonly name: string }[] }) =>
      graph.parameters.map(({ name }) => name);
    expect(names(bertClassifierLoss(tiny))).toEqual(names(bertClassifier(tiny, { idType: "int64" })));
  });

  it("drops out where BERT does, the last layer for [CLS] alone", () => {
    const rates = { hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.2, classifierDropout: 0.3 };
    const sites = bertClassifierLoss({ ...tiny, ...rates }).dropouts;
    expect(sites.map(({ name, rate, mask }) => [name, rate, mask.shape])).toEqual([
      ["bert.embeddings.dropout", 0.1, ["t", "b", 128]],
      ["bert.encoder.layer.0.attention.self.dropout", 0.2, ["2*b", "t", "t"]],
      ["bert.encoder.layer.0.attention.output.dropout", 0.1, ["t", "b", 128]],
      ["bert.encoder.layer.0.output.dropout", 0.1, ["t", "b", 128]],
      ["bert.encoder.layer.1.attention.self.dropout", 0.2, ["2*b", 1, "t"]],
      ["bert.encoder.layer.1.attention.output.dropout", 0.1, [1, "b", 128]],
      ["bert.encoder.layer.1.output.dropout", 0.1, [1, "b", 128]],
      ["dropout", 0.3, ["b", 128]],
    ]);
    const last = bertClassifierLoss({ ...tiny, ...rates, classifierDropout: null }).dropouts.at(-1);
    expect(last).toMatchObject({ name: "dropout", rate: 0.1 });
  });

  it.each([
    ["single_label_classification", "int32", ["b"]],
    ["multi_label_classification", "float32", ["b", 3]],
  ] as const)("of %s takes labels as %s", (problemType, dtype, shape) => {
    const { labels, exampleWeights, loss } = bertClassifierLoss({ ...tiny, problemType });
    expect(labels).toMatchObject({ dtype, shape, source: { kind: "input", name: "labels" } });
    expect(exampleWeights).toMatchObject({ dtype: "float32", shape: ["b"] });
    expect(loss.shape).toEqual([1]);
  });
});
