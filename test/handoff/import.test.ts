/**
 * Taking a result back: it becomes a complete model, or the run to go on with; whatever is not the result of this
 * hand-off, whole and finite, is refused by name, and nothing is written then.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { NamedTensor } from "../../src/models/checkpoint/index.ts";
import { openSafetensors, readModelFolder, writeSafetensors } from "../../src/models/checkpoint/index.ts";
import type { PretrainOptions } from "../../src/pretrain/index.ts";
import { messageOf } from "../message-of.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { handOn, importHere, runHere, smallRun } from "./corpus.ts";

const { folder } = temporaryFolder();
let options: PretrainOptions;
let handoff: string;
let copies = 0;

beforeAll(async () => {
  options = smallRun(folder, "run", { objective: "sop", steps: 4, evaluationSteps: 2 });
  handoff = await handOn(options);
});

/** A copy of the hand-off in which the script seems to have trained to a step: the first weights, all moved a little. */
async function trained(step: number, change: Change = {}): Promise<string> {
  const copy = join(folder, `copy-${copies++}`);
  cpSync(change.handoff ?? handoff, copy, { recursive: true });
  const { id } = JSON.parse(readFileSync(join(copy, "recipe.json"), "utf8")) as { id: string };
  const checkpoint = join(copy, `checkpoints/step-${step}`);
  mkdirSync(checkpoint, { recursive: true });
  for (const name of ["model.safetensors", "optimizer.safetensors"]) {
    await using file = await openSafetensors(join(copy, "start", name));
    const tensors: NamedTensor[] = [];
    for (const [tensor, { shape }] of file.tensors) {
      const data = new Float32Array((await file.read(tensor)).length);
      await file.readInto(tensor, data);
      tensors.push({ name: tensor, shape, data: data.map((value) => value + 1e-3) });
    }
    const changed = name === "model.safetensors" ? (change.weights?.(tensors) ?? tensors) : tensors;
    await writeSafetensors(join(checkpoint, name), changed, { format: "pt", recipe: change.recipe ?? id });
  }
  const point = { step: 2, tokens: 300, loss: 6, accuracy: 0.1, sentenceAccuracy: 0.5 };
  const state = {
    step,
    cursor: { epoch: 0, window: 0, step },
    tokens: 150 * step,
    curve: [point, { ...point, step: 4 }].filter((known) => known.step <= step),
    handoffs: [{ fromStep: 0, toStep: step, by: "torch 9, 8 x imaginary, bf16" }],
  };
  writeFileSync(join(checkpoint, "state.json"), JSON.stringify({ ...state, ...change.state }));
  return copy;
}

interface Change {
  /** The hand-off that is copied. Default: the one of this file. */
  readonly handoff?: string;
  readonly weights?: (tensors: NamedTensor[]) => NamedTensor[];
  readonly recipe?: string;
  readonly state?: Readonly<Record<string, unknown>>;
}

/** The tensor of a name with other values or another shape. */
function replace(name: string, by: Partial<NamedTensor>) {
  return (tensors: NamedTensor[]) =>
    tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...by } : tensor));
}

const BIAS = "cls.seq_relationship.bias";

describe("a finished result", () => {
  it("becomes the model folder of the run, with its card, scored anew", async () => {
    const done = await importHere({ folder: await trained(4), out: join(folder, "model") });
    expect(done).toMatchObject({ finished: true, step: 4, totalSteps: 4, tokens: 600 });
    const model = await readModelFolder(join(folder, "model"));
    await using weights = model.weights;
    const bias = new Float32Array(2);
    await weights.readInto(BIAS, bias);
    expect(bias).toEqual(Float32Array.of(1e-3, 1e-3));
    const { pretraining } = model.attune as { pretraining: Facts };
    // the script's own figure of the last step gives way to attune's
    expect(pretraining.curve.map(({ step, loss }) => [step, loss])).toEqual([
      [2, 6],
      [4, done.dev.loss],
    ]);
    expect(pretraining.heldOut.loss).toBe(done.dev.loss);
    expect(pretraining.handoffs).toHaveLength(1);
    expect(readFileSync(join(folder, "model/README.md"), "utf8")).toContain(
      "Steps 1 to 4 were done by torch 9, 8 x imaginary, bf16.",
    );
    expect(readdirSync(join(folder, "model")).sort()).toEqual([
      "README.md",
      "attune.json",
      "config.json",
      "model.safetensors",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "vocab.txt",
    ]);
  });

  it("is scored the same where the table has rows that no token reads", async () => {
    await importHere({ folder: await trained(4), out: join(folder, "plain") });
    await padTable("plain", "padded");
    const losses: number[] = [];
    for (const model of ["plain", "padded"]) {
      const { vocabSize: _, minFrequency: __, initialization: ___, ...rest } = options;
      const run = { ...rest, model: join(folder, model), out: join(folder, `from-${model}`) };
      const done = await importHere({ folder: await trained(4, { handoff: await handOn(run) }) });
      losses.push(done.dev.loss);
    }
    expect(losses[1]).toBeCloseTo(losses[0], 4);
  });

  it("takes the place of the run that was handed on", async () => {
    const copy = { ...options, out: join(folder, "run-copy") };
    const own = await handOn(copy);
    const at = await trained(4);
    // the same content under the recipe of the copy
    const { id } = JSON.parse(readFileSync(join(own, "recipe.json"), "utf8")) as { id: string };
    cpSync(await trained(4, { recipe: id }), at, { recursive: true });
    cpSync(join(own, "recipe.json"), join(at, "recipe.json"));
    const done = await importHere({ folder: at });
    expect(done.out).toBe(copy.out);
    expect(existsSync(join(copy.out, "model.safetensors"))).toBe(true);
    expect(existsSync(join(copy.out, "checkpoints"))).toBe(false);
  });
});

