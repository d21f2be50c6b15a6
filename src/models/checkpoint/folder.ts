/**
 * Reads a model folder: the layout that Hugging Face transformers writes, plus attune.json; or Google's, whose
 * configuration is bert_config.json.
 *
 *     config.json  model.safetensors  vocab.txt  tokenizer.json  tokenizer_config.json  attune.json
 *
 * Does not interpret what the files say: that is for the model, the tokenizer and the trainer. Which file the weights
 * come from is find-weights.ts's. Does not download, and does not read Keras, Flax or ONNX weights.
 */
import { readFile } from "node:fs/promises";
import { AttuneError } from "../../base/errors.ts";
import { isMissing, readError } from "../../base/file-errors.ts";
import { currentFile, listFolder } from "./atomic-write.ts";
import { modelPath } from "./builtin.ts";
import { findWeights } from "./find-weights.ts";
import type { StoredWeights } from "./stored-weights.ts";

/** A model folder's content; JSON as parsed, with nothing checked but its syntax. */
export interface ModelFolder {
  readonly path: string;
  /** config.json, or bert_config.json where there is none. */
  readonly config: unknown;
  /** The file that `config` is from. */
  readonly configFile: string;
  /** vocab.txt: one token a line. */
  readonly vocabulary: string | undefined;
  /** vocab.json and merges.txt, as text: what byte-level BPE tokenizers were published as. */
  readonly vocabularyJson: string | undefined;
  readonly merges: string | undefined;
  /** Name of a SentencePiece model, whose content is not read: a tokenizer in a form of its own. */
  readonly sentencePiece: string | undefined;
  /** tokenizer.json, as text. */
  readonly tokenizerJson: string | undefined;
  /** tokenizer_config.json. */
  readonly tokenizerConfig: unknown;
  /** attune.json; undefined where another tool wrote the folder. */
  readonly attune: unknown;
  /** Open: close it after use. */
  readonly weights: StoredWeights;
  /** Files with weights in them that are not read, because others go before them. */
  readonly otherWeights: readonly string[];
}

/**
 * Reads a model folder, or a built-in model by its name. Weights are opened and checked, and read when asked for.
 *
 * @throws AttuneError ERR_MODEL_FOLDER where there is none, ERR_MODEL_FILE where a file is missing or is not what its
 *   name says, and those of `openSafetensors`, `openTorchFile`, `openTensorFlowCheckpoint` and `openSharded`
 * @example
 * const model = await readModelFolder("runs/spam");
 * const config = parseSequenceClassificationConfig(model.config, model.configFile);
 * await model.weights.close();
 */
export async function readModelFolder(model: string): Promise<ModelFolder> {
  const path = modelPath(model);
  const names = await list(path);
  const configName = names.includes("config.json") ? "config.json" : "bert_config.json";
  const config = await readJson(path, configName);
  if (config === undefined)
    throw missing(path, "config.json", names, "name a model's folder, or copy the file into it");
  return {
    path,
    config,
    configFile: await currentFile(path, configName),
    sentencePiece: names.find((name) => /^(?:spiece|sentencepiece.*)\.model$/.test(name)),
    vocabulary: await readText(path, "vocab.txt"),
    vocabularyJson: await readText(path, "vocab.json"),
    merges: await readText(path, "merges.txt"),
    tokenizerJson: await readText(path, "tokenizer.json"),
    tokenizerConfig: await readJson(path, "tokenizer_config.json"),
    attune: await readJson(path, "attune.json"),
    ...(await openWeights(path, names)),
  };
}

/** Weights in forms that are not read, and how to get one that is. */
const unreadable: readonly (readonly [pattern: RegExp, next: string])[] = [
  [/^(model|pytorch_model)-\d+-of-\d+\./, "copy the index of the parts as well: FILE.index.json"],
  [/\.ckpt(-\d+)?\.(data|meta)/, "copy the checkpoint's .index as well"],
  [
    /\.h5$|\.ckpt$|\.msgpack$/,
    "convert it: in transformers, load it as a PyTorch model, then save_pretrained",
  ],
  [/^onnx$|\.onnx$/, "get the original weights: those in an ONNX file are for prediction only"],
];

async function openWeights(
  folder: string,
  names: readonly string[],
): Promise<Pick<ModelFolder, "weights" | "otherWeights">> {
  const found = findWeights(names);
  if (found === undefined) {
    const other = unreadable.find(([pattern]) => names.some((name) => pattern.test(name)));
    const wanted = "model.safetensors, pytorch_model.bin, an index of either, or bert_model.ckpt.index";
    throw missing(folder, wanted, names, other?.[1] ?? "copy the weights into the folder");
  }
  return { weights: await found.open(await currentFile(folder, found.name)), otherWeights: found.others };
}

async function list(path: string): Promise<string[]> {
  try {
    return await listFolder(path);
  } catch (error) {
    if (!isMissing(error)) throw readError(error, path);
    throw new AttuneError("ERR_MODEL_FOLDER", {
      rule: "a model must be a folder with config.json and weights",
      found: "there is no such folder",
      next: "check the path, or train a model into it first",
      file: path,
      cause: error,
    });
  }
}

/** A text file's content, or undefined where there is none. */
async function readText(folder: string, name: string): Promise<string | undefined> {
  const path = await currentFile(folder, name);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw readError(error, path);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AttuneError("ERR_MODEL_FILE", {
      rule: `${name} must be UTF-8 text`,
      found: `its ${bytes.byteLength} bytes are not`,
      next: "copy the file again, or convert it to UTF-8",
      file: path,
      cause: error,
    });
  }
}

/** Parsed JSON, or undefined where there is no such file. */
async function readJson(folder: string, name: string): Promise<unknown> {
  const text = await readText(folder, name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AttuneError("ERR_MODEL_FILE", {
      rule: `${name} must be JSON`,
      found: error instanceof Error ? error.message : String(error),
      next: "copy the file again, or correct it by hand",
      file: await currentFile(folder, name),
      cause: error,
    });
  }
}

function missing(folder: string, name: string, names: readonly string[], next: string): AttuneError {
  const shown = names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
  return new AttuneError("ERR_MODEL_FILE", {
    rule: `a model folder must have ${name}`,
    found: names.length === 0 ? "the folder is empty" : `found only ${shown}`,
    next,
    file: folder,
  });
}
