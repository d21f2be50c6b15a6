/** One classifier in every format: the same weights, whichever file they come from, and the same refusals. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  matchParameters,
  type NamedTensor,
  openSafetensors,
  readModelFolder,
  writeSafetensors,
} from "../../src/models/checkpoint/index.ts";
import { loadModel } from "../../src/tasks/model.ts";
import { messageOf } from "../message-of.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { fixture, makeFolder, makeShardedFolder } from "./folder-of.ts";
import { writeTensorFlow, type Variable } from "./tensorflow-writer.ts";

const { folder: parent } = temporaryFolder();
let folders = 0;
const fresh = () => join(parent, String(folders++));

/** Bits by parameter. */
async function weightsOf(path: string): Promise<Record<string, string>> {
  const { weights } = await loadModel(path);
  return Object.fromEntries(
    [...weights].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString("hex")]),
  );
}

const expected = () => weightsOf(makeFolder(fresh(), { "model.safetensors": "bert.safetensors" }));

/** Every tensor of the fixture. */
async function tensors(): Promise<(NamedTensor & { readonly data: Float32Array })[]> {
  await using file = await openSafetensors(fixture("bert.safetensors"));
  const all = [...file.tensors].map(async ([name, { shape }]) => {
    const data = await file.read(name);
    if (!(data instanceof Float32Array)) throw new Error(`${name} is not F32`);
    return { name, shape, data };
  });
  return await Promise.all(all);
}

/** Google's name and layout of a parameter. */
function toVariable({ name, shape, data }: NamedTensor): [string, Variable] {
  const path = name
    .replace(/^classifier\./, "output_")
    .replace(/^output_weight$/, "output_weights")
    .replace(/layer\.(\d+)/, "layer_$1")
    .replace(/LayerNorm\.weight$/, "LayerNorm.gamma")
    .replace(/LayerNorm\.bias$/, "LayerNorm.beta")
    .replace(/_embeddings\.weight$/, "_embeddings")
    .replace(/\.weight$/, ".kernel")
    .replaceAll(".", "/");
  const values = [...data].map(Number);
  if (!path.endsWith("/kernel")) return [path, { shape, values }];
  const [rows, columns] = shape;
  const turned = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
  return [path, { shape: [columns, rows], values: turned }];
}

async function makeTensorFlowFolder(): Promise<string> {
  const path = makeFolder(fresh(), {});
  renameSync(join(path, "config.json"), join(path, "bert_config.json"));
  const variables = Object.fromEntries((await tensors()).map(toVariable));
  const slot = { shape: [8], values: Array.from({ length: 8 }, () => 0) };
  writeTensorFlow(join(path, "bert_model.ckpt"), { ...variables, "bert/pooler/dense/bias/adam_m": slot });
  return path;
}

describe("the same weights", () => {
  test.each([
    ["PyTorch", { "pytorch_model.bin": "bert.bin" }],
    ["PyTorch before 1.6", { "pytorch_model.bin": "bert.legacy.bin" }],
    ["PyTorch", { "pytorch_model.bin": "bert.wrapped.bin" }],
  ])("%s: %o", async (format, files) => {
    const path = makeFolder(fresh(), files);
    expect(await weightsOf(path)).toEqual(await expected());
    const model = await readModelFolder(path);
    await using weights = model.weights;
    expect(weights.format).toBe(format);
  });

  test("PyTorch's, split", async () => {
    const path = makeShardedFolder(fresh());
    expect(await weightsOf(path)).toEqual(await expected());
    const model = await readModelFolder(path);
    await using weights = model.weights;
    expect([weights.format, weights.files.map((file) => file.replace(`${path}/`, ""))]).toEqual([
      "PyTorch, split",
      [
        "pytorch_model.bin.index.json",
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
      ],
    ]);
  });

  test("safetensors, split", async () => {
    const path = makeFolder(fresh(), {});
    await writeSplit(path, await tensors());
    expect(await weightsOf(path)).toEqual(await expected());
  });

  test("TensorFlow's, with Google's names, beside a bert_config.json", async () => {
    expect(await weightsOf(await makeTensorFlowFolder())).toEqual(await expected());
  });

  test.each([
    [
      "gamma and beta",
      (name: string) => name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"),
    ],
    ["module., twice", (name: string) => `module.module.${name}`],
    ["without bert.", (name: string) => name.replace(/^bert\./, "")],
    ["module. without bert.", (name: string) => `module.${name.replace(/^bert\./, "")}`],
  ])("names: %s", async (_, rename) => {
    const path = makeFolder(fresh(), {});
    const renamed = (await tensors()).map(({ name, ...tensor }) => ({ name: rename(name), ...tensor }));
    await writeSafetensors(join(path, "model.safetensors"), renamed);
    expect(await weightsOf(path)).toEqual(await expected());
  });
});

