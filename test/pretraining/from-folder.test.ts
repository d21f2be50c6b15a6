/**
 * What is learnt, and what may be gone on with: the loss of a toy language falls, a model folder of any kind is a start,
 * and what comes out is one for `attune train`.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSafetensors, writeSafetensors } from "../../src/models/checkpoint/index.ts";
import type { PretrainEvent, PretrainOptions } from "../../src/pretrain/index.ts";
import { resolvePretrainOptions } from "../../src/pretrain/index.ts";
import { pretrain } from "../../src/pretrain/loop.ts";
import { train } from "../../src/train/loop.ts";
import { run, toyRun } from "./toy.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scratchOnly = { vocabSize: undefined, minFrequency: undefined, maxPositions: undefined };
const goOn = (model: string, out: string): PretrainOptions => {
  const options = { ...toyRun(folder, out), ...scratchOnly, model: join(folder, model), steps: 2 };
  return JSON.parse(JSON.stringify(options)) as PretrainOptions;
};
const warnings = (events: readonly PretrainEvent[]) =>
  events.flatMap((event) => (event.event === "warning" ? [event.message] : []));

/** A copy of a model folder whose tensors are renamed or left out. */
async function changed(
  from: string,
  to: string,
  rename: (name: string) => string | undefined,
): Promise<void> {
  cpSync(join(folder, from), join(folder, to), { recursive: true });
  await using weights = await openSafetensors(join(folder, from, "model.safetensors"));
  const tensors = [];
  for (const [name, { shape }] of weights.tensors) {
    const now = rename(name);
    if (now !== undefined) tensors.push({ name: now, shape, data: await weights.read(name) });
  }
  await writeSafetensors(join(folder, to, "model.safetensors"), tensors);
}

function labelled(): string {
  const path = join(folder, "labelled.csv");
  const rows = [
    "the cat eats,animal",
    "the train leaves,vehicle",
    "the dog runs,animal",
    "the bus waits,vehicle",
  ];
  writeFileSync(
    path,
    `text,label\n${Array.from({ length: 24 }, (_, i) => rows[i % 4].replace(",", ` ${i},`)).join("\n")}\n`,
  );
  return path;
}

async function fineTune(model: string, out: string): Promise<string[]> {
  const options = {
    train: labelled(),
    dev: labelled(),
    out: join(folder, out),
    model: join(folder, model),
    epochs: 1,
    maxLength: 16,
    threads: 1,
  };
  const codes: string[] = [];
  const control = { resume: false, place: { folder: options.model }, shouldStop: () => false };
  for await (const event of train(options, control)) {
    if (event.event === "warning") codes.push(event.code);
  }
  return codes.filter((code) => code.includes("HEAD"));
}

let learnt: PretrainEvent[];

beforeAll(async () => {
  learnt = await run({
    ...toyRun(folder, "learnt"),
    steps: 60,
    evaluationSteps: 20,
    dropout: 0,
    checkpointSteps: 100,
  });
});

describe("a toy language", () => {
  it("is learnt: the loss on held-out text falls", () => {
    const curve = learnt.flatMap((event) => (event.event === "evaluation" ? [event] : []));
    expect(curve.map(({ step }) => step)).toEqual([20, 40, 60]);
    expect(curve[2].loss).toBeLessThan(curve[0].loss - 0.1);
    const done = learnt.at(-1);
    expect(done).toMatchObject({ dev: { loss: curve[2].loss, accuracy: curve[2].accuracy } });
    expect(done?.event === "done" && done.pseudoPerplexity).toBeLessThan(40); // words of the vocabulary: some 60
    expect(done?.event === "done" && done.tokens).toBeGreaterThan(60 * 150);
  });

  it("leaves a folder that says what it is", () => {
    const out = join(folder, "learnt");
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({
      architectures: ["BertForPreTraining"],
      hidden_dropout_prob: 0.1,
    });
    const { pretraining } = JSON.parse(readFileSync(join(out, "attune.json"), "utf8")) as {
      pretraining: { curve: unknown[]; steps: number };
    };
    expect(pretraining.curve).toHaveLength(3);
    expect(pretraining.steps).toBe(60);
    const tokenizer = JSON.parse(readFileSync(join(out, "tokenizer_config.json"), "utf8")) as object;
    expect(tokenizer).toMatchObject({ model_max_length: 64 }); // positions, not the 48 of a sequence
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toMatch(/pipeline_tag: fill-mask[\s\S]*seed 5[\s\S]*\| 60 \|/);
  });
});

