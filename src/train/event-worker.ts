/**
 * Runs a loop that yields events in a worker thread and gives its events to this one.
 *
 * ONNX Runtime computes on the thread that calls it, so a loop here would freeze progress bars, timers and servers.
 * The other end is `serveEvents`, which the worker's file calls.
 */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { parentPort } from "node:worker_threads";
import { internal } from "../base/errors.ts";
import type { SentError } from "../runtime/index.ts";
import { reviveError, sendError, startWorker } from "../runtime/index.ts";

type Message<E> =
  | { readonly kind: "event"; readonly event: E }
  | { readonly kind: "error"; readonly error: SentError }
  | { readonly kind: "end" };

/**
 * The events of a worker; iterate to the end. Leaving the loop early stops the worker after its step, without a
 * checkpoint.
 *
 * @param file built file that calls `serveEvents`, such as "train/train-worker.js"
 * @param signal aborting asks the loop to stop: it finishes its step, saves, and ends
 */
export async function* runInWorker<E>(
  file: string,
  workerData: unknown,
  signal: AbortSignal | undefined,
): AsyncGenerator<E> {
  const worker = startWorker(file, workerData);
  const exited = once(worker, "exit");
  const stop = () => worker.postMessage("stop");
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    for await (const message of messagesOf<E>(worker)) {
      if (message.kind === "error") throw reviveError(message.error);
      if (message.kind === "end") return;
      yield message.event;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    worker.postMessage("abandon"); // nothing where it has ended; terminate() inside native code aborts the process
    await exited;
  }
}

/** The worker's end: iterates the loop and posts its events. `shouldStop` turns true when the other end asks. */
export async function serveEvents<E>(loop: (shouldStop: () => boolean) => AsyncIterable<E>): Promise<void> {
  if (parentPort === null) throw internal("a worker's file must be started as a worker thread");
  const port = parentPort;
  let stopping = false;
  let abandoned = false;
  port.on("message", (message: "stop" | "abandon") => {
    if (message === "stop") stopping = true;
    else abandoned = true;
  });
  const post = (message: Message<E>) => port.postMessage(message);
  try {
    for await (const event of loop(() => stopping)) {
      if (abandoned) break; // frees the sessions: killing a thread inside native code would take the process with it
      post({ kind: "event", event });
    }
    post({ kind: "end" });
  } catch (error) {
    post({ kind: "error", error: sendError(error) });
  }
  port.close();
}

/** The worker's messages in order; its death is an error. */
async function* messagesOf<E>(worker: Worker): AsyncGenerator<Message<E>> {
  const waiting: Message<E>[] = [];
  let failure: Error | undefined;
  let wake = () => {};
  worker.on("message", (message: Message<E>) => {
    waiting.push(message);
    wake();
  });
  const fail = (error: Error) => {
    failure ??= error;
    wake();
  };
  worker.on("error", fail);
  worker.on("exit", () => fail(internal("the training worker has stopped")));
  for (;;) {
    const message = waiting.shift();
    if (message !== undefined) {
      yield message;
    } else if (failure !== undefined) {
      throw failure;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
