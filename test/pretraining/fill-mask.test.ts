/** `MaskedLanguageModel` on a small folder with made-up weights, against the same graph run by hand. */
import { describe, expect, test } from "vitest";
import { elementCount } from "../../src/base/shape.ts";
import { Random } from "../../src/base/random.ts";
import { softmaxRows } from "../../src/eval/index.ts";
import { bertInputs, bertEncoder } from "../../src/models/bert/backbone.ts";
import { toPretrainedConfig } from "../../src/models/bert/config.ts";
import { bertMaskedLogits } from "../../src/models/bert/masked-lm.ts";
import { layerNorm, linear, project, Scope } from "../../src/nn/index.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { MaskedLanguageModel } from "../../src/tasks/index.ts";
import { emitModel, gelu, reshape } from "../../src/tensor/index.ts";
import { config, weights, writeFolder } from "../inspect/folder.ts";
import { messageOf } from "../message-of.ts";
import { backendOrSkip, requireDist } from "../runtimes.ts";
import { temporaryFolder } from "../temporary-files.ts";

const { folder } = temporaryFolder();

/** The vocabulary is smaller than the table: two rows have no token. */
const tokens = config.vocabSize - 2;

const tensors = bertMaskedLogits(config, "none").parameters.map(({ name, shape }) => {
  const random = new Random(7, name);
  const centre = name.endsWith("LayerNorm.weight") ? 1 : 0;
  const data = Float32Array.from({ length: elementCount(shape) }, () => centre + 0.5 * random.normal());
  return { name, shape, data };
});

const masked = () =>
  writeFolder(folder, "masked", { tensors, config: toPretrainedConfig(config, "BertForMaskedLM") });

/** Logits of every position, [t, v]: no rows are picked, nothing is shared with the code under test but the encoder. */
async function allLogits(ids: readonly number[], context: Parameters<typeof backendOrSkip>[0]) {
  const backend = await backendOrSkip(context, "native");
  const root = Scope.root({ training: false });
  const inputs = bertInputs("int64");
  const hidden = bertEncoder(root.at("bert"), inputs, config, "all");
  const head = root.at("cls").at("predictions");
  const rows = reshape(hidden, ["b*t", config.hiddenSize]);
  const dense = gelu(linear(head.at("transform").at("dense"), rows, { outFeatures: config.hiddenSize }));
  const states = layerNorm(head.at("transform").at("LayerNorm"), dense, { eps: config.layerNormEps });
  const table = root
    .at("bert")
    .at("embeddings")
    .at("word_embeddings")
    .parameter("weight", [config.vocabSize, config.hiddenSize], { init: { kind: "zeros" }, decay: true });
  const bias = head.parameter("bias", [config.vocabSize], { init: { kind: "zeros" }, decay: false });
  const parameters = new Map(
    tensors.map(({ name, shape, data }) => [name, { dtype: "float32" as const, shape, data }]),
  );
  const model = emitModel({
    name: "by_hand",
    inputs: Object.values(inputs),
    outputs: { logits: project(states, table, bias) },
    parameters,
    dialect: "onnx",
  });
  const session = await backend.createSession(encodeModel(model), {});
  const int64 = (values: readonly number[]) => ({
    dtype: "int64" as const,
    shape: [1, ids.length],
    data: BigInt64Array.from(values, BigInt),
  });
  const { logits } = await session.run({
    input_ids: int64(ids),
    attention_mask: int64(ids.map(() => 1)),
    token_type_ids: int64(ids.map(() => 0)),
  });
  await session.dispose();
  return Float64Array.from(logits.data as Float32Array);
}

