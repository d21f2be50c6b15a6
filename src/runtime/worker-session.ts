/**
 * A session in a worker thread: `run()` there blocks nobody here.
 *
 * ONNX Runtime computes on the thread that calls it (a 328 ms run stalled the event loop for 325 ms). Feeds and
 * results are copied between the threads; a feed that is a view takes its whole buffer along. The other end is
 * `session-worker.ts`.
 */
import type { Worker } from "node:worker_threads";
import { AttuneError, errorCode, internal } from "../base/errors.ts";
import type { DeviceChoice } from "./backend.ts";
import type { DeviceName, RunSession, SessionOptions, Tensors } from "./session.ts";
import { disposedError } from "./session.ts";
import { startWorker } from "./start-worker.ts";

/** What the worker is asked. */
export type Request =
  | {
      readonly kind: "open";
      readonly model: Uint8Array;
      readonly device: DeviceChoice;
      readonly options: SessionOptions;
    }
  | { readonly kind: "run"; readonly feeds: Tensors }
  | { readonly kind: "close" };

/** Answers come in the order of the questions. */
export type Response =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: SentError };

/** An error as it crosses threads: `AttuneError`'s code survives. */
export interface SentError {
  readonly message: string;
  readonly code: string | undefined;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Opens a model in a worker of its own. The caller must `dispose()` of it, or the process stays alive. */
export async function openWorkerSession(
  model: Uint8Array,
  device: DeviceChoice = "auto",
  options: SessionOptions = {},
): Promise<RunSession> {
  const session = new WorkerSession(startWorker("runtime/session-worker.js"));
  await session.open(model, device, options);
  return session;
}

class WorkerSession implements RunSession {
  #device: DeviceName = "wasm";
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #stopped: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (response: Response) => this.#settle(response));
    worker.on("error", (error) => this.#stop(error));
    worker.on("exit", () => this.#stop(internal("the inference worker has stopped")));
  }

  get device(): DeviceName {
    return this.#device;
  }

  async open(model: Uint8Array, device: DeviceChoice, options: SessionOptions): Promise<void> {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- session-worker.ts answers "open" with its device
      this.#device = (await this.#ask({ kind: "open", model, device, options })) as DeviceName;
    } catch (error) {
      await this.#worker.terminate();
      throw error;
    }
  }

  async run(feeds: Tensors, into: Tensors = {}): Promise<Tensors> {
    if (Object.keys(into).length > 0)
      throw internal("a worker session cannot write into arrays of this thread");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- session-worker.ts answers "run" with tensors
    return (await this.#ask({ kind: "run", feeds })) as Tensors;
  }

  async dispose(): Promise<void> {
    try {
      if (this.#stopped === undefined) await this.#ask({ kind: "close" });
    } finally {
      this.#stop(disposedError());
      await this.#worker.terminate();
    }
  }

  #ask(question: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== undefined) throw this.#stopped; // a worker that is gone never answers
      this.#worker.postMessage(question);
      this.#waiting.push({ resolve, reject });
    });
  }

  #settle(response: Response): void {
    const waiting = this.#waiting.shift();
    if (response.ok) waiting?.resolve(response.value);
    else waiting?.reject(reviveError(response.error));
  }

  #stop(error: Error): void {
    this.#stopped ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** An error to send to another thread. */
export function sendError(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error);
  return { message, code: errorCode(error) };
}

/** The error that was sent, with its code. */
export function reviveError({ message, code }: SentError): Error {
  return code === undefined ? new Error(message) : AttuneError.revive(code, message);
}
