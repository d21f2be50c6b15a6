/** `attune inspect` on a real model folder: the program as it is started, and every wrong way to ask. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { describeModel, TextClassifier, walkLayer } from "../../src/tasks/index.ts";
import { fakeLibrary, FakeTerminal, runFake } from "../fake-cli.ts";
import { requireDist } from "../runtimes.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { config, weights, writeFolder } from "./folder.ts";

const { folder, write } = temporaryFolder();
const total = weights.reduce((sum, { data }) => sum + data.length, 0);
let model: string;
let onnxFile: string;

beforeAll(async () => {
  model = await writeFolder(folder, "model");
  const classifier = await TextClassifier.load(model);
  onnxFile = await classifier.exportOnnx();
  await classifier.dispose();
});

/** The program in a process of its own. */
async function attune(...argv: string[]): Promise<string> {
  const bin = fileURLToPath(new URL("../../bin/attune.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...argv], {
    env: { ...process.env, NO_COLOR: "1", COLUMNS: "80" },
  });
  return stdout;
}

/** The same in this process, in 80 columns. */
async function inspect(...argv: string[]) {
  const terminal = new FakeTerminal({ columns: 80 });
  const code = await runFake(["inspect", ...argv], terminal, fakeLibrary(), { describeModel, walkLayer });
  return { code, out: terminal.out, err: terminal.err, terminal };
}

describe("attune inspect as a program", () => {
  it("shows every parameter with its path and shape, and every section, in 80 columns", async (context) => {
    requireDist(context);
    const out = await attune("inspect", model);
    const lines = out.split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    let section = "";
    const shown = new Set<string>();
    for (const line of lines) {
      if (/^(bert\.|classifier$)[\w.]*$/.test(line)) section = line;
      const parameter = /((?:[\w.]+\.)?(?:weight|bias)) \[([\d, ]+)\]$/.exec(line);
      if (parameter !== null) shown.add(`${section}.${parameter[1]} ${parameter[2]}`);
    }
    expect([...shown].sort()).toEqual(weights.map(({ name, shape }) => `${name} ${shape.join(", ")}`).sort());
  });

  it("walks a text: --json has every number of every step", async (context) => {
    requireDist(context);
    const text = "Where is my parcel?";
    const out = await attune("inspect", model, "--layer", "2", "--text", text, "--json");
    const walk = await walkLayer(model, { layer: 2, text });
    const plain: unknown = JSON.parse(
      JSON.stringify(walk, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value)),
    );
    expect(JSON.parse(out)).toEqual(plain);
  });
});