describe("going on with a folder", () => {
  it("of our own starts where it stood, without a warning", async () => {
    const events = await run({ ...goOn("learnt", "on"), evaluationSteps: 1, lr: 1e-5 });
    expect(warnings(events)).toEqual([]);
    const first = events.find(({ event }) => event === "evaluation");
    const done = learnt.at(-1);
    const before = done?.event === "done" ? done.dev.loss : 0;
    expect(first?.event === "evaluation" && Math.abs(first.loss - before)).toBeLessThan(0.05);
  });

  it("of a classifier names the heads that start afresh; the result is fine-tuned again", async () => {
    expect(await fineTune("learnt", "classifier")).toEqual(["WARN_FRESH_HEAD"]);
    const said = warnings(await run(goOn("classifier", "from-classifier")));
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/classifier has 2 tensors.*no use for, such as "classifier\.(weight|bias)"/);
    expect(said[1]).toMatch(/classifier lacks 7 tensors of the pre-training heads, such as "cls\./);
    expect(await fineTune("from-classifier", "classifier-2")).toEqual(["WARN_FRESH_HEAD"]);
  });

  it("of a masked-language model without a pooler: it starts afresh, in both directions", async () => {
    const lost = warnings(await run({ ...goOn("learnt", "words-only"), objective: "none" }));
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatch(/learnt has 4 tensors.*no use for, such as "bert\.pooler\.dense\.(weight|bias)"/);
    const said = warnings(await run(goOn("words-only", "with-pairs")));
    expect(said[0]).toMatch(/lacks 4 tensors.*"bert\.pooler\.dense\.weight"/);
    expect(await fineTune("words-only", "classifier-3")).toEqual(["WARN_FRESH_HEAD"]);
  });

  it("under the old names of its norms loads all of them", async () => {
    await changed("learnt", "old-names", (name) =>
      name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
    );
    expect(warnings(await run(goOn("old-names", "from-old-names")))).toEqual([]);
  });

  it("whose table has more rows than the vocabulary has tokens", async () => {
    await changed("learnt", "padded", (name) => name);
    const path = join(folder, "padded", "model.safetensors");
    const rows: { name: string; shape: readonly number[]; data: Float32Array }[] = [];
    {
      await using weights = await openSafetensors(path);
      for (const [name, { shape }] of weights.tensors) {
        const data = await weights.read(name);
        const wide = name.endsWith("word_embeddings.weight") || name === "cls.predictions.bias";
        const width = data.length / shape[0];
        const longer = Float32Array.from({ length: data.length + 7 * width }, (_, i) => Number(data[i] ?? 0));
        rows.push(
          wide
            ? { name, shape: [shape[0] + 7, ...shape.slice(1)], data: longer }
            : { name, shape, data: Float32Array.from(data, Number) },
        );
      }
    }
    await writeSafetensors(path, rows);
    const config = join(folder, "padded", "config.json");
    const json = JSON.parse(readFileSync(config, "utf8")) as { vocab_size: number };
    writeFileSync(config, JSON.stringify({ ...json, vocab_size: json.vocab_size + 7 }));
    const events = await run({ ...goOn("padded", "from-padded"), evaluationSteps: 1, lr: 1e-5 });
    expect(events.at(-1)?.event).toBe("done");
    const first = events.find(({ event }) => event === "evaluation");
    const done = learnt.at(-1);
    expect(
      first?.event === "evaluation" && done?.event === "done" && Math.abs(first.loss - done.dev.loss),
    ).toBeLessThan(0.1);
  });

  it.each([
    [
      "of another family",
      { model_type: "electra" },
      /ERR_MODEL_FAMILY: `attune pretrain --model` takes only BERTs/,
    ],
    ["whose head has a table of its own", { tie_word_embeddings: false }, /ERR_UNTIED_HEAD.*decoder\.weight/],
  ])("%s is refused", async (_, more, message) => {
    await changed("learnt", "refused", (name) => name);
    const path = join(folder, "refused", "model.safetensors");
    const tensors = [];
    {
      await using weights = await openSafetensors(path);
      for (const [name, { shape }] of weights.tensors)
        tensors.push({ name, shape, data: await weights.read(name) });
    }
    const table = tensors.find(({ name }) => name.endsWith("word_embeddings.weight"));
    if (table === undefined) throw new Error("no table");
    const data = new Float32Array(table.data.length).fill(1);
    await writeSafetensors(path, [...tensors, { ...table, name: "cls.predictions.decoder.weight", data }]);
    const config = join(folder, "refused", "config.json");
    const json = JSON.parse(readFileSync(config, "utf8")) as Record<string, unknown>;
    writeFileSync(config, JSON.stringify({ ...json, ...more }));
    await expect(run(goOn("refused", "from-refused"))).rejects.toThrow(message);
  });

  it("whose vocabulary cannot be read is refused in words", async () => {
    const own = (vocabulary: string) =>
      run({ ...goOn("tiny", "from-vocabulary"), model: "tiny", maxPositions: 64, vocabulary });
    await expect(own(join(folder, "none.txt"))).rejects.toThrow(/^ERR_FILE_MISSING: .*none\.txt/);
    await expect(own(folder)).rejects.toThrow(/^ERR_READ: .*name a file, not a folder/);
  });

  it("without a part of the encoder is refused by name before the corpus is read, and leaves nothing", async () => {
    await changed("learnt", "broken", (name) => (name.includes("layer.1.output.dense") ? undefined : name));
    await refusedAtOnce(goOn("broken", "from-broken"), /ERR_TENSOR_MISSING.*layer\.1\.output\.dense/);
  });

  it("with a number that is none likewise", async () => {
    cpSync(join(folder, "learnt"), join(folder, "nan"), { recursive: true });
    const path = join(folder, "nan", "model.safetensors");
    const bytes = readFileSync(path);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    writeFileSync(path, bytes);
    await refusedAtOnce(goOn("nan", "from-nan"), /ERR_TENSOR_NOT_FINITE/);
  });

  async function refusedAtOnce(options: PretrainOptions, message: RegExp): Promise<void> {
    const phases: string[] = [];
    const refused = async () => {
      const control = { resume: false, shouldStop: () => false };
      for await (const event of pretrain(resolvePretrainOptions(options), control))
        if (event.event === "phase") phases.push(event.phase);
    };
    await expect(refused()).rejects.toThrow(message);
    expect(phases).toEqual([]);
    expect(existsSync(options.out)).toBe(false);
  }
});
