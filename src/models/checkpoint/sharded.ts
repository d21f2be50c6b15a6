/**
 * Weights that are split over several files, with an index that says in which file each tensor is.
 *
 *     { "metadata": { "total_size": 123 }, "weight_map": { "TENSOR": "model-00001-of-00002.safetensors", ... } }
 *
 * Source: `save_pretrained` of Hugging Face transformers writes it, for safetensors and for PyTorch files alike.
 *
 * The index decides: a tensor that it names must be in the file that it names, and one that it does not name is not read.
 * Files lie beside the index; a name that leads elsewhere is refused.
 */
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { AttuneError } from "../../base/errors.ts";
import { currentFile } from "./atomic-write.ts";
import { readError } from "../../base/file-errors.ts";
import { duplicateKey } from "./json-keys.ts";
import {
  requireTensor,
  type IgnoredEntry,
  type StoredTensor,
  type StoredWeights,
  type WeightFormat,
} from "./stored-weights.ts";

/** Files that are open at once; the largest models have fewer. */
const MAX_SHARDS = 256;

/**
 * Opens every file that an index names.
 *
 * @param path the index
 * @param open opens one of the files
 * @throws AttuneError ERR_SHARD_INDEX where the index is broken or does not fit the files, ERR_SHARD_MISSING, and what
 *   `open` throws
 */
export async function openSharded(
  path: string,
  format: WeightFormat,
  open: (path: string) => Promise<StoredWeights>,
): Promise<ShardedWeights> {
  const fileByTensor = parseIndex(await readIndex(path), path);
  const shards = new Map<string, StoredWeights>();
  try {
    for (const name of new Set(fileByTensor.values())) shards.set(name, await openShard(path, name, open));
    return new ShardedWeights(path, format, fileByTensor, shards);
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

export class ShardedWeights implements StoredWeights {
  readonly path: string;
  readonly format: WeightFormat;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly ignored: readonly IgnoredEntry[];
  readonly #shardOf: ReadonlyMap<string, StoredWeights>;
  readonly #shards: ReadonlyMap<string, StoredWeights>;

  /** @throws AttuneError ERR_SHARD_INDEX where a tensor is not in the file that the index names */
  constructor(
    path: string,
    format: WeightFormat,
    fileByTensor: ReadonlyMap<string, string>,
    shards: ReadonlyMap<string, StoredWeights>,
  ) {
    this.path = path;
    this.format = format;
    this.files = [path, ...[...shards.values()].flatMap(({ files }) => files)];
    const tensors = new Map<string, StoredTensor>();
    const shardOf = new Map<string, StoredWeights>();
    for (const [name, file] of fileByTensor) {
      const shard = shards.get(file);
      const tensor = shard?.tensors.get(name);
      if (shard === undefined || tensor === undefined)
        throw wrongIndex(`it says that "${name}" is in ${file}, where it is not`, path);
      tensors.set(name, tensor);
      shardOf.set(name, shard);
    }
    this.tensors = tensors;
    this.ignored = [...shards].flatMap(([file, shard]) => leftOver(file, shard, fileByTensor));
    this.#shardOf = shardOf;
    this.#shards = shards;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    await requireTensor(this.#shardOf, name, this.path).readInto(name, target);
  }

  async close(): Promise<void> {
    await closeAll(this.#shards);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A file that an index names is not there. */
export function missingShard(name: string, index: string, cause: unknown): AttuneError {
  return new AttuneError("ERR_SHARD_MISSING", {
    rule: "every file that the index of the weights names must be there",
    found: `no ${name}`,
    next: "download or copy it into the same folder",
    file: index,
    cause,
  });
}

/** True where `error` says that the file itself is not there. */
export function isFileMissing(error: unknown): boolean {
  return error instanceof AttuneError && error.code === "ERR_FILE_MISSING";
}

async function readIndex(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw readError(error, path);
  }
}

/** File by tensor. */
function parseIndex(text: string, path: string): Map<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrongIndex(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`, path);
  }
  const twice = duplicateKey(text, json);
  if (twice !== undefined) throw wrongIndex(`it has "${twice}" twice`, path);
  const map = isRecord(json) ? json.weight_map : undefined;
  if (!isRecord(map) || Object.keys(map).length === 0) throw wrongIndex('it has no "weight_map"', path);
  const fileByTensor = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== "string" || file === "") throw wrongIndex(`it names no file for "${tensor}"`, path);
    if (!staysInFolder(file))
      throw wrongIndex(`it says that "${tensor}" is in ${JSON.stringify(file)}, outside its folder`, path);
    fileByTensor.set(tensor, file);
  }
  const count = new Set(fileByTensor.values()).size;
  if (count > MAX_SHARDS) throw wrongIndex(`it names ${count} files, above the limit of ${MAX_SHARDS}`, path);
  return fileByTensor;
}

/** No folder, no drive, no way up: neither as POSIX nor as Windows reads it. */
function staysInFolder(file: string): boolean {
  return !/[/\\:\0]/.test(file) && file !== "." && file !== "..";
}

async function openShard(
  index: string,
  name: string,
  open: (path: string) => Promise<StoredWeights>,
): Promise<StoredWeights> {
  try {
    return await open(await currentFile(folderOf(index), name));
  } catch (error) {
    throw isFileMissing(error) ? missingShard(name, index, error) : error;
  }
}

/** The model's folder, also where the index still waits in `.commit` to be moved (atomic-write.ts). */
function folderOf(index: string): string {
  const folder = dirname(index);
  return basename(folder) === ".commit" ? dirname(folder) : folder;
}

/** What a file holds that the index does not take from it. */
function leftOver(
  file: string,
  shard: StoredWeights,
  fileByTensor: ReadonlyMap<string, string>,
): IgnoredEntry[] {
  const others = [...shard.tensors.keys()].filter((name) => fileByTensor.get(name) !== file);
  return [
    ...shard.ignored,
    ...others.map((name) => ({ name, why: `is in ${file}, where the index does not name it` })),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongIndex(found: string, file: string): AttuneError {
  return new AttuneError("ERR_SHARD_INDEX", {
    rule: "the index of split weights must name the file of each tensor",
    found,
    next: "download or copy the index and all files that it names again",
    file,
  });
}

async function closeAll(shards: ReadonlyMap<string, StoredWeights>): Promise<void> {
  await Promise.all([...shards.values()].map((shard) => shard.close()));
}
