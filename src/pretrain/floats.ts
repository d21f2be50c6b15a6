import { internal } from "../base/errors.ts";

/** The numbers of an output, which must be float32. @throws an internal error naming the output */
export function floats(data: unknown, name: string): Float32Array {
  if (data instanceof Float32Array) return data;
  throw internal(`${name} are not float32`);
}
