/**
 * One block of memory that weights, gradients, moments and masks share with the WASM kernels.
 *
 * The block is allocated once at its full size, since growing a WebAssembly memory detaches every view of it. It is
 * zeroed and untouched pages cost nothing. Tensors of the runtime view the same bytes, so nothing is copied between
 * a gradient's computation and its use. Not shared between threads (ONNX Runtime refuses such views), never grows,
 * and frees nothing: drop the arena to free it all.
 */
import { AttuneError, internal } from "../base/errors.ts";

const ALIGNMENT = 64; // a cache line
const PAGE = 65536;
const MAX_BYTES = 2 ** 32;
/** Weight, gradient and two moments, f32 each. */
const BYTES_PER_PARAMETER = 16;

/** An array inside an arena; `byteOffset` is what kernels take, `array` what everybody else reads and writes. */
export interface ArenaTensor<A = Float32Array<ArrayBuffer>> {
  readonly byteOffset: number;
  readonly length: number;
  readonly array: A;
}

/** The bytes that an arena needs for tensors of these lengths (in elements of four bytes), alignment included. */
export function arenaBytes(lengths: Iterable<number>): number {
  let bytes = 0;
  for (const length of lengths) bytes += alignedBytes(length);
  return bytes;
}

/**
 * A bump allocator over one `WebAssembly.Memory`.
 *
 * @example
 * const arena = new Arena(arenaBytes([1000, 64]));
 * const weight = arena.float32(1000); // zeros, at a multiple of 64 bytes
 * const tokens = arena.int32(64);
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #bytes: number;
  #used = 0;

  /**
   * `bytes`: the sum over all tensors to come, by `arenaBytes`.
   *
   * Throws ERR_ARENA_TOO_LARGE above 4 GiB, the most that 32-bit offsets reach, and ERR_OUT_OF_MEMORY when the
   * machine does not give that much.
   */
  constructor(bytes: number) {
    if (bytes > MAX_BYTES) {
      throw new AttuneError("ERR_ARENA_TOO_LARGE", {
        rule: `one block of training memory holds at most 4 GiB, enough for ${parametersIn(MAX_BYTES)} million trained parameters with their gradients and moments`,
        found: `this run needs ${gib(bytes)} in one block, as much as ${parametersIn(bytes)} million parameters`,
        next: "choose a smaller model, or smaller batches if it was not the model that needs so much",
      });
    }
    const pages = Math.ceil(bytes / PAGE);
    try {
      this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    } catch (cause) {
      throw new AttuneError("ERR_OUT_OF_MEMORY", {
        rule: `training needs ${gib(bytes)} of memory in one block`,
        found: "the system did not provide it",
        next: "close other programs, raise the memory limit, or choose a smaller model",
        cause,
      });
    }
    this.#bytes = bytes;
  }

  /** Zeros, `length` of them. Throws an internal error when the arena was planned too small. */
  float32(length: number): ArenaTensor {
    const byteOffset = this.#take(length);
    return { byteOffset, length, array: new Float32Array(this.memory.buffer, byteOffset, length) };
  }

  /** The same for whole numbers: row indices, for example. */
  int32(length: number): ArenaTensor<Int32Array<ArrayBuffer>> {
    const byteOffset = this.#take(length);
    return { byteOffset, length, array: new Int32Array(this.memory.buffer, byteOffset, length) };
  }

  #take(length: number): number {
    const byteOffset = this.#used;
    const used = byteOffset + alignedBytes(length);
    if (used > this.#bytes) {
      throw internal(
        `arena of ${this.#bytes} bytes has ${this.#bytes - byteOffset} left, ${length} elements asked for`,
      );
    }
    this.#used = used;
    return byteOffset;
  }
}

function alignedBytes(length: number): number {
  if (!Number.isSafeInteger(length) || length < 0) throw internal(`tensor length ${length} in an arena`);
  return Math.ceil((length * 4) / ALIGNMENT) * ALIGNMENT;
}

/** How many million parameters these bytes are. */
function parametersIn(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_PARAMETER / 1e6);
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