/** A copy of a model folder with 37 more rows in the embedding table, which are never guessed. */
async function padTable(from: string, to: string): Promise<void> {
  cpSync(join(folder, from), join(folder, to), { recursive: true });
  const config = join(folder, to, "config.json");
  const json = JSON.parse(readFileSync(config, "utf8")) as { vocab_size: number };
  writeFileSync(config, JSON.stringify({ ...json, vocab_size: json.vocab_size + 37 }));
  const tensors: NamedTensor[] = [];
  await using file = await openSafetensors(join(folder, from, "model.safetensors"));
  for (const [name, { shape }] of file.tensors) {
    const wide = name.endsWith("word_embeddings.weight") || name === "cls.predictions.bias";
    const [rows, ...rest] = shape;
    const padded = wide ? [rows + 37, ...rest] : shape;
    const data = new Float32Array(padded.reduce((product, size) => product * size, 1)).fill(-1e4);
    if (rest.length > 0) data.fill(0);
    data.set(Float32Array.from(await file.read(name), Number));
    tensors.push({ name, shape: padded, data });
  }
  await writeSafetensors(join(folder, to, "model.safetensors"), tensors);
}

describe("without an output folder", () => {
  it("is refused where the run is no longer where it was", async () => {
    const gone = { ...options, out: join(folder, "gone") };
    const copy = await trained(2, { handoff: await handOn(gone) });
    rmSync(gone.out, { recursive: true });
    const message = await messageOf(async () => importHere({ folder: copy }));
    expect(message).toMatch(/ERR_IMPORT_NO_RUN.*does not stand in .*gone.*--out/);
    expect(existsSync(gone.out)).toBe(false);
  });
});

interface Facts {
  readonly curve: readonly { readonly step: number; readonly loss: number }[];
  readonly heldOut: { readonly loss: number };
  readonly handoffs: readonly unknown[];
}

describe("an unfinished result", () => {
  it("becomes a run that goes on", async () => {
    const out = join(folder, "goes-on");
    const done = await importHere({ folder: await trained(2), out });
    expect(done).toMatchObject({ finished: false, step: 2, checkpoint: join(out, "checkpoints/step-2") });
    const events = await runHere({ ...options, out }, { resume: true });
    expect(events.find((event) => event.event === "start")?.resumedFrom).toBe(2);
    expect(events.some((event) => event.event === "phase" && event.phase === "tokenizing")).toBe(false);
    expect(events.at(-1)).toMatchObject({ event: "done", steps: 4 });
  });

  it("says that it cannot be written where a part of the path is a file", async () => {
    const out = join(folder, "corpus.txt/run");
    expect(await messageOf(async () => importHere({ folder: await trained(2), out }))).toMatch(
      /ERR_NOT_WRITABLE.*a part of the path is a file/,
    );
  });

  it("is refused where the run there has gone further, or is another", async () => {
    const out = join(folder, "gone-on");
    await importHere({ folder: await trained(2), out });
    expect(await messageOf(async () => importHere({ folder: await trained(1), out }))).toMatch(
      /ERR_IMPORT_BEHIND.*step 2 by itself.*of step 1/,
    );
    const other = { ...options, out: join(folder, "other"), lr: 1e-4 };
    await runHere(other, { prepareOnly: true });
    expect(await messageOf(async () => importHere({ folder: await trained(2), out: other.out }))).toMatch(
      /ERR_IMPORT_OTHER_RUN.*other options or data/,
    );
  });
});

