/**
 * Every family through the whole way: a pre-trained folder, a few steps of training, prediction, saving, export, doctor.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { familyWeights } from "../../fixtures/model-families/formula.ts";
import { elementCount } from "../../src/base/shape.ts";
import { inspectModel } from "../../src/cli/inspect-model.ts";
import { writeModelFolder } from "../../src/models/checkpoint/index.ts";
import { families, parseModelConfig } from "../../src/models/families.ts";
import type { EncoderModel, ModelType } from "../../src/models/family.ts";
import { describeModel, TextClassifier, walkLayer } from "../../src/tasks/index.ts";
import { BertTokenizer, readTokenizer, SPECIAL_TOKENS, type Tokenizer } from "../../src/text/index.ts";
import { tokenizerContent } from "../../src/train/index.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import { temporaryFolder, toyCsv } from "../training/toy.ts";

/** The tokenizer that goes with a family; those not named have WordPiece. */
const tokenizers: Partial<Record<ModelType, string>> = {
  roberta: "roberta",
  "xlm-roberta": "xlm-roberta",
  albert: "albert",
  modernbert: "modernbert",
};

const texts = ["the red box", { text: "my one", textPair: "a very old two" }];

describe.each(families.map(({ modelType }) => modelType))("%s", (modelType) => {
  it("trains from a pre-trained folder, predicts, and comes back from disk and from ONNX the same", async () => {
    const folder = temporaryFolder();
    const tokenizer = tokenizerOf(modelType);
    const pretrained = join(folder, "pretrained");
    const encoder = await writePretrained(pretrained, modelType, tokenizer);
    const [train, out, copy] = ["train.csv", "out", "copy"].map((name) => join(folder, name));
    writeFileSync(train, toyCsv(24, 1));

    const events: TrainEvent[] = [];
    const trained = await TextClassifier.train({
      train,
      model: pretrained,
      out,
      epochs: 1,
      batchSize: 8,
      maxLength: 16,
      threads: 1,
      onEvent: (event) => events.push(event),
    });
    expect(events.filter(({ event }) => event === "step")).toHaveLength(3);
    expect(events).toContainEqual(expect.objectContaining({ event: "warning", code: "WARN_FRESH_HEAD" }));
    const logits = await trained.logits(texts);
    await trained.save(copy);
    await trained.dispose();

    const loaded = await TextClassifier.load(copy, { threads: 1 });
    expect(await loaded.logits(texts)).toEqual(logits);
    const report = await loaded.evaluate(train);
    expect(report).toMatchObject({ kind: "single" });
    const path = await loaded.exportOnnx();
    await loaded.dispose();
    await expectOnnx(path, tokenizer, encoder, logits);

    const { problems, family } = await inspectModel(copy, TextClassifier);
    expect([problems, family]).toEqual([[], encoder.family.name]);
    const { summary } = await describeModel(copy);
    expect(summary).toMatchObject({ family: modelType, hiddenSize: 24, labels: ["colour", "number"] });
    await describeModel(copy, { graph: "training", layer: 1 });
    if (encoder.layerScope(0) === undefined) {
      await expect(walkLayer(copy, { layer: 0, text: "the box" })).rejects.toThrow("ERR_WALK_FAMILY");
    } else {
      const { logits: walked } = await walkLayer(copy, { layer: 0, text: "the red box" });
      walked?.forEach(({ logit }, i) => expect(logit).toBeCloseTo(logits[0][i], 4));
    }
  });
});

function tokenizerOf(modelType: ModelType): Tokenizer {
  const name = tokenizers[modelType];
  if (name !== undefined) {
    const file = new URL(`../../fixtures/family-tokenizers/${name}.json`, import.meta.url);
    return readTokenizer(readFileSync(file, "utf8"));
  }
  const words = "the a my very nice old new box red green blue one two three ##s ##ed b o x".split(" ");
  return BertTokenizer.fromVocabulary([...Object.values(SPECIAL_TOKENS), ...words]);
}

/** A bare encoder's folder, as its pre-training might have left it, and what it is. */
async function writePretrained(
  path: string,
  modelType: ModelType,
  tokenizer: Tokenizer,
): Promise<EncoderModel> {
  const golden = new URL(
    `../../fixtures/model-families/${modelType === "bert" ? "bert-relu" : modelType}.json`,
    import.meta.url,
  );
  const { config } = JSON.parse(readFileSync(golden, "utf8")) as { config: Record<string, unknown> };
  const stored = {
    ...config,
    architectures: ["ModelForMaskedLM"],
    vocab_size: tokenizer.vocabSize,
    pad_token_id: tokenizer.padId,
    max_position_embeddings: 24,
  };
  const { encoder } = parseModelConfig(stored, "config.json");
  const { prefix } = encoder.checkpoint;
  mkdirSync(path);
  await writeModelFolder(path, {
    config: stored,
    ...tokenizerContent(tokenizer),
    maxLength: 16,
    tensors: encoder.traceEncoder({ idType: "int64" }).parameters.map(({ name, shape }) => ({
      name: name.slice(prefix.length + 1),
      shape,
      data: familyWeights(name, elementCount(shape)),
    })),
    attune: {},
  });
  return encoder;
}

/** The exported file gives the same logits to whoever feeds it what transformers.js feeds. */
async function expectOnnx(
  path: string,
  tokenizer: Tokenizer,
  { takesTokenTypes }: EncoderModel,
  logits: readonly (readonly number[])[],
): Promise<void> {
  const session = await InferenceSession.create(path);
  const names = ["input_ids", "attention_mask", ...(takesTokenTypes ? ["token_type_ids"] : [])];
  expect([...session.inputNames]).toEqual(names);
  const { ids, typeIds } = tokenizer.encode("the red box");
  const row = (values: readonly number[]) =>
    new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
  const feeds = {
    input_ids: row(ids),
    attention_mask: row(ids.map(() => 1)),
    ...(takesTokenTypes ? { token_type_ids: row(typeIds) } : {}),
  };
  const found = (await session.run(feeds)).logits.data;
  logits[0].forEach((value, i) => expect(Number(found[i])).toBeCloseTo(value, 4));
  await session.release();
}
