/**
 * Dropout masks: memory for them, filled by the WASM kernel before each micro-batch.
 *
 * A mask is a pure function of the seed, the site's name, the step and the micro-batch, so a resumed run draws the
 * same ones. The memory grows by starting over with a larger one; nothing in it outlives a run of the graph.
 */
import type { HostTensor } from "../base/dtype.ts";
import { streamId } from "../base/random.ts";
import { elementCount, evaluateDim } from "../base/shape.ts";
import type { DropoutSite } from "../nn/index.ts";
import type { Kernels } from "../optim/index.ts";
import { Arena, arenaBytes, createKernels } from "../optim/index.ts";

/** Micro-batches that one step may have; they get generator counters of their own. */
export const MAX_MICRO_BATCHES = 4096;

/** The kernel compares 16-bit numbers, so rates come in steps of 1/65536. */
const THRESHOLDS = 65536;

export class DropoutMasks {
  readonly #sites: readonly DropoutSite[];
  readonly #seed: number;
  #kernels: Kernels | undefined;
  #bytes = 0;

  constructor(sites: readonly DropoutSite[], seed: number) {
    this.#sites = sites;
    this.#seed = seed;
  }

  /**
   * The masks of one micro-batch whose named dimensions have these sizes, by graph input name. They are views of
   * memory that the next call writes over.
   */
  async draw(
    sizes: Readonly<Record<string, number>>,
    step: number,
    micro: number,
  ): Promise<Record<string, HostTensor>> {
    if (this.#sites.length === 0) return {};
    const shapes = this.#sites.map(({ mask }) => mask.shape.map((dim) => evaluateDim(dim, sizes)));
    const kernels = await this.#reserve(arenaBytes(shapes.map(elementCount)));
    const feeds: Record<string, HostTensor> = {};
    let byteOffset = 0;
    this.#sites.forEach(({ name, rate }, i) => {
      const n = elementCount(shapes[i]);
      const threshold = Math.min(THRESHOLDS - 1, Math.round(rate * THRESHOLDS));
      kernels.dropoutMask(
        byteOffset,
        n,
        threshold,
        THRESHOLDS / (THRESHOLDS - threshold), // of the rate as rounded, so that the mean stays 1
        streamId(name),
        step * MAX_MICRO_BATCHES + micro,
        this.#seed >>> 0,
        Math.floor(this.#seed / 2 ** 32),
      );
      const data = new Float32Array(kernels.memory.buffer, byteOffset, n);
      feeds[`mask:${name}`] = { dtype: "float32", shape: shapes[i], data };
      byteOffset += arenaBytes([n]);
    });
    return feeds;
  }

  async #reserve(bytes: number): Promise<Kernels> {
    if (this.#kernels !== undefined && bytes <= this.#bytes) return this.#kernels;
    this.#kernels = undefined; // the old memory may go before the new one comes
    this.#bytes = bytes;
    this.#kernels = await createKernels(new Arena(bytes).memory);
    return this.#kernels;
  }
}
