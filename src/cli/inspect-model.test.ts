import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pico from "picocolors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeLibrary, FakeTerminal, runFake } from "../../test/fake-cli.ts";
import {
  bertDefaults,
  type SequenceClassificationConfig,
  toHuggingFaceConfig,
} from "../models/bert/config.ts";
import { bertClassifier } from "../models/bert/sequence-classification.ts";
import { type NamedTensor, writeModelFolder } from "../models/checkpoint/index.ts";
import { elementCount } from "../base/shape.ts";
import { BertTokenizer } from "../text/index.ts";
import { modelLines } from "./doctor-view.ts";
import { inspectModel } from "./inspect-model.ts";
import { stringWidth } from "./width.ts";

const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "does", "work"];
const config: SequenceClassificationConfig = {
  ...bertDefaults,
  vocabSize: 7,
  hiddenSize: 6,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  intermediateSize: 11,
  maxPositionEmbeddings: 13,
  labels: ["坏", "good"],
  problemType: "single_label_classification",
};

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function tensors(): NamedTensor[] {
  const { parameters } = bertClassifier(config, { idType: "int64" });
  return parameters.map(({ name, shape }) => ({ name, shape, data: new Float32Array(elementCount(shape)) }));
}

async function write(stored: readonly NamedTensor[], tokens = vocabulary) {
  const tokenizer = BertTokenizer.fromVocabulary(tokens);
  await writeModelFolder(folder, {
    config: toHuggingFaceConfig(config),
    vocabularyText: tokenizer.toVocabularyText(),
    tokenizerJson: tokenizer.toTokenizerJson(),
    normalizer: { lowercase: true, handleChineseChars: true },
    maxLength: 13,
    tensors: stored,
    attune: {},
  });
}

const inspect = () => inspectModel(folder, fakeLibrary());

describe("a model folder", () => {
  it("in order has no problems and predicts", async () => {
    await write(tensors());
    const check = await inspect();
    expect(check.problems).toEqual([]);
    // 144 in the embeddings, 341 in the layer, 42 in the pooler, 14 in the classifier
    expect(check.weights).toEqual({
      format: "safetensors",
      files: ["model.safetensors"],
      otherFiles: [],
      parameters: 541,
      tensors: 25,
      missing: [],
      mismatched: [],
      wrongType: [],
      notFinite: [],
      unreadable: [],
      unexpected: [],
      surplus: [],
      ignored: [],
      untrainedHead: false,
    });
    expect([check.config, check.vocabularySize]).toEqual([config, 7]);
    expect(check.predictionMs).toBeGreaterThanOrEqual(0);
    expect(check.files.map(({ name }) => name)).toContain("model.safetensors");
  });

  it("with tensors missing, of another shape, and too many, has them named", async () => {
    const [first, second, ...rest] = tensors();
    const odd = { name: second.name, shape: [3], data: new Float32Array(3) };
    const extra = { name: "bert.extra", shape: [1], data: new Float32Array(1) };
    await write([odd, extra, ...rest]);
    const check = await inspect();
    expect(check.weights?.missing).toEqual([first.name]);
    expect(check.weights?.mismatched).toEqual([{ name: second.name, expected: second.shape, stored: [3] }]);
    expect(check.weights?.unexpected).toEqual(["bert.extra"]);
    expect(check.problems).toEqual([
      "1 tensor missing",
      "1 tensor of another shape than config.json gives",
      "1 tensor for which config.json has no place",
    ]);
    expect(check.predictionMs).toBeUndefined();
  });

  it("without a trained classifier cannot predict", async () => {
    await write(tensors().filter(({ name }) => !name.startsWith("classifier.")));
    const { weights, problems } = await inspect();
    expect(weights).toMatchObject({
      missing: ["classifier.weight", "classifier.bias"],
      untrainedHead: true,
    });
    expect(problems).toEqual([
      "2 tensors missing",
      "the classifier was never trained: attune train DATA --model FOLDER trains one",
    ]);
  });

  it("with a vocabulary that is too large is told so", async () => {
    await write(tensors(), [...vocabulary, "extra"]);
    expect((await inspect()).problems).toEqual([
      "the vocabulary has 8 tokens, the model 7 (vocab_size in config.json)",
    ]);
  });

  it("with several things broken has all of them told", async () => {
    await write(tensors().slice(1));
    writeFileSync(join(folder, "tokenizer.json"), "{");
    const { problems, vocabularySize } = await inspect();
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain("tokenizer.json");
    expect(vocabularySize).toBeUndefined();
  });

  it("with a truncated weight file, or none at all, is a problem and no crash", async () => {
    await write(tensors());
    const path = join(folder, "model.safetensors");
    truncateSync(path, readFileSync(path).length - 1);
    expect((await inspect()).problems).toEqual([
      expect.stringMatching(/^ERR_CHECKPOINT_TRUNCATED/) as string,
    ]);
    const nowhere = await inspectModel(join(folder, "nowhere"), fakeLibrary());
    expect(nowhere.problems).toEqual([expect.stringMatching(/^ERR_MODEL_FOLDER/) as string]);
    expect(nowhere.files).toEqual([]);
  });

  it("that the library refuses to load has its reason told", async () => {
    await write(tensors());
    const load = async () => {
      throw new Error("no");
    };
    const check = await inspectModel(folder, fakeLibrary({ load }));
    expect([check.problems, check.predictionMs]).toEqual([["no"], undefined]);
  });
});

