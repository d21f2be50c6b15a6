/**
 * A parameter's first values out of a checkpoint, refused where they are no numbers to compute with.
 *
 * A NaN or an infinity in one weight makes every output NaN, so that training would end at its first step, and prediction
 * would give each text the same label. float64 values beyond float32's range count as infinite.
 */
import { AttuneError } from "../../base/errors.ts";
import type { ExpectedTensor } from "./match.ts";
import type { StoredWeights } from "./stored-weights.ts";

export interface NotFinite {
  readonly count: number;
  /** Index of the first by axis; `[]` in a scalar. */
  readonly first: readonly number[];
  readonly value: "NaN" | "Infinity" | "-Infinity";
}

/**
 * Reads a tensor into a parameter's memory.
 *
 * @param storedName its name in the checkpoint, as `matchParameters` found it
 * @param target of the parameter's length
 * @throws AttuneError ERR_TENSOR_NOT_FINITE naming the tensor, how many of its numbers are NaN or infinite, and where the
 *   first is; and what `readInto` throws
 * @example
 * for (const spec of parameters) {
 *   const stored = match.storedNames.get(spec.name);
 *   if (stored !== undefined) await readParameter(folder.weights, stored, spec, memory(spec.name));
 * }
 */
export async function readParameter(
  weights: StoredWeights,
  storedName: string,
  { shape }: ExpectedTensor,
  target: Float32Array,
): Promise<void> {
  await weights.readInto(storedName, target);
  const bad = findNotFinite(target, shape);
  if (bad === undefined) return;
  throw new AttuneError("ERR_TENSOR_NOT_FINITE", {
    rule: `every number in "${storedName}" must be finite`,
    found: `${describeNotFinite(bad)} of ${target.length}`,
    next: "use weights from before the training that made them diverged, or download the file again",
    file: weights.path,
  });
}

/** The numbers that are NaN or infinite, or undefined where there are none. */
export function findNotFinite(values: Float32Array, shape: readonly number[]): NotFinite | undefined {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let count = 0;
  let first = -1;
  for (let i = 0; i < bits.length; i++) {
    // all ones in the exponent
    if ((bits[i] & 0x7f800000) !== 0x7f800000) continue;
    if (count === 0) first = i;
    count++;
  }
  if (count === 0) return undefined;
  const value = Number.isNaN(values[first]) ? "NaN" : values[first] > 0 ? "Infinity" : "-Infinity";
  return { count, first: unravel(first, shape), value };
}

/** "3 are not (the first, NaN, at [0, 7])" */
export function describeNotFinite({ count, first, value }: NotFinite): string {
  return count === 1
    ? `1 is not (${value} at [${first.join(", ")}])`
    : `${count} are not (the first, ${value}, at [${first.join(", ")}])`;
}

/** The index by axis of a place in row-major order. */
function unravel(place: number, shape: readonly number[]): number[] {
  let rest = place;
  const index = [...shape].reverse().map((size) => {
    const at = rest % size;
    rest = Math.floor(rest / size);
    return at;
  });
  return index.reverse();
}
