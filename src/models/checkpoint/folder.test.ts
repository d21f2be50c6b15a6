import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bertPreset } from "../bert/presets.ts";
import { parseSequenceClassificationConfig, toHuggingFaceConfig } from "../bert/config.ts";
import { readModelFolder } from "./folder.ts";
import { openSafetensors } from "./safetensors.ts";
import { writeModelFolder, type ModelFolderContent } from "./write-folder.ts";

const config = bertPreset("tiny", {
  vocabSize: 6,
  labels: ["billing", "物流"],
  problemType: "multi_label_classification",
});

const content: ModelFolderContent = {
  config: toHuggingFaceConfig(config),
  vocabularyText: "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n北\n",
  tokenizerJson: '{"version":"1.0"}',
  normalizer: { lowercase: true, handleChineseChars: true },
  maxLength: 64,
  tensors: [{ name: "classifier.bias", shape: [2], data: Float32Array.of(0.5, -1) }],
  attune: { seed: 1 },
  readme: "# A model\n",
};

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "attune-folder-"));
  path = join(parent, "runs", "spam");
});
afterEach(async () => rm(parent, { recursive: true }));

describe("writing and reading", () => {
  test("a folder comes back as it was written", async () => {
    await writeModelFolder(path, content);
    const model = await readModelFolder(path);
    await using weights = model.weights;
    expect(parseSequenceClassificationConfig(model.config, path)).toEqual(config);
    expect(model.vocabulary).toBe(content.vocabularyText);
    expect(model.tokenizerJson).toBe(content.tokenizerJson);
    expect(model.attune).toEqual({ seed: 1 });
    expect(weights.format).toBe("safetensors");
    await using file = await openSafetensors(weights.path);
    expect(file.metadata).toEqual({ format: "pt" });
    expect([...weights.tensors.keys()]).toEqual(["classifier.bias"]);
    const bias = new Float32Array(2);
    await weights.readInto("classifier.bias", bias);
    expect(bias).toEqual(Float32Array.of(0.5, -1));
    expect(await readFile(join(path, "README.md"), "utf8")).toBe("# A model\n");
  });

  test("the tokenizer's files say what transformers needs to build it", async () => {
    const normalizer = { lowercase: false, stripAccents: true, handleChineseChars: false };
    await writeModelFolder(path, { ...content, normalizer });
    const { tokenizerConfig, weights } = await readModelFolder(path);
    await weights.close();
    const tokens = {
      cls_token: "[CLS]",
      mask_token: "[MASK]",
      pad_token: "[PAD]",
      sep_token: "[SEP]",
      unk_token: "[UNK]",
    };
    expect(tokenizerConfig).toEqual({
      tokenizer_class: "BertTokenizer",
      do_lower_case: false,
      strip_accents: true,
      tokenize_chinese_chars: false,
      model_max_length: 64,
      clean_up_tokenization_spaces: true,
      ...tokens,
    });
    expect(JSON.parse(await readFile(join(path, "special_tokens_map.json"), "utf8"))).toEqual(tokens);
  });

  test("the same model makes the same bytes", async () => {
    await writeModelFolder(path, content);
    await writeModelFolder(`${path}-2`, content);
    const bytes = async (folder: string) =>
      Promise.all(
        (await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), "hex")]),
      );
    expect(await bytes(`${path}-2`)).toEqual(await bytes(path));
  });

  test("a new model replaces the earlier one's files and keeps the rest", async () => {
    await writeModelFolder(path, content);
    await mkdir(join(path, "checkpoints"));
    await writeFile(join(path, "notes.txt"), "mine");
    await writeModelFolder(path, { ...content, attune: { seed: 2 }, readme: undefined });
    const { attune, weights } = await readModelFolder(path);
    await weights.close();
    expect(attune).toEqual({ seed: 2 });
    expect(await readFile(join(path, "notes.txt"), "utf8")).toBe("mine");
    expect((await readdir(path)).sort()).toEqual([
      "README.md",
      "attune.json",
      "checkpoints",
      "config.json",
      "model.safetensors",
      "notes.txt",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "vocab.txt",
    ]);
  });

  test("a folder that another tool wrote needs only config.json and weights", async () => {
    await writeModelFolder(path, content);
    for (const name of ["vocab.txt", "tokenizer.json", "tokenizer_config.json", "attune.json"])
      await rm(join(path, name));
    const { weights, ...others } = await readModelFolder(path);
    await weights.close();
    expect(others).toEqual({
      path,
      config: content.config,
      configFile: join(path, "config.json"),
      otherWeights: [],
    });
  });

  test("a committed version is read although its files have not moved yet", async () => {
    await writeModelFolder(path, content);
    await writeModelFolder(join(path, ".commit"), { ...content, attune: { seed: 2 } });
    await rm(join(path, "config.json"));
    const { attune, weights } = await readModelFolder(path);
    await weights.close();
    expect(attune).toEqual({ seed: 2 });
    expect(weights.path).toBe(join(path, ".commit", "model.safetensors"));
  });
});

