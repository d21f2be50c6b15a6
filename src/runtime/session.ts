/**
 * What runs a graph: one interface over native ONNX Runtime, its WASM build, and either of them in a worker.
 *
 * Does not choose between them: `backend.ts` does.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";

export type Tensors = Readonly<Record<string, HostTensor>>;

export type DeviceName = "native" | "wasm";

/** A loaded graph. Calls do not overlap: await one before the next. */
export interface RunSession {
  readonly device: DeviceName;
  /**
   * Runs the graph once.
   *
   * @param feeds every input by name.
   * @param into outputs that are to be written into given arrays (of the right shape) instead of new ones.
   * @returns every output by name; those of `into` are the very tensors given.
   */
  run(feeds: Tensors, into?: Tensors): Promise<Tensors>;
  /** Frees the graph's memory; a second call does nothing. Runs are then refused with ERR_DISPOSED. */
  dispose(): Promise<void>;
}

export interface SessionOptions {
  /** Threads for one run; default all cores. The WASM build takes the number of the first session for all. */
  readonly threads?: number;
  /** Whether the graph is optimised at load. Default true; false where it runs once. */
  readonly optimize?: boolean;
}

/** A runtime that is present on this machine. */
export interface Backend {
  readonly device: DeviceName;
  readonly version: string;
  createSession(model: Uint8Array, options?: SessionOptions): Promise<RunSession>;
}

/** The error of a session that is used after it was disposed of. */
export function disposedError(): AttuneError {
  return new AttuneError("ERR_DISPOSED", {
    rule: "a model can be used until it is disposed of",
    found: "dispose() was called before",
    next: "load it again",
  });
}
