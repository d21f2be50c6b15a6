/** Fine-tuning and prediction from checkpoints in the other formats. Needs the build: both happen in workers. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSafetensors, writeSafetensors } from "../../src/models/checkpoint/index.ts";
import { TextClassifier } from "../../src/tasks/index.ts";
import { runTraining, type TrainEvent, type TrainOptions } from "../../src/train/index.ts";
import { messageOf } from "../message-of.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { toyRun } from "../training/toy.ts";
import { fixture, makeFolder, makeShardedFolder } from "./folder-of.ts";

const { folder } = temporaryFolder();

/** Options of an epoch from a folder: those alone that do not need a model from scratch. */
function fromFolder(model: string, out: string): TrainOptions {
  const { train, dev, batchSize, seed } = toyRun(folder, out);
  return { train, dev, batchSize, seed, model, out: join(folder, out), epochs: 1, maxLength: 10 };
}

async function events(options: TrainOptions): Promise<TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of runTraining(options)) all.push(event);
  return all;
}

describe("training", () => {
  test("from split PyTorch weights: a fresh head is announced, and every file is hashed", async () => {
    const model = makeShardedFolder(join(folder, "sharded"));
    const all = await events(fromFolder(model, "tuned"));
    const warnings = all.flatMap((event) => (event.event === "warning" ? [event] : []));
    expect(warnings.find(({ code }) => code === "WARN_FRESH_HEAD")?.message).toContain(
      "its labels are billing, delivery, 物流",
    );
    const { run } = JSON.parse(readFileSync(join(folder, "tuned", "attune.json"), "utf8")) as {
      run: { sha256: Record<string, string> };
    };
    expect(
      Object.keys(run.sha256)
        .filter((path) => path.startsWith(model))
        .sort(),
    ).toEqual(
      [
        "config.json",
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
        "pytorch_model.bin.index.json",
        "vocab.txt",
      ].map((name) => join(model, name)),
    );
  });

  test("from weights with a NaN: refused by name, and nothing is written", async () => {
    const model = makeFolder(join(folder, "nan"), {});
    await using file = await openSafetensors(fixture("bert.safetensors"));
    const tensors = [...file.tensors].map(async ([name, { shape }]) => {
      const data = await file.read(name);
      if (name === "bert.pooler.dense.bias" && data instanceof Float32Array) data[3] = Number.NaN;
      return { name, shape, data };
    });
    await writeSafetensors(join(model, "model.safetensors"), await Promise.all(tensors));
    const found = /^ERR_TENSOR_NOT_FINITE: .*"bert\.pooler\.dense\.bias".*1 is not \(NaN at \[3\]\) of 8/;
    expect(await messageOf(() => events(fromFolder(model, "from-nan")))).toMatch(found);
    expect(existsSync(join(folder, "from-nan", "model.safetensors"))).toBe(false);
    expect(await messageOf(() => TextClassifier.load(model))).toMatch(found);
  });
});

test("prediction from PyTorch's weights is that from safetensors, to the bit", async () => {
  const logits = async (name: string, weights: Readonly<Record<string, string>>) => {
    const classifier = await TextClassifier.load(makeFolder(join(folder, name), weights));
    try {
      return await classifier.logits(["where is my parcel ?", "北京"]);
    } finally {
      await classifier.dispose();
    }
  };
  const expected = await logits("safetensors", { "model.safetensors": "bert.safetensors" });
  expect(await logits("zip", { "pytorch_model.bin": "bert.bin" })).toEqual(expected);
  expect(await logits("legacy", { "pytorch_model.bin": "bert.legacy.bin" })).toEqual(expected);
});
