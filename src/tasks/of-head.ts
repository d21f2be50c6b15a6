/** One head's part of a step of a walk. */
import { elementCount } from "../base/shape.ts";
import type { WalkStep } from "./walk-types.ts";

/**
 * The step without its axis of heads, at `head`: q [t, heads, d] becomes [t, d]. A step without that axis, as it is.
 *
 * @param head from 0; not checked
 */
export function ofHead(step: WalkStep, head: number): WalkStep {
  const { dims, shape, values } = step;
  const axis = dims.indexOf("heads");
  if (axis < 0) return step;
  const [before, heads, after] = [
    elementCount(shape.slice(0, axis)),
    shape[axis],
    elementCount(shape.slice(axis + 1)),
  ];
  const chosen = new Float32Array(before * after);
  for (let i = 0; i < before; i++) {
    const from = (i * heads + head) * after;
    chosen.set(values.subarray(from, from + after), i * after);
  }
  const without = <T>(axes: readonly T[]) => axes.filter((_, i) => i !== axis);
  return { ...step, dims: without(dims), shape: without(shape), values: chosen };
}