describe("broken folders", () => {
  beforeEach(async () => writeModelFolder(path, content));

  test("none at all", async () => {
    await expect(readModelFolder(join(parent, "none"))).rejects.toThrow(
      /ERR_MODEL_FOLDER: .*there is no such folder \(.*none\); check the path/,
    );
    await expect(readModelFolder(join(path, "config.json"))).rejects.toThrow("ERR_MODEL_FOLDER");
  });

  test("no config.json", async () => {
    await expect(readModelFolder(parent)).rejects.toThrow(
      `ERR_MODEL_FILE: a model folder must have config.json; found only runs (${parent}); name a model's folder`,
    );
    await mkdir(join(parent, "empty"));
    await expect(readModelFolder(join(parent, "empty"))).rejects.toThrow("config.json; the folder is empty");
  });

  test.each([
    ["notes.txt", "copy the weights into the folder"],
    ["pytorch_model-00001-of-00002.bin", "copy the index of the parts"],
    ["bert_model.ckpt.data-00000-of-00001", "copy the checkpoint's .index"],
    ["tf_model.h5", "load it as a PyTorch model"],
    ["onnx", "get the original weights"],
  ])("no weights that can be read beside %s: %s", async (name, advice) => {
    await rm(join(path, "model.safetensors"));
    await writeFile(join(path, name), "");
    await expect(readModelFolder(path)).rejects.toThrow(
      /ERR_MODEL_FILE: a model folder must have model\.safetensors/,
    );
    await expect(readModelFolder(path)).rejects.toThrow(advice);
  });

  test("weights cut short", async () => {
    await truncate(join(path, "model.safetensors"), 100);
    await expect(readModelFolder(path)).rejects.toThrow(
      /ERR_CHECKPOINT_TRUNCATED.*found 100 \(.*model\.safetensors\)/,
    );
  });

  test.each(["config.json", "tokenizer_config.json", "attune.json"])("%s cut short", async (name) => {
    await truncate(join(path, name), 9);
    await expect(readModelFolder(path)).rejects.toThrow(
      new RegExp(`ERR_MODEL_FILE: ${name} must be JSON; .*${name}\\)`),
    );
  });

  test("a vocabulary that is not UTF-8", async () => {
    await appendFile(join(path, "vocab.txt"), Uint8Array.of(0xb1, 0xb1, 0x0a));
    await expect(readModelFolder(path)).rejects.toThrow(/ERR_MODEL_FILE: vocab\.txt must be UTF-8 text/);
  });

  test("a folder in a file's place", async () => {
    await rm(join(path, "vocab.txt"));
    await mkdir(join(path, "vocab.txt"));
    await expect(readModelFolder(path)).rejects.toThrow(/ERR_READ.*vocab\.txt.*name a file, not a folder/);
  });
});