describe("fill-mask", () => {
  test("each mask gets the probabilities of its own position, and its place in the text as it was written", async (context) => {
    requireDist(context);
    const model = await MaskedLanguageModel.load(await masked());
    try {
      const text = "Where is  [MASK] parcel, 我的[MASK]?";
      const masks = await model.fill(text, { topK: tokens });
      // [CLS] where is [MASK] parcel [UNK] 我 的 [MASK] ? [SEP]
      const ids = [2, 5, 6, 4, 8, 1, 13, 14, 4, 9, 3];
      const v = config.vocabSize;
      const probabilities = softmaxRows(await allLogits(ids, context), v);
      for (const [mask, place] of [3, 8].entries()) {
        const { candidates } = masks[mask];
        expect(candidates.map(({ score }) => score)).toEqual(
          [...candidates.map(({ score }) => score)].sort((a, b) => b - a),
        );
        const scores = Array.from(
          { length: tokens },
          (_, id) => candidates.find((c) => c.tokenId === id)?.score,
        );
        scores.forEach((score, id) => expect(score).toBeCloseTo(probabilities[place * v + id], 5));
      }
      expect(masks[0].candidates.find(({ token }) => token === "my")?.text).toBe(
        "Where is  my parcel, 我的[MASK]?",
      );
      expect(masks[1].candidates.find(({ token }) => token === "##s")?.text).toBe(
        "Where is  [MASK] parcel, 我的s?",
      );
      expect((await model.fill("[MASK]"))[0].candidates).toHaveLength(5);
    } finally {
      await model.dispose();
    }
  });

  test("refuses what it cannot fill", async (context) => {
    requireDist(context);
    const model = await MaskedLanguageModel.load(await masked());
    try {
      expect(await messageOf(() => model.fill("no mask here"))).toMatch(/^ERR_NO_MASK: .*"no mask here"/);
      expect(await messageOf(() => model.fill(`[MASK] ${"parcel ".repeat(16)}`))).toMatch(
        /^ERR_MAX_LENGTH: .*at most 17 tokens.*it has 19/,
      );
      for (const topK of [0, tokens + 1, 1.5])
        expect(await messageOf(() => model.fill("[MASK]", { topK }))).toMatch(/^ERR_OPTION: .*1\.\.17/);
    } finally {
      await model.dispose();
    }
  });

  test("refuses what is no BERT, and a head with a table of its own", async () => {
    const json = toPretrainedConfig(config, "BertForMaskedLM");
    for (const [type, next] of [
      ["gpt2", /use a BERT, such as attune-zh-en-mini/],
      ["roberta", /`attune train DATA --model` fine-tunes this one too/],
    ] as const) {
      const other = { tensors, config: { ...json, model_type: type } };
      const message = await messageOf(async () =>
        MaskedLanguageModel.load(await writeFolder(folder, type, other)),
      );
      expect(message).toMatch(
        /^ERR_MODEL_FAMILY: `attune fill-mask` takes only BERTs: "model_type" must be "bert"/,
      );
      expect(message).toMatch(next);
    }
    const table = tensors.find(({ name }) => name.endsWith("word_embeddings.weight"));
    if (table === undefined) throw new Error("no table");
    const own = {
      name: "cls.predictions.decoder.weight",
      shape: table.shape,
      data: table.data.map((x) => x + 1),
    };
    const untied = { tensors: [...tensors, own], config: { ...json, tie_word_embeddings: false } };
    expect(
      await messageOf(async () => MaskedLanguageModel.load(await writeFolder(folder, "untied", untied))),
    ).toMatch(/^ERR_UNTIED_HEAD: `attune fill-mask` .*"cls\.predictions\.decoder\.weight" is another table/);
  });

  test("takes a head that is said to be untied and holds the same table, and one that is tied and does not", async (context) => {
    requireDist(context);
    const json = toPretrainedConfig(config, "BertForMaskedLM");
    const table = tensors.find(({ name }) => name.endsWith("word_embeddings.weight"));
    if (table === undefined) throw new Error("no table");
    const decoder = { ...table, name: "cls.predictions.decoder.weight" };
    for (const [data, tied] of [
      [table.data, false],
      [table.data.map((x) => x + 1), true],
    ] as const) {
      const same = {
        tensors: [...tensors, { ...decoder, data }],
        config: { ...json, tie_word_embeddings: tied },
      };
      const model = await MaskedLanguageModel.load(await writeFolder(folder, `tied-${tied}`, same));
      await model.dispose();
    }
  });

  test("refuses a model without a trained masked-word head", async () => {
    const classifier = await writeFolder(folder, "classifier", { tensors: weights });
    expect(await messageOf(() => MaskedLanguageModel.load(classifier))).toMatch(
      /^ERR_UNTRAINED_HEAD: .*cls\.predictions/,
    );
    const half = tensors.filter(({ name }) => name !== "cls.predictions.bias");
    const path = await writeFolder(folder, "half", { tensors: half });
    expect(await messageOf(() => MaskedLanguageModel.load(path))).toMatch(
      /^ERR_TENSOR_MISSING: .*cls\.predictions\.bias/,
    );
  });
});
