/**
 * Element types of tensors, and the typed array that holds each on the host.
 *
 * Names follow ONNX Runtime's JavaScript API. Does not know ONNX's numeric codes: `onnx/codec.ts` does.
 */

export type DType = "float32" | "float64" | "float16" | "int32" | "int64" | "uint8" | "int8" | "bool";

/** Host storage by element type. `bool` and `float16` are kept as their raw bytes and bit patterns. */
export interface HostArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly int8: Int8Array;
  readonly bool: Uint8Array;
}

export type HostArray = HostArrays[DType];

/** A tensor with values: row-major `data` of `shape`. */
export interface HostTensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: HostArrays[D];
}

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  int8: 1,
  bool: 1,
};
