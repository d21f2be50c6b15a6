/**
 * Tensors in safetensors files, read one at a time and written without a second copy in memory.
 *
 * Source: see safetensors-header.ts, which checks the header.
 *
 * Does not map files into memory, nor join the parts of a checkpoint that is split over several files (sharded.ts).
 */
import { AttuneError } from "../../base/errors.ts";
import { formatShape } from "../../base/shape.ts";
import { writeFileAtomic } from "./atomic-write.ts";
import { OpenFile } from "./open-file.ts";
import {
  allocate,
  bytesOf,
  canHold,
  isFloat,
  naturalDtype,
  type SafetensorsDtype,
  type StoredArray,
} from "./safetensors-dtype.ts";
import {
  countElements,
  formatHeader,
  LENGTH_BYTES,
  parseHeader,
  readHeaderLength,
  type Header,
  type TensorInfo,
} from "./safetensors-header.ts";
import { readFloats, requireFloats, requireTensor, type StoredWeights } from "./stored-weights.ts";

/** A tensor to write. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major elements. */
  readonly data: StoredArray;
  /** What a Uint16Array (F16, BF16) or Uint8Array (BOOL) holds, where not integers. */
  readonly dtype?: SafetensorsDtype;
}

/**
 * Opens a file and checks its header; tensors are read when asked for.
 *
 * @throws AttuneError ERR_FILE_MISSING, ERR_NOT_READABLE, ERR_CHECKPOINT_TRUNCATED (bytes expected and found),
 *   ERR_CHECKPOINT_FORMAT, ERR_CHECKPOINT_DTYPE
 * @example
 * await using file = await openSafetensors("model.safetensors");
 * for (const [name, { dtype, shape }] of file.tensors) names.push(`${name} ${dtype} ${shape}`);
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return OpenFile.parsed(path, async (file) => {
    const start = new Uint8Array(LENGTH_BYTES);
    await file.read(0, start.subarray(0, file.size));
    const json = await file.bytes(LENGTH_BYTES, readHeaderLength(start, file.size, path));
    return new SafetensorsFile(parseHeader(json, file.size, path), file);
  });
}

/** An open file. It keeps reading the same bytes where another is renamed into its place; close it after use. */
export class SafetensorsFile implements StoredWeights {
  readonly path: string;
  readonly format = "safetensors";
  readonly files: readonly string[];
  /** By name, in the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly ignored = [];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: OpenFile;

  constructor(header: Header, file: OpenFile) {
    this.path = file.path;
    this.files = [file.path];
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.#file = file;
  }

  /**
   * Reads a tensor: floating-point types as Float32Array, the others as stored (BOOL as bytes).
   * F64 is rounded to the nearest float32.
   *
   * @throws AttuneError ERR_TENSOR_MISSING, ERR_CHECKPOINT_TRUNCATED
   */
  async read(name: string): Promise<StoredArray> {
    const { dtype, shape, byteOffset } = requireTensor(this.tensors, name, this.path);
    const length = countElements(shape);
    if (isFloat(dtype)) {
      const target = new Float32Array(length);
      await this.readInto(name, target);
      return target;
    }
    const data = allocate(dtype, length);
    await this.#file.read(byteOffset, bytesOf(data));
    return data;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    const info = requireTensor(this.tensors, name, this.path);
    const dtype = requireFloats(name, info, target, this.path);
    await readFloats(dtype, target, (memory) => this.#file.read(info.byteOffset, memory));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Writes tensors in the order given; equal tensors make equal bytes. Types of different width are best given widest
 * first, so that each tensor is aligned for readers that map the file.
 *
 * @param tensors names differ; the data must not change until this is done
 * @param metadata free text by key; transformers wants `{ format: "pt" }`
 * @throws AttuneError ERR_TENSOR_NAME, ERR_TENSOR_SHAPE, ERR_TENSOR_DTYPE, and those of `writeFileAtomic`
 * @example
 * await writeSafetensors("model.safetensors", [{ name: "w", shape: [2], data: new Float32Array(2) }]);
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata, path));
}

/**
 * The parts of a file one after the other: its header, then views of the tensors' own memory.
 *
 * @param path for messages
 * @throws AttuneError ERR_TENSOR_NAME, ERR_TENSOR_SHAPE, ERR_TENSOR_DTYPE
 */
export function encodeSafetensors(
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>>,
  path: string,
): Uint8Array[] {
  const all = [...tensors];
  const names = new Set(["__metadata__"]);
  for (const { name, shape, data, dtype } of all) {
    if (names.has(name))
      throw refused("ERR_TENSOR_NAME", "have names that differ", `"${name}" is taken`, path);
    if (countElements(shape) !== data.length) {
      const found = `"${name}" has ${data.length} elements for ${formatShape(shape)}`;
      throw refused("ERR_TENSOR_SHAPE", "have as many elements as their shape says", found, path);
    }
    if (dtype !== undefined && !canHold(data, dtype)) {
      const found = `"${name}" is to be ${dtype} and has a ${data.constructor.name}`;
      throw refused("ERR_TENSOR_DTYPE", "come in the array that holds their type", found, path);
    }
    names.add(name);
  }
  const layout = all.map(({ name, shape, data, dtype }) => ({
    name,
    shape,
    dtype: dtype ?? naturalDtype(data),
  }));
  return [formatHeader(layout, metadata, path), ...all.map(({ data }) => bytesOf(data))];
}

function refused(code: `ERR_${string}`, rule: string, found: string, file: string): AttuneError {
  return new AttuneError(code, {
    rule: `tensors to write must ${rule}`,
    found,
    next: "correct the call",
    file,
  });
}
