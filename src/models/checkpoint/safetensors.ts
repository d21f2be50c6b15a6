/**
 * Tensors in safetensors files, read one at a time and written without a second copy in memory.
 *
 * Source: see safetensors-header.ts, which checks the header.
 *
 * Does not map files into memory, nor join the parts of a checkpoint that is split over several files.
 */
import { type FileHandle, open } from "node:fs/promises";
import { AttuneError, nearest } from "../../base/errors.ts";
import { formatShape } from "../../base/shape.ts";
import { writeFileAtomic } from "./atomic-write.ts";
import { readError } from "../../base/file-errors.ts";
import { widenBfloat16, widenFloat16 } from "./half.ts";
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
  truncated,
  type Header,
  type TensorInfo,
} from "./safetensors-header.ts";

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
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const { size } = await handle.stat();
    const start = new Uint8Array(LENGTH_BYTES);
    await readAt(handle, start.subarray(0, size), 0, path);
    const json = new Uint8Array(readHeaderLength(start, size, path));
    await readAt(handle, json, LENGTH_BYTES, path);
    return new SafetensorsFile(path, parseHeader(json, size, path), handle);
  } catch (error) {
    await handle?.close();
    throw readError(error, path);
  }
}

/** An open file. It keeps reading the same bytes where another is renamed into its place; close it after use. */
export class SafetensorsFile {
  readonly path: string;
  /** By name, in the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: FileHandle;

  constructor(path: string, header: Header, handle: FileHandle) {
    this.path = path;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.#handle = handle;
  }

  /**
   * Reads a tensor: floating-point types as Float32Array, the others as stored (BOOL as bytes).
   * F64 is rounded to the nearest float32.
   *
   * @throws AttuneError ERR_TENSOR_MISSING, ERR_CHECKPOINT_TRUNCATED
   */
  async read(name: string): Promise<StoredArray> {
    const info = this.#info(name);
    const length = countElements(info.shape);
    if (isFloat(info.dtype)) {
      const target = new Float32Array(length);
      await this.readInto(name, target);
      return target;
    }
    const data = allocate(info.dtype, length);
    await this.#readBytes(info, data);
    return data;
  }

  /**
   * Reads a floating-point tensor into memory that is there already, F32 without a copy in between.
   *
   * @param target of the tensor's length. A WebAssembly memory that it views must not grow until this is done.
   * @throws AttuneError ERR_TENSOR_MISSING, ERR_TENSOR_DTYPE, ERR_TENSOR_SHAPE, ERR_CHECKPOINT_TRUNCATED
   */
  async readInto(name: string, target: Float32Array): Promise<void> {
    const info = this.#info(name);
    const length = countElements(info.shape);
    if (target.length !== length) {
      throw new AttuneError("ERR_TENSOR_SHAPE", {
        rule: `"${name}" must be read into ${length} elements, for its shape ${formatShape(info.shape)}`,
        found: `found a target of ${target.length}`,
        next: "pass an array of that length",
        file: this.path,
      });
    }
    if (info.dtype === "F32") return this.#readBytes(info, target);
    if (info.dtype === "F64") {
      const wide = new Float64Array(length);
      await this.#readBytes(info, wide);
      target.set(wide);
    } else if (info.dtype === "F16" || info.dtype === "BF16") {
      const bits = new Uint16Array(length);
      await this.#readBytes(info, bits);
      (info.dtype === "F16" ? widenFloat16 : widenBfloat16)(bits, target);
    } else {
      throw new AttuneError("ERR_TENSOR_DTYPE", {
        rule: `"${name}" must be of a floating-point type`,
        found: `found ${info.dtype}`,
        next: "use a checkpoint of F32, F16, BF16 or F64 weights",
        file: this.path,
      });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #info(name: string): TensorInfo {
    const info = this.tensors.get(name);
    if (info !== undefined) return info;
    const hint = nearest(name, this.tensors.keys());
    throw new AttuneError("ERR_TENSOR_MISSING", {
      rule: "the tensor must be in the file",
      found: `no "${name}" among ${this.tensors.size} tensors`,
      next: hint === undefined ? "check that this is the right checkpoint" : `did you mean "${hint}"?`,
      file: this.path,
    });
  }

  async #readBytes(info: TensorInfo, target: StoredArray): Promise<void> {
    try {
      await readAt(this.#handle, bytesOf(target), info.byteOffset, this.path);
    } catch (error) {
      throw readError(error, this.path);
    }
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

/** Fills `target` from a place in the file: one read, unless the system returns less or the tensor is above 1 GiB. */
async function readAt(handle: FileHandle, target: Uint8Array, position: number, path: string): Promise<void> {
  for (let at = 0; at < target.byteLength; ) {
    const length = Math.min(target.byteLength - at, 2 ** 30);
    const { bytesRead } = await handle.read(target, at, length, position + at);
    if (bytesRead === 0) throw truncated(position + target.byteLength, position + at, path);
    at += bytesRead;
  }
}

function refused(code: `ERR_${string}`, rule: string, found: string, file: string): AttuneError {
  return new AttuneError(code, {
    rule: `tensors to write must ${rule}`,
    found,
    next: "correct the call",
    file,
  });
}
