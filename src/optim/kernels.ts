/**
 * The WASM kernels that work on an arena's memory: types and loading.
 *
 * The sources are in `assembly/`, compiled by `scripts/build-kernels.js`. They take byte offsets into the memory and
 * counts of elements, check nothing and run on the calling thread. Needs an engine with WASM SIMD (all since 2021).
 */
import { kernelsBase64 } from "./kernels.generated.ts";

/**
 * The compiled functions, bound to one memory. Offsets are bytes and multiples of 4; `n`, `count` and `width` count
 * elements, 0 included. (A type alias, because only that is comparable with WebAssembly's untyped exports.)
 */
export type Kernels = {
  readonly memory: WebAssembly.Memory;

  /**
   * One AdamW update of f32 arrays `p` (parameter), `g` (gradient, only read), `m` and `v` (moments), n each.
   * `biasCorrection1` = 1 - beta1^t, `biasCorrection2` = 1 - beta2^t; the formula stands in `assembly/adamw.ts`.
   */
  adamw(
    p: number,
    g: number,
    m: number,
    v: number,
    n: number,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    weightDecay: number,
    biasCorrection1: number,
    biasCorrection2: number,
    gradScale: number,
  ): void;

  /** Sum of squares of f32 `x`; not finite when an element is not, or is beyond 1.8e19. */
  sumOfSquares(x: number, n: number): number;

  /** dst[i] += src[i], f32. */
  add(dst: number, src: number, n: number): void;

  /** dst[i] += weight * (src[i] - dst[i]), f32: a step of a running average. */
  lerp(dst: number, src: number, n: number, weight: number): void;

  /**
   * table[indices[r], :] += rows[r, :] in the order r = 0, 1, ..., so the sums repeat to the bit.
   * `table` [any, width] f32, `rows` [count, width] f32, `indices` [count] i32, checked by the caller.
   */
  scatterAddRows(table: number, rows: number, indices: number, count: number, width: number): void;

  /**
   * Writes n f32 values: `keepValue` with probability 1 - threshold16 / 65536, else 0. `threshold16` in 0..65535.
   *
   * Element i is a pure function of (i, site, step, seed): half i mod 8, low halves first, of the Philox4x32-10 block
   * with counter [floor(i / 8), step, site, 2] and key [seedLow, seedHigh]; kept where that half >= threshold16.
   */
  dropoutMask(
    dst: number,
    n: number,
    threshold16: number,
    keepValue: number,
    site: number,
    step: number,
    seedLow: number,
    seedHigh: number,
  ): void;
};

/**
 * Compiles the kernels against `memory`, which must not be shared.
 *
 * @example
 * const arena = new Arena(arenaBytes([3, 3]));
 * const [a, b] = [arena.float32(3), arena.float32(3)];
 * b.array.set([1, 2, 3]);
 * const kernels = await createKernels(arena.memory);
 * kernels.add(a.byteOffset, b.byteOffset, a.length); // a.array: 1, 2, 3
 */
export async function createKernels(memory: WebAssembly.Memory): Promise<Kernels> {
  const wasm = Uint8Array.from(atob(kernelsBase64), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(wasm, { env: { memory } });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- WebAssembly exports carry no types
  return instance.exports as Kernels;
}
