/**
 * Weights on disk, whatever the format: what each tensor is, and how to get its values one tensor at a time.
 *
 * Does not know which parameter of a model a tensor belongs to: match.ts does.
 */
import { AttuneError, nearest } from "../../base/errors.ts";
import { formatShape } from "../../base/shape.ts";
import { widenBfloat16, widenFloat16 } from "./half.ts";
import type { StoredTensors } from "./match.ts";
import {
  bytesOf,
  isFloat,
  type FloatDtype,
  type SafetensorsDtype,
  type StoredArray,
} from "./safetensors-dtype.ts";
import { countElements } from "./safetensors-header.ts";

/** How weights are stored, for people. */
export type WeightFormat =
  | "safetensors"
  | "safetensors, split"
  | "PyTorch"
  | "PyTorch before 1.6"
  | "PyTorch, split"
  | "TensorFlow";

export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  /** Row-major as a parameter has it; `[]` is a scalar. */
  readonly shape: readonly number[];
}

/** Something in a weight file that no model ever reads, and why. */
export interface IgnoredEntry {
  readonly name: string;
  readonly why: string;
}

/** An open checkpoint: close it after use. */
export interface StoredWeights extends StoredTensors, AsyncDisposable {
  /** The file that names the tensors; for messages. */
  readonly path: string;
  readonly format: WeightFormat;
  /** Every file that names or holds the tensors: what a hash of the weights must cover. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly ignored: readonly IgnoredEntry[];
  /**
   * Reads a floating-point tensor, row-major, widened or rounded to float32, into memory that is there already.
   *
   * @param target of the tensor's length. A WebAssembly memory that it views must not grow until this is done.
   * @throws AttuneError ERR_TENSOR_MISSING, ERR_TENSOR_DTYPE, ERR_TENSOR_SHAPE, ERR_CHECKPOINT_TRUNCATED,
   *   ERR_CHECKPOINT_CORRUPT where the format has checksums
   */
  readInto(name: string, target: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** What a file says of one of its tensors. @throws AttuneError ERR_TENSOR_MISSING */
export function requireTensor<T>(tensors: ReadonlyMap<string, T>, name: string, path: string): T {
  const info = tensors.get(name);
  if (info !== undefined) return info;
  const hint = nearest(name, tensors.keys());
  throw new AttuneError("ERR_TENSOR_MISSING", {
    rule: "the tensor must be in the file",
    found: `no "${name}" among ${tensors.size} tensors`,
    next: hint === undefined ? "check that this is the right checkpoint" : `did you mean "${hint}"?`,
    file: path,
  });
}

/**
 * The type of a tensor that is about to be read into `target`.
 *
 * @throws AttuneError ERR_TENSOR_SHAPE where the lengths differ, ERR_TENSOR_DTYPE where it holds no floats
 */
export function requireFloats(
  name: string,
  { dtype, shape }: StoredTensor,
  target: Float32Array,
  path: string,
): FloatDtype {
  const length = countElements(shape);
  if (target.length !== length) {
    throw new AttuneError("ERR_TENSOR_SHAPE", {
      rule: `"${name}" must be read into ${length} elements, for its shape ${formatShape(shape)}`,
      found: `found a target of ${target.length}`,
      next: "pass an array of that length",
      file: path,
    });
  }
  if (isFloat(dtype)) return dtype;
  throw new AttuneError("ERR_TENSOR_DTYPE", {
    rule: `"${name}" must be of a floating-point type`,
    found: `found ${dtype}`,
    next: "use a checkpoint of F32, F16, BF16 or F64 weights",
    file: path,
  });
}

/**
 * Reads elements of a type into float32 memory, F32 without a copy in between.
 *
 * @param readBytes fills the memory that it is given with the elements as stored, little-endian
 */
export async function readFloats(
  dtype: FloatDtype,
  target: Float32Array,
  readBytes: (memory: Uint8Array) => Promise<void>,
): Promise<void> {
  const filled = async <T extends StoredArray>(memory: T): Promise<T> => {
    await readBytes(bytesOf(memory));
    return memory;
  };
  switch (dtype) {
    case "F32":
      await filled(target);
      return;
    case "F64":
      return target.set(await filled(new Float64Array(target.length)));
    case "F16":
      return widenFloat16(await filled(new Uint16Array(target.length)), target);
    case "BF16":
      return widenBfloat16(await filled(new Uint16Array(target.length)), target);
  }
}
