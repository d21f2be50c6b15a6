/**
 * Reads a model folder: the layout that Hugging Face transformers writes, plus attune.json.
 *
 *     config.json  model.safetensors  vocab.txt  tokenizer.json  tokenizer_config.json  attune.json
 *
 * Does not interpret what the files say: that is for the model, the tokenizer and the trainer. Does not download, and
 * does not read pickled, TensorFlow, ONNX or split weights.
 */
import { readdir, readFile } from "node:fs/promises";
import { AttuneError } from "../../base/errors.ts";
import { currentFile } from "./atomic-write.ts";
import { isMissing, readError } from "./file-errors.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";

/** A model folder's content; JSON as parsed, with nothing checked but its syntax. */
export interface ModelFolder {
  readonly path: string;
  /** config.json. */
  readonly config: unknown;
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
  /** model.safetensors, open: close it after use. */
  readonly weights: SafetensorsFile;
}

/**
 * Reads a model folder. Weights are opened and checked, and read when asked for.
 *
 * @throws AttuneError ERR_MODEL_FOLDER where there is none, ERR_MODEL_FILE where a file is missing or is not what its
 *   name says, and those of `openSafetensors`
 * @example
 * const model = await readModelFolder("runs/spam");
 * const config = parseSequenceClassificationConfig(model.config, model.path);
 * await model.weights.close();
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const names = await list(path);
  const config = await readJson(path, "config.json");
  if (config === undefined)
    throw missing(path, "config.json", names, "name a model's folder, or copy the file into it");
  return {
    path,
    config,
    sentencePiece: names.find((name) => /^(?:spiece|sentencepiece.*)\.model$/.test(name)),
    vocabulary: await readText(path, "vocab.txt"),
    vocabularyJson: await readText(path, "vocab.json"),
    merges: await readText(path, "merges.txt"),
    tokenizerJson: await readText(path, "tokenizer.json"),
    tokenizerConfig: await readJson(path, "tokenizer_config.json"),
    attune: await readJson(path, "attune.json"),
    weights: await openWeights(path, names),
  };
}

/** Weights in forms that are not read, and how to get the one that is. */
const otherWeights: readonly (readonly [pattern: RegExp, next: string])[] = [
  [
    /\.safetensors\.index\.json$/,
    "join the parts: in transformers, save_pretrained with a larger max_shard_size",
  ],
  [/^pytorch_model.*\.bin$/, "convert it: in transformers, save_pretrained with safe_serialization=True"],
  [
    /\.h5$|\.ckpt\.|\.msgpack$/,
    "convert it: in transformers, load it as a PyTorch model, then save_pretrained",
  ],
  [/^onnx$|\.onnx$/, "get the original weights: those in an ONNX file are for prediction only"],
];

async function openWeights(folder: string, names: readonly string[]): Promise<SafetensorsFile> {
  const path = await currentFile(folder, "model.safetensors");
  try {
    return await openSafetensors(path);
  } catch (error) {
    if (!(error instanceof AttuneError && isMissing(error.cause))) throw error;
    const other = otherWeights.find(([pattern]) => names.some((name) => pattern.test(name)));
    throw missing(folder, "model.safetensors", names, other?.[1] ?? "copy the weights into the folder");
  }
}

async function list(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (!isMissing(error)) throw readError(error, path);
    throw new AttuneError("ERR_MODEL_FOLDER", {
      rule: "a model must be a folder with config.json and model.safetensors",
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