async function writeSplit(path: string, all: readonly NamedTensor[]): Promise<void> {
  const files = {
    "model-00001-of-00002.safetensors": all.slice(0, 9),
    "model-00002-of-00002.safetensors": all.slice(9),
  };
  for (const [file, some] of Object.entries(files)) await writeSafetensors(join(path, file), some);
  const map = Object.entries(files).flatMap(([file, some]) => some.map(({ name }) => [name, file]));
  writeFileSync(
    join(path, "model.safetensors.index.json"),
    JSON.stringify({ weight_map: Object.fromEntries(map) }),
  );
}

describe("which file is read", () => {
  test("safetensors before PyTorch's before TensorFlow's, and the others are told", async () => {
    const path = await makeTensorFlowFolder();
    const look = async () => {
      const model = await readModelFolder(path);
      await model.weights.close();
      return [model.weights.format, model.otherWeights];
    };
    expect(await look()).toEqual(["TensorFlow", []]);
    makeFolder(path, { "pytorch_model.bin": "bert.bin" });
    expect(await look()).toEqual(["PyTorch", ["bert_model.ckpt.index"]]);
    makeFolder(path, { "model.safetensors": "bert.safetensors" });
    writeFileSync(join(path, "tf_model.h5"), "");
    expect(await look()).toEqual([
      "safetensors",
      ["pytorch_model.bin", "bert_model.ckpt.index", "tf_model.h5"],
    ]);
    writeFileSync(join(path, "model.safetensors"), "broken");
    expect(await messageOf(look)).toMatch(/^ERR_CHECKPOINT_TRUNCATED: .*model\.safetensors/);
  });

  test("the last step of a TensorFlow run", async () => {
    const path = await makeTensorFlowFolder();
    for (const step of ["", "-90", "-1000", "-2000"])
      writeTensorFlow(join(path, `model.ckpt${step}`), { output_bias: { shape: [3], values: [0, 0, 0] } });
    for (const file of ["index", "data-00000-of-00001"]) rmSync(join(path, `bert_model.ckpt.${file}`));
    const { weights } = await readModelFolder(path);
    await weights.close();
    expect(weights.path).toBe(join(path, "model.ckpt-2000.index"));
  });
});

describe("split weights are refused", () => {
  const refusal = async (change: (path: string) => void) => {
    const path = makeShardedFolder(fresh());
    change(path);
    return messageOf(() => readModelFolder(path));
  };
  const edit = (path: string, change: (map: Record<string, string>) => unknown) => {
    const file = join(path, "pytorch_model.bin.index.json");
    const index = JSON.parse(readFileSync(file, "utf8")) as { weight_map: Record<string, string> };
    writeFileSync(file, JSON.stringify(change(index.weight_map) ?? index));
  };
  const bias = "bert.pooler.dense.bias";

  test("where a file is missing, or a tensor is not in the one named", async () => {
    expect(await refusal((path) => rmSync(join(path, "pytorch_model-00002-of-00002.bin")))).toMatch(
      /^ERR_SHARD_MISSING: .*no pytorch_model-00002-of-00002\.bin \(.*index\.json\)/,
    );
    expect(
      await refusal((path) => edit(path, (map) => void (map[bias] = "pytorch_model-00001-of-00002.bin"))),
    ).toMatch(
      /^ERR_SHARD_INDEX: .*"bert\.pooler\.dense\.bias" is in pytorch_model-00001-of-00002\.bin, where it is not/,
    );
  });

  test.each(["../pytorch_model.bin", "/etc/passwd", "..", "a\\b", "C:b", "sub/a.bin"])(
    "where the index leads outside the folder: %s",
    async (name) => {
      expect(await refusal((path) => edit(path, (map) => void (map[bias] = name)))).toMatch(
        /^ERR_SHARD_INDEX: .*outside its folder/,
      );
    },
  );

  test("where the index is no index", async () => {
    expect(await refusal((path) => edit(path, () => ({})))).toMatch(/^ERR_SHARD_INDEX: .*no "weight_map"/);
    expect(await refusal((path) => edit(path, (map) => void Object.assign(map, { [bias]: 1 })))).toMatch(
      /names no file/,
    );
    const name = "pytorch_model.bin.index.json";
    expect(await refusal((path) => writeFileSync(join(path, name), "{"))).toMatch(
      /^ERR_SHARD_INDEX: .*not JSON/,
    );
    expect(
      await refusal((path) => writeFileSync(join(path, name), '{"weight_map":{"a":"x","a":"y"}}')),
    ).toMatch(/twice/);
  });

  test("what the index does not name is told as ignored", async () => {
    const path = makeShardedFolder(fresh());
    edit(path, (map) => void delete map[bias]);
    const { weights } = await readModelFolder(path);
    await weights.close();
    expect(weights.ignored).toEqual([
      { name: bias, why: "is in pytorch_model-00002-of-00002.bin, where the index does not name it" },
    ]);
  });
});

