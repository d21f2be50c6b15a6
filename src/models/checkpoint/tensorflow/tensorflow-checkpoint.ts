/**
 * Google's BERT checkpoints: `NAME.index` and `NAME.data-00000-of-0000N`, under Hugging Face's names and shapes.
 *
 * Source: bundle.ts for the index, names.ts for the names. A variable's bytes lie in its data file as they are,
 * row-major and little-endian, with a checksum, which is checked as they are read.
 *
 * Optimizer state and counters are told as ignored. The graph (`NAME.meta`) is not read.
 */
import { basename, dirname, join } from "node:path";
import { internal } from "../../../base/errors.ts";
import { OpenFile, truncated } from "../open-file.ts";
import { bytesPerElement, type SafetensorsDtype } from "../safetensors-dtype.ts";
import { countElements } from "../safetensors-header.ts";
import { isFileMissing, missingShard } from "../sharded.ts";
import {
  readFloats,
  requireFloats,
  requireTensor,
  type IgnoredEntry,
  type StoredWeights,
} from "../stored-weights.ts";
import { readBundle, type Bundle, type BundleEntry } from "./bundle.ts";
import { crc32c, maskCrc } from "./crc32c.ts";
import { parameterOf, whyIgnored } from "./names.ts";
import { corrupt, malformedTable } from "./sstable.ts";

/** A variable as its parameter sees it. */
export interface TensorFlowTensor {
  /** The variable's own name. */
  readonly variable: string;
  readonly dtype: SafetensorsDtype;
  /** As the parameter has it: that of a kernel is turned over. */
  readonly shape: readonly number[];
  readonly transposed: boolean;
  readonly entry: BundleEntry;
}

const MAX_INDEX_BYTES = 16 * 2 ** 20;

/**
 * Opens a checkpoint by its index and checks that the data files hold what it says.
 *
 * @param path `.../bert_model.ckpt.index`
 * @throws AttuneError ERR_CHECKPOINT_FORMAT, ERR_CHECKPOINT_CORRUPT, ERR_CHECKPOINT_DTYPE, ERR_CHECKPOINT_TRUNCATED,
 *   ERR_SHARD_MISSING, ERR_FILE_MISSING, ERR_NOT_READABLE
 */
export async function openTensorFlowCheckpoint(path: string): Promise<TensorFlowCheckpoint> {
  const bundle = await readIndex(path);
  const { tensors, ignored } = nameTensors(bundle, path);
  const shards = new Map<number, OpenFile>();
  try {
    for (const { variable, entry } of tensors.values()) {
      const shard = shards.get(entry.shard) ?? (await openShard(path, entry.shard, bundle.shards));
      shards.set(entry.shard, shard);
      const end = entry.offset + entry.byteLength;
      if (end > shard.size) throw truncated(end, shard.size, shard.path);
      if (entry.byteLength !== countElements(entry.shape) * bytesPerElement(entry.dtype))
        throw malformedTable(
          `"${variable}" has ${entry.byteLength} bytes for ${entry.dtype} [${entry.shape.join(", ")}]`,
          path,
        );
    }
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
  return new TensorFlowCheckpoint(path, tensors, ignored, shards);
}

export class TensorFlowCheckpoint implements StoredWeights {
  readonly path: string;
  readonly format = "TensorFlow";
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorFlowTensor>;
  readonly ignored: readonly IgnoredEntry[];
  readonly #shards: ReadonlyMap<number, OpenFile>;

  constructor(
    path: string,
    tensors: ReadonlyMap<string, TensorFlowTensor>,
    ignored: readonly IgnoredEntry[],
    shards: ReadonlyMap<number, OpenFile>,
  ) {
    this.path = path;
    this.files = [path, ...[...shards.values()].map((shard) => shard.path)];
    this.tensors = tensors;
    this.ignored = ignored;
    this.#shards = shards;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    const tensor = requireTensor(this.tensors, name, this.path);
    const dtype = requireFloats(name, tensor, target, this.path);
    const { entry, variable, transposed } = tensor;
    const shard = this.#shards.get(entry.shard);
    if (shard === undefined) throw internal(`data file ${entry.shard} is not open`);
    const values = transposed ? new Float32Array(target.length) : target;
    await readFloats(dtype, values, async (memory) => {
      await shard.read(entry.offset, memory);
      if (maskCrc(crc32c(memory)) !== entry.crc32c) throw corrupt(`"${variable}"`, shard.path);
    });
    if (transposed) transpose(values, entry.shape[0], entry.shape[1], target);
  }

  async close(): Promise<void> {
    await closeAll(this.#shards);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function readIndex(path: string): Promise<Bundle> {
  const file = await OpenFile.open(path);
  try {
    if (file.size > MAX_INDEX_BYTES)
      throw malformedTable(`it has ${file.size} bytes, above the limit of ${MAX_INDEX_BYTES}`, path);
    return readBundle(await file.bytes(0, file.size), path);
  } finally {
    await file.close();
  }
}

function nameTensors({ entries }: Bundle, path: string) {
  const tensors = new Map<string, TensorFlowTensor>();
  const ignored: IgnoredEntry[] = [];
  for (const [variable, entry] of entries) {
    const why = whyIgnored(variable);
    if (why !== undefined) {
      ignored.push({ name: variable, why });
      continue;
    }
    const { name, transposed: isKernel } = parameterOf(variable);
    const transposed = isKernel && entry.shape.length === 2;
    const other = tensors.get(name);
    if (other !== undefined)
      throw malformedTable(`"${other.variable}" and "${variable}" are both "${name}"`, path);
    const shape = transposed ? [...entry.shape].reverse() : entry.shape;
    tensors.set(name, { variable, dtype: entry.dtype, shape, transposed, entry });
  }
  return { tensors, ignored };
}

async function openShard(index: string, shard: number, count: number): Promise<OpenFile> {
  const digits = (value: number) => String(value).padStart(5, "0");
  const name = `${basename(index, ".index")}.data-${digits(shard)}-of-${digits(count)}`;
  const path = join(dirname(index), name);
  try {
    return await OpenFile.open(path);
  } catch (error) {
    throw isFileMissing(error) ? missingShard(name, index, error) : error;
  }
}

/** [rows, columns] to [columns, rows]. */
function transpose(values: Float32Array, rows: number, columns: number, target: Float32Array): void {
  const from = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const to = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column];
}

async function closeAll(files: ReadonlyMap<unknown, OpenFile>): Promise<void> {
  await Promise.all([...files.values()].map((file) => file.close()));
}
