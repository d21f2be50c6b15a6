/**
 * Bad input to training and prediction: each gets an error that names the rule, what was found and what to do, and
 * leaves an earlier model in the folder byte for byte as it was.
 */
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openSafetensors, writeSafetensors } from "../../src/models/checkpoint/index.ts";
import { TextClassifier } from "../../src/tasks/index.ts";
import type { TrainOptions } from "../../src/train/index.ts";
import { runTraining } from "../../src/train/index.ts";
import { temporaryFolder, toyCsv, toyRun } from "./toy.ts";

const folder = temporaryFolder();
const model = join(folder, "model");
let base: TrainOptions;

async function train(options: TrainOptions): Promise<string[]> {
  const warnings: string[] = [];
  for await (const event of runTraining(options)) if (event.event === "warning") warnings.push(event.code);
  return warnings;
}

/** Every file of the earlier model with its hash. */
function snapshot(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(model).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(model, name)))
        .digest("hex"),
    ]),
  );
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

beforeAll(async () => {
  base = { ...toyRun(folder, "model"), epochs: 1 };
  await train(base);
});

describe("training on bad input", () => {
  const rows = toyCsv(40, 3);
  it.each([
    ["an empty file", () => ({ train: file("empty.csv", "") }), "ERR_FILE_EMPTY", /empty\.csv/],
    ["a header alone", () => ({ train: file("header.csv", "text,label\n") }), "ERR_NO_ROWS", /header\.csv/],
    ["a missing file", () => ({ train: join(folder, "nowhere.csv") }), "ERR_FILE_MISSING", /nowhere\.csv/],
    [
      "no such column",
      () => ({ labelColumn: "lable" }),
      "ERR_COLUMN_MISSING",
      /"lable".*"text", "label".*--label label/,
    ],
    [
      "a label that occurs once",
      () => ({ train: file("once.csv", `${rows}a lonely text,rare\n`) }),
      "ERR_LABEL_ONCE",
      /rare.*row 42/,
    ],
    [
      "a label of dev that train lacks",
      () => ({ dev: file("unknown.csv", `${rows}a text,numbr\n`) }),
      "ERR_LABEL_UNKNOWN",
      /numbr.*row.*42.*number/,
    ],
    [
      "a broken quote",
      () => ({ train: file("quote.csv", `${rows}"never closed,colour\nmore,colour\n`) }),
      "ERR_CSV_QUOTE",
      /row 42/,
    ],
    ["a max length above the positions", () => ({ maxLength: 513 }), "ERR_MAX_LENGTH", /512.*513/],
    ["an unknown preset or folder", () => ({ model: "tny" }), "ERR_MODEL_UNKNOWN", /tny.*"tiny"/],
    [
      "a folder below a file",
      () => ({ out: join(file("a-file", "x"), "model") }),
      "ERR_NOT_WRITABLE",
      /a-file/,
    ],
    ["an option out of range", () => ({ lr: -1 }), "ERR_OPTION", /lr must be/],
    [
      "a learning rate that blows up",
      () => ({ lr: 1, maxGradNorm: 1e9, epochs: 20 }),
      /ERR_DIVERGED|ERR_COLLAPSED/,
      /--lr/,
    ],
  ])("%s", async (_, change: () => Partial<TrainOptions>, code, message) => {
    const before = snapshot();
    const error: unknown = await train({ ...base, ...change() }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toMatch(code);
    expect(String(error)).toMatch(message);
    expect(snapshot()).toEqual(before);
  });

  it("reads GB18030, with the warning-free result of the same text in UTF-8", async () => {
    // "苹果" and "香蕉" in GB18030
    const [apple, banana] = [Buffer.from("c6bbb9fb", "hex"), Buffer.from("cfe3bdb6", "hex")];
    const lines = Array.from({ length: 12 }, (_x, i) =>
      Buffer.concat([i % 2 === 0 ? apple : banana, Buffer.from(` ${i},${i % 2}\n`)]),
    );
    const path = file("gb.csv", Buffer.concat([Buffer.from("text,label\n"), ...lines]));
    await train({ ...base, train: path, dev: path, out: join(folder, "gb") });
    expect(readFileSync(join(folder, "gb", "vocab.txt"), "utf8").split("\n")).toEqual(
      expect.arrayContaining(["苹", "果", "香", "蕉"]),
    );
  });
});

/** What a run from a folder must not be given. */
const scratchFree = { vocabSize: undefined, minFrequency: undefined };

describe("loading a damaged model", () => {
  it.each([
    [
      "without weights",
      (copy: string) => unlinkSync(join(copy, "model.safetensors")),
      /ERR_MODEL_FILE.*model\.safetensors/,
    ],
    [
      "with truncated weights",
      (copy: string) => truncateSync(join(copy, "model.safetensors"), 100_000),
      /ERR_CHECKPOINT_TRUNCATED.*100000/,
    ],
    [
      "whose config disagrees",
      (copy: string) => editConfig(copy, { intermediate_size: 500 }),
      /ERR_TENSOR_SHAPE.*intermediate\.dense\.weight.*\[500, 128\].*\[512, 128\]/,
    ],
    [
      "without a vocabulary",
      (copy: string) => ["vocab.txt", "tokenizer.json"].forEach((name) => unlinkSync(join(copy, name))),
      /ERR_MODEL_FILE.*vocab\.txt/,
    ],
  ])("%s", async (name, damage, message) => {
    const copy = join(folder, `copy ${name}`);
    cpSync(model, copy, { recursive: true });
    damage(copy);
    await expect(TextClassifier.load(copy)).rejects.toThrow(message);
  });

  it("whose classifier was never trained", async () => {
    const copy = join(folder, "encoder");
    cpSync(model, copy, { recursive: true });
    await using weights = await openSafetensors(join(model, "model.safetensors"));
    const kept = [...weights.tensors].filter(([name]) => !name.startsWith("classifier."));
    const tensors = await Promise.all(
      kept.map(async ([name, { shape }]) => ({ name, shape, data: await weights.read(name) })),
    );
    await writeSafetensors(join(copy, "model.safetensors"), tensors);
    await expect(TextClassifier.load(copy)).rejects.toThrow(/ERR_UNTRAINED_HEAD/);
    expect(await train({ ...base, ...scratchFree, model: copy, out: join(folder, "tuned") })).toContain(
      "WARN_FRESH_HEAD",
    );
  });

  it("that does not exist", async () => {
    await expect(TextClassifier.load(join(folder, "no-model"))).rejects.toThrow(/ERR_MODEL_FOLDER.*no-model/);
  });

  function editConfig(copy: string, change: object): void {
    const path = join(copy, "config.json");
    writeFileSync(path, JSON.stringify(Object.assign(JSON.parse(readFileSync(path, "utf8")), change)));
  }
});

describe("sentence pairs", () => {
  const pairs =
    "text,text_pair,label\n" +
    Array.from({ length: 16 }, (_, i) => `a ${i % 4} b,c ${i % 3} d,${i % 2}`).join("\n");

  it("are read as pairs in every split, or refused", async () => {
    const options = { ...base, train: file("pairs.csv", pairs), out: join(folder, "pairs") };
    await expect(train({ ...options, dev: base.dev })).rejects.toThrow(
      /ERR_COLUMN_MISSING.*second text.*text_pair/,
    );
    await train({ ...options, dev: options.train });
    const classifier = await TextClassifier.load(options.out);
    await expect(classifier.evaluate(base.dev ?? "")).rejects.toThrow(/ERR_COLUMN_MISSING.*second text/);
    await expect(classifier.evaluate(options.train)).resolves.toMatchObject({ examples: 16 });
    const [single, pair] = await classifier.predict(["a b", { text: "a b", textPair: "c d" }]);
    expect(pair.receipt.tokens).toBeGreaterThan(single.receipt.tokens + 1);
    await classifier.dispose();
    await expect(classifier.predict("a")).rejects.toThrow(/ERR_DISPOSED/);
  });

  it("are not made of a single-text model's data", async () => {
    const classifier = await TextClassifier.load(model);
    const labelled = file(
      "pairs-labelled.csv",
      pairs.replaceAll(/,0$/gm, ",colour").replaceAll(/,1$/gm, ",number"),
    );
    await expect(classifier.evaluate(labelled)).resolves.toMatchObject({ examples: 16 });
    await classifier.dispose();
  });
});

describe("predicting odd text", () => {
  it("answers each with a receipt, and refuses a blank one", async () => {
    mkdirSync(join(folder, "odd"), { recursive: true });
    const classifier = await TextClassifier.load(model);
    const odd = ["red ".repeat(25_000), "a lone \ud800 surrogate", "a NUL \0 byte", "\u{1f600}"];
    const predictions = await classifier.predict(odd);
    expect(predictions.map(({ receipt }) => receipt.truncatedTokens)).toEqual([25_000 - 30, 0, 0, 0]);
    expect(predictions[0].receipt.tokens).toBe(32);
    expect(predictions[3].receipt.unknownTokens).toBe(1);
    for (const { scores } of predictions) {
      expect(Object.values(scores).reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 6);
    }
    await expect(classifier.predict([" \t "])).rejects.toThrow(/ERR_EMPTY_TEXT.*input 1/);
    await expect(classifier.predict("red", { maxLength: 600 })).rejects.toThrow(/ERR_MAX_LENGTH/);
    await classifier.dispose();
  });
});