describe("tensors", () => {
  const refusal = async (change: (all: NamedTensor[]) => readonly NamedTensor[]) => {
    const path = makeFolder(fresh(), {});
    await writeSafetensors(join(path, "model.safetensors"), change(await tensors()));
    return messageOf(() => loadModel(path));
  };
  const name = "bert.encoder.layer.1.output.dense.weight";
  const withData = (data: NamedTensor["data"]) => (all: readonly NamedTensor[]) =>
    all.map((tensor) => (tensor.name === name ? { ...tensor, data } : tensor));

  test("one missing, one in another shape, one of whole numbers: refused by name", async () => {
    expect(await refusal((all) => all.filter((tensor) => tensor.name !== name))).toMatch(
      /^ERR_TENSOR_MISSING: .*no "bert\.encoder\.layer\.1\.output\.dense\.weight"/,
    );
    const turned = (all: NamedTensor[]) =>
      all.map((tensor) => (tensor.name === name ? { ...tensor, shape: [12, 8] } : tensor));
    expect(await refusal(turned)).toMatch(
      /^ERR_TENSOR_SHAPE: "bert\.encoder\.layer\.1\.output\.dense\.weight".*\[8, 12\]; found \[12, 8\]/,
    );
    expect(await refusal(withData(new Int32Array(96)))).toMatch(
      /^ERR_TENSOR_DTYPE: "bert\.encoder\.layer\.1\.output\.dense\.weight".*found I32/,
    );
  });

  test("with a NaN or an infinity: refused with how many and where", async () => {
    const data = new Float32Array(96).fill(0.1);
    data[37] = Number.NaN;
    data[95] = Number.NEGATIVE_INFINITY;
    expect(await refusal(withData(data))).toMatch(
      /^ERR_TENSOR_NOT_FINITE: every number in "bert\.encoder\.layer\.1\.output\.dense\.weight" must be finite; 2 are not \(the first, NaN, at \[3, 1\]\) of 96 /,
    );
    expect(
      await refusal(withData(Float64Array.from({ length: 96 }, (_, i) => (i === 95 ? 1e39 : 0)))),
    ).toMatch(/^ERR_TENSOR_NOT_FINITE: .*1 is not \(Infinity at \[7, 11\]\)/);
  });

  test("inside the model's parts and unknown: refused; beside them: told", async () => {
    const add = (extra: string) => (all: NamedTensor[]) => [
      ...all,
      { name: extra, shape: [1], data: new Float32Array(1) },
    ];
    for (const extra of [
      "bert.embeddings.task_type_embeddings.weight",
      "classifier.dense.weight",
      "module.encoder.rel.weight",
    ])
      expect(await refusal(add(extra))).toMatch(
        new RegExp(`^ERR_TENSOR_UNEXPECTED: .*no place for "${extra}"`),
      );
    const path = makeFolder(fresh(), {});
    const names = ["qa_outputs.weight", "cls.predictions.bias", "bert.embeddings.position_ids"];
    await writeSafetensors(
      join(path, "model.safetensors"),
      names.reduce((all, extra) => add(extra)(all), [...(await tensors())] as NamedTensor[]),
    );
    const model = await loadModel(path);
    const folder = await readModelFolder(path);
    await using weights = folder.weights;
    const parameters = [...model.weights].map(([parameter, { shape }]) => ({ name: parameter, shape }));
    const match = matchParameters(parameters, weights);
    expect(match.unexpected).toEqual(["qa_outputs.weight"]);
    expect(match.ignored).toEqual([
      { name: "cls.predictions.bias", why: "head for masked words, of pre-training" },
      { name: "bert.embeddings.position_ids", why: "constant, saved by older versions of transformers" },
    ]);
  });

  test("none of a classifier: no prediction", async () => {
    expect(await refusal((all) => all.filter((tensor) => !tensor.name.startsWith("classifier.")))).toMatch(
      /^ERR_UNTRAINED_HEAD/,
    );
  });
});
