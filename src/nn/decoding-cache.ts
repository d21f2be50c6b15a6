/**
 * Keys and values that a decoder has worked out before, so that generating the next token costs one position.
 *
 * A cache stands between a traced decoder and the graphs that generation runs. While tracing, self-attention hands it
 * the key and value of the new position and gets those of all positions; attention to the memory hands it those of
 * the memory once. What the cache gives back are inputs of the step's graph; what it was handed are outputs: of the
 * step (`present`), or of the graph that reads the source (`memory`). Holds no numbers.
 *
 * The sizes that grow have the names "cached" and "cached+1", which no model of a user's is likely to use.
 *
 * Legend: p positions so far, m places of the memory, b batch, e width.
 */
import type { Tensor } from "../tensor/index.ts";
import { concat, input } from "../tensor/index.ts";

/** Keys and values, [positions, b, e] each. */
export interface KeysAndValues {
  readonly k: Tensor;
  readonly v: Tensor;
}

/** One thing that is carried from step to step. */
export interface CacheEntry {
  /** Name of the graph input that takes it. */
  readonly name: string;
  /** The input, [p, b, e] or [m, b, e]. */
  readonly input: Tensor;
  /** Where its next value comes from. */
  readonly output: Tensor;
}

export class DecodingCache {
  /** int32 [1]: the place of the new position, an input of the step's graph. */
  readonly positions: Tensor = input("positions", "int32", [1]);
  readonly #present: CacheEntry[] = [];
  readonly #memory: CacheEntry[] = [];

  /** Carried on and growing: the keys and values of self-attention. */
  get present(): readonly CacheEntry[] {
    return this.#present;
  }

  /** Worked out once from the source: the keys and values of the memory. */
  get memory(): readonly CacheEntry[] {
    return this.#memory;
  }

  /** From the new keys and values of the layer at `path`, [1, b, e], to all of them, [p + 1, b, e]. */
  extend(path: string, fresh: KeysAndValues): KeysAndValues {
    const grow = (part: "k" | "v"): Tensor => {
      const now = fresh[part];
      const past = input(`past:${path}.${part}`, "float32", ["cached", ...now.shape.slice(1)]);
      const all = concat([past, now], { axis: 0, size: "cached+1" });
      this.#present.push({ name: `past:${path}.${part}`, input: past, output: all });
      return all;
    };
    return { k: grow("k"), v: grow("v") };
  }

  /** In place of the memory's keys and values, [m, b, e], inputs that take them. */
  keep(path: string, fresh: KeysAndValues): KeysAndValues {
    const hold = (part: "k" | "v"): Tensor => {
      const output = fresh[part];
      const held = input(`memory:${path}.${part}`, "float32", output.shape);
      this.#memory.push({ name: `memory:${path}.${part}`, input: held, output });
      return held;
    };
    return { k: hold("k"), v: hold("v") };
  }
}