describe("what is not the result of this hand-off", () => {
  const cases: [string, Change, RegExp][] = [
    [
      "of another run",
      { recipe: "0123456789abcdef" },
      /ERR_IMPORT_OTHER_RUN.*0123456789ab .*model\.safetensors/,
    ],
    [
      "with a tensor missing",
      { weights: (all) => all.filter(({ name }) => name !== BIAS) },
      /ERR_TENSOR_MISSING.*"cls\.seq_relationship\.bias" is missing/,
    ],
    [
      "with a tensor too many",
      { weights: (all) => [...all, { name: "classifier.bias", shape: [1], data: new Float32Array(1) }] },
      /ERR_TENSOR_UNEXPECTED.*"classifier\.bias"/,
    ],
    [
      "of another shape",
      { weights: replace(BIAS, { shape: [1, 2] }) },
      /ERR_TENSOR_SHAPE.*seq_relationship\.bias" is \[1, 2\], not \[2\]/,
    ],
    [
      "of another type",
      { weights: replace(BIAS, { data: new Uint16Array(2), dtype: "BF16" }) },
      /ERR_TENSOR_DTYPE.*seq_relationship\.bias" is BF16/,
    ],
    [
      "with a NaN",
      { weights: replace(BIAS, { data: Float32Array.of(0, Number.NaN) }) },
      /ERR_TENSOR_NOT_FINITE.*seq_relationship\.bias" 1 is not \(NaN at \[1\]\)/,
    ],
    [
      "with infinity",
      { weights: replace(BIAS, { data: Float32Array.of(-Infinity, 0) }) },
      /ERR_TENSOR_NOT_FINITE.*-Infinity/,
    ],
    ["at a step beyond the run", { state: { step: 9 } }, /ERR_HANDOFF_STATE.*step 9 is not in 0\.\.4/],
    ["with a state of another kind", { state: { tokens: "many" } }, /ERR_HANDOFF_STATE.*tokens/],
  ];
  it.each(cases)("is refused: %s", async (_, change, message) => {
    await refused(await trained(4, change), message);
  });

  const edits: [string, (copy: string) => void, RegExp][] = [
    [
      "nothing trained",
      (copy) => rmSync(join(copy, "checkpoints"), { recursive: true }),
      /ERR_IMPORT_NOTHING/,
    ],
    [
      "no recipe",
      (copy) => rmSync(join(copy, "recipe.json")),
      /ERR_HANDOFF_FOLDER.*no readable recipe\.json/,
    ],
    [
      "a recipe that was edited",
      (copy) => edit(join(copy, "recipe.json"), /"lr": [\d.]+,\n {4}"betas/, '"lr": 0.5,\n    "betas'),
      /ERR_HANDOFF_RECIPE.*changed after/,
    ],
    [
      "a recipe of another form",
      (copy) => edit(join(copy, "recipe.json"), '"format": 1', '"format": 2'),
      /ERR_HANDOFF_RECIPE.*format/,
    ],
    [
      "weights cut short",
      (copy) => truncateSync(join(copy, "checkpoints/step-4/model.safetensors"), 9000),
      /ERR_CHECKPOINT_TRUNCATED.*found 9000/,
    ],
    [
      "a corpus cut short",
      (copy) => truncateSync(join(copy, "corpus/tokens.bin"), 8),
      /ERR_HANDOFF_FILE.*must have \d+ bytes.*found 8 .*tokens\.bin/,
    ],
    ["no tokenizer", (copy) => rmSync(join(copy, "tokenizer.json")), /ERR_HANDOFF_FILE.*tokenizer\.json/],
    [
      "a state cut short",
      (copy) => truncateSync(join(copy, "checkpoints/step-4/state.json"), 20),
      /ERR_HANDOFF_STATE.*not JSON/,
    ],
  ];
  it.each(edits)("is refused: %s", async (_, change, message) => {
    const copy = await trained(4);
    change(copy);
    await refused(copy, message);
  });
});

function edit(file: string, from: RegExp | string, to: string): void {
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(from);
  writeFileSync(file, text.replace(from, to));
}

/** The import fails so, and leaves nothing. */
async function refused(copy: string, message: RegExp): Promise<void> {
  const out = join(folder, "nothing");
  expect(await messageOf(() => importHere({ folder: copy, out }))).toMatch(message);
  expect(existsSync(out)).toBe(false);
}
