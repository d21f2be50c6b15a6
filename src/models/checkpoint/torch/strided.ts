/**
 * A tensor's elements in row-major order out of a storage that it views through strides.
 *
 * Source: PyTorch's documentation of `torch.Tensor.stride`. Views may leave gaps, take the axes in
 * another order (transposed) or stand still (expanded, stride 0).
 */
import { countElements } from "../safetensors-header.ts";
import { bytesPerElement, type FloatDtype } from "../safetensors-dtype.ts";
import { readFloats } from "../stored-weights.ts";
import type { TensorView } from "./pickle-values.ts";

/**
 * Reads a tensor into float32 memory of its length.
 *
 * @param readBytes fills memory from a byte of the storage on
 */
export async function readStrided(
  view: TensorView,
  dtype: FloatDtype,
  target: Float32Array,
  readBytes: (position: number, memory: Uint8Array) => Promise<void>,
): Promise<void> {
  if (target.length === 0) return;
  const start = view.offset * bytesPerElement(dtype);
  const read = (memory: Uint8Array) => readBytes(start, memory);
  if (isContiguous(view)) return readFloats(dtype, target, read);
  const { shape, stride } = view;
  const span = new Float32Array(shape.reduce((last, size, i) => last + (size - 1) * stride[i], 1));
  await readFloats(dtype, span, read);
  gather(bitsOf(span), shape, stride, bitsOf(target));
}

/** True where the elements lie one after the other; the stride of an axis of size 1 does not matter. */
function isContiguous({ shape, stride }: TensorView): boolean {
  return shape.every((size, i) => size === 1 || stride[i] === countElements(shape.slice(i + 1)));
}

/** Bits are copied, since copying a number may change which NaN it is. */
function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

/** target[i, j, ...] = span[i * stride[0] + j * stride[1] + ...] */
function gather(
  span: Uint32Array,
  shape: readonly number[],
  stride: readonly number[],
  target: Uint32Array,
): void {
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < target.length; i++) {
    target[i] = span[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += stride[axis];
      if (++index[axis] < shape[axis]) break;
      at -= shape[axis] * stride[axis];
      index[axis] = 0;
    }
  }
}