describe("weights", () => {
  it("with NaN, with an infinity, or of whole numbers are named, and how many and where", async () => {
    const [words, positions, types, ...rest] = tensors();
    const bad = (tensor: NamedTensor, values: Readonly<Record<number, number>>) => ({
      ...tensor,
      data: Float32Array.from({ length: tensor.data.length }, (_, i) => values[i] ?? 0),
    });
    await write([
      bad(words, { 13: Number.NaN, 40: Number.POSITIVE_INFINITY }),
      { ...positions, data: new Int32Array(positions.data.length) },
      bad(types, { 0: Number.NEGATIVE_INFINITY }),
      ...rest,
    ]);
    const check = await inspect();
    expect(check.weights?.notFinite).toEqual([
      { name: words.name, count: 2, first: [2, 1], value: "NaN" },
      { name: types.name, count: 1, first: [0, 0], value: "-Infinity" },
    ]);
    expect(check.weights?.wrongType).toEqual([{ name: positions.name, dtype: "I32" }]);
    expect(check.problems).toEqual([
      "1 tensor of a type that weights do not have",
      "2 tensors with numbers that are not finite",
    ]);
    const lines = modelLines(check, { width: 80, colors: pico.createColors(false) }).join("\n");
    expect(lines.replaceAll(/\s+/g, " ")).toContain(
      `${words.name}: numbers must be finite; 2 are not (the first, NaN, at [2, 1])`,
    );
  });

  it("of an encoder alone are in order, and nothing is wrong with the folder", async () => {
    await write(tensors().filter(({ name }) => !/^classifier|pooler/.test(name)));
    const { id2label: _, label2id: __, problem_type: ___, ...encoder } = toHuggingFaceConfig(config);
    writeFileSync(
      join(folder, "config.json"),
      JSON.stringify({ ...encoder, architectures: ["BertForMaskedLM"] }),
    );
    const check = await inspect();
    expect(check.problems).toEqual([]);
    expect(check.weights).toMatchObject({ missing: [], untrainedHead: true });
    const lines = modelLines(check, { width: 200, colors: pico.createColors(false) });
    expect(lines).toContain("model    1 layer of 6, 2 heads, 13 positions; no classifier");
    expect(lines.at(-1)).toBe(`a pre-trained encoder, whole: attune train DATA --model ${folder}`);
    const terminal = new FakeTerminal();
    expect(await runFake(["doctor", folder], terminal)).toBe(0);
  });
});

describe("attune doctor MODEL", () => {
  it("shows what is there and what is wrong, within 80 columns", async () => {
    await write(tensors().slice(2));
    const lines = modelLines(await inspect(), { width: 80, colors: pico.createColors(false) });
    expect(lines).toContain("model    1 layer of 6, 2 heads, 13 positions; 2 labels, one a text");
    expect(lines).toContain("weights  541 numbers in the model; 23 tensors in the file");
    expect(lines).toContain("missing  bert.embeddings.word_embeddings.weight");
    expect(lines).toContain("problem  2 tensors missing");
    expect(lines.at(-1)).toBe("it cannot predict");
    expect(Math.max(...lines.map(stringWidth))).toBeLessThanOrEqual(80);
  });

  it("ends with 1 where the model cannot predict, and prints one object with --json", async () => {
    await write(tensors().slice(2));
    const terminal = new FakeTerminal();
    expect(await runFake(["doctor", folder, "--json"], terminal)).toBe(1);
    expect(terminal.json).toHaveLength(1);
    expect(terminal.json[0]).toMatchObject({
      node: process.version,
      cpu: { cores: expect.any(Number) as number },
      runtimes: [{ device: "native" }, { device: "wasm" }],
      model: { path: folder, weights: { missing: { length: 2 } }, problems: ["2 tensors missing"] },
    });
    await write(tensors());
    expect(await runFake(["doctor", folder], new FakeTerminal())).toBe(0);
  });
});
