import { expect, it } from "vitest";
import type { DType, HostArrays } from "./dtype.ts";
import { bytesPerElement } from "./dtype.ts";

// the type says that no element type is forgotten and that each has its own kind of array
const arrays: { readonly [D in DType]: HostArrays[D] } = {
  float32: new Float32Array(1),
  float64: new Float64Array(1),
  float16: new Uint16Array(1),
  int32: new Int32Array(1),
  int64: new BigInt64Array(1),
  uint8: new Uint8Array(1),
  int8: new Int8Array(1),
  bool: new Uint8Array(1),
};

it("every element type takes as many bytes as its array stores", () => {
  const stored = Object.entries(arrays).map(([dtype, array]) => [dtype, array.BYTES_PER_ELEMENT]);
  expect(bytesPerElement).toEqual(Object.fromEntries(stored));
});