describe("attune inspect", () => {
  it("counts the weights by part", async () => {
    const { groups, summary } = await describeModel(model);
    expect(groups.map(({ name }) => name)).toEqual([
      "bert.embeddings",
      "bert.encoder.layer.0",
      "bert.encoder.layer.1",
      "bert.encoder.layer.2",
      "bert.pooler",
      "classifier",
    ]);
    for (const { name, tensors, parameters } of groups) {
      const own = weights.filter((tensor) => tensor.name.startsWith(`${name}.`));
      const size = own.reduce((sum, { data }) => sum + data.length, 0);
      expect([name, tensors, parameters]).toEqual([name, own.length, size]);
    }
    expect(summary.parameters).toBe(total);
  });

  it("shows one layer alone", async () => {
    const { graph } = await describeModel(model, { layer: 1 });
    expect(new Set(graph.nodes.map(({ section }) => section))).toEqual(new Set(["bert.encoder.layer.1"]));
    expect(graph.parameters.map(({ name }) => name).sort()).toEqual(
      weights.flatMap(({ name }) => (name.includes(".layer.1.") ? [name] : [])).sort(),
    );
    const { out } = await inspect(model, "--layer", "1");
    expect(out).toContain("\nbert.encoder.layer.1\n");
    expect(out).not.toContain("\nbert.encoder.layer.0\n");
  });

  it("shows the training step, whose sections come again for the gradients", async () => {
    const { graph, groups } = await describeModel(model, { graph: "training" });
    const gradients = graph.outputs.flatMap(({ name }) => /^(?:grad|rows):([^:]+)/.exec(name)?.[1] ?? []);
    expect(gradients.sort()).toEqual(weights.map(({ name }) => name).sort());
    expect(groups).toEqual((await describeModel(model)).groups);
    const { out } = await inspect(model, "--graph", "training");
    expect(out).toContain("\nbert.encoder.layer.0 (again)\n");
  });

  it("shows an ONNX file as it shows the folder that it was exported from", async () => {
    const [file, from] = [await describeModel(onnxFile), await describeModel(model)];
    expect(file.summary).toMatchObject({ family: "onnx", producer: "attune", layers: 3, parameters: total });
    expect(file.groups).toEqual(from.groups);
    const { code, out } = await inspect(onnxFile);
    expect(code).toBe(0);
    const rows = (text: string) => text.slice(text.indexOf("\n\nbert.embeddings\n"));
    expect(rows(out)).toBe(rows((await inspect(model)).out));
    expect(rows(out)).toMatch(/epsilon=0\.001\n/);
    expect(out).toContain("model    ONNX file written by attune\n");
    expect(out).toMatch(/^ops {6}\d+ nodes, 3 layers; sets: ONNX \d+$/m);
  });

  it("shows an encoder without classifier or pooler", async () => {
    const bare = weights.filter(({ name }) => !/^classifier|pooler/.test(name));
    const path = await writeFolder(folder, "bare", { tensors: bare });
    const { code, out } = await inspect(path);
    expect(code).toBe(0);
    expect(out).toContain("labels   none: it has no classifier\n");
    expect(out).toContain("gives    last_hidden_state [t, b, 10]\n");
    const { code: failed, err } = await inspect(path, "--graph", "training");
    expect(failed).toBe(1);
    expect(err).toMatch(/^ERR_NO_CLASSIFIER: .*attune train/);
  });

  it("says that a text was cut, and shows what is left", async () => {
    const { code, out } = await inspect(model, "--layer", "0", "--text", "my ".repeat(40));
    expect(code).toBe(0);
    expect(out).toContain("note     25 tokens left out, only 17 fit\n");
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  const text = ["--text", "where is my parcel"];
  it.each<[string, () => string[], RegExp]>([
    [
      "a layer too many",
      () => [model, "--layer", "3"],
      /^ERR_LAYER: .*3, and the model has 0 to 2 .*; pass a layer/,
    ],
    ["a layer too many, with a text", () => [model, "--layer", "3", ...text], /^ERR_LAYER: .*0 to 2/],
    ["a layer too many in a file", () => [onnxFile, "--layer", "3"], /^ERR_LAYER: .*model\.onnx.*0 to 2/],
    ["a head too many", () => [model, "--layer", "0", "--head", "2", ...text], /^ERR_HEAD: .*0 to 1/],
    ["an empty text", () => [model, "--layer", "0", "--text", ""], /^ERR_EMPTY_TEXT: .*the text is blank/],
    ["no such folder", () => [join(folder, "nowhere")], /^ERR_MODEL_FOLDER: .*nowhere/],
    ["a folder without a model", () => [folder], /^ERR_MODEL_FILE: .*config\.json/],
    ["a file that is no model", () => [write("notes.txt", "hello")], /^ERR_ONNX_UNREADABLE: .*notes\.txt/],
    ["no such file", () => [join(folder, "nowhere.onnx")], /^ERR_FILE_MISSING: .*nowhere\.onnx/],
    [
      "a text for a file",
      () => [onnxFile, "--layer", "0", ...text],
      /^ERR_MODEL_FOLDER: .*folder that it was/,
    ],
    ["gradients of a file", () => [onnxFile, "--graph", "training"], /^ERR_NO_CLASSIFIER: .*model\.onnx/],
  ])("refuses %s", async (_, argv, message) => {
    const { code, out, err } = await inspect(...argv());
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(message);
  });

  it("refuses weights of another shape than the configuration says", async () => {
    const path = await writeFolder(folder, "wrong");
    writeFileSync(
      join(path, "config.json"),
      JSON.stringify({ ...config, model_type: "bert", hidden_size: 12 }),
    );
    const { code, err } = await inspect(path);
    expect(code).toBe(1);
    expect(err).toMatch(/^ERR_/);
  });
});
