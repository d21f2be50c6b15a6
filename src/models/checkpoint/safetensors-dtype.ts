/**
 * Element types of the safetensors format and the typed array that holds each.
 *
 * Source: `Dtype` of the format's reference implementation (huggingface/safetensors, tensor.rs).
 *
 * Does not cover that list's 8-, 6- and 4-bit floats and complex numbers. The format is little-endian, and typed arrays
 * are taken to be so too, as on every platform that ONNX Runtime has binaries for.
 */
import { internal } from "../../base/errors.ts";

/** Storage of each type: 16-bit floats are kept as bit patterns, BOOL as one byte an element. */
const storage = {
  U8: Uint8Array,
  BOOL: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
} as const;

export type SafetensorsDtype = keyof typeof storage;

/** Elements as they lie in the file. */
export type StoredArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;

export const safetensorsDtypes: readonly SafetensorsDtype[] = Object.keys(storage).filter(isSafetensorsDtype);

export function isSafetensorsDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === "string" && Object.hasOwn(storage, name);
}

export function bytesPerElement(dtype: SafetensorsDtype): number {
  return storage[dtype].BYTES_PER_ELEMENT;
}

/** The types that weights have. */
export type FloatDtype = "F16" | "BF16" | "F32" | "F64";

export function isFloat(dtype: SafetensorsDtype): dtype is FloatDtype {
  return dtype === "F16" || dtype === "BF16" || dtype === "F32" || dtype === "F64";
}

/** `length` zeros. */
export function allocate(dtype: SafetensorsDtype, length: number): StoredArray {
  return new storage[dtype](length);
}

/** True where an array of this class holds elements of `dtype`. */
export function canHold(data: StoredArray, dtype: SafetensorsDtype): boolean {
  return data instanceof storage[dtype];
}

/** What an array's class says by itself: never F16, BF16 or BOOL. */
export function naturalDtype(data: StoredArray): SafetensorsDtype {
  const dtype = safetensorsDtypes.find((candidate) => canHold(data, candidate));
  if (dtype === undefined) throw internal(`no element type for ${data.constructor.name}`);
  return dtype;
}

/** The memory of a typed array as bytes, without a copy. */
export function bytesOf(data: StoredArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
