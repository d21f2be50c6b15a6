/**
 * Runs the training loop in a worker thread and gives its events to this one.
 *
 * ONNX Runtime computes on the thread that calls it, so a loop here would freeze progress bars, timers and servers.
 * The other end is `train-worker.ts`.
 */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { internal } from "../base/errors.ts";
import type { ModelPlace } from "../hub/index.ts";
import type { SentError } from "../runtime/index.ts";
import { reviveError, startWorker } from "../runtime/index.ts";
import type { TrainEvent } from "./events.ts";
import { placeOfModel } from "./model-place.ts";
import type { TrainOptions } from "./options.ts";
import { resolveTrainOptions } from "./options.ts";

/** What the worker is started with. */
export interface TrainRequest {
  readonly options: ReturnType<typeof resolveTrainOptions>;
  readonly resume: boolean;
  /** Where the options' model is; undefined for a preset. */
  readonly place: ModelPlace | undefined;
}

export type TrainMessage =
  | { readonly kind: "event"; readonly event: TrainEvent }
  | { readonly kind: "error"; readonly error: SentError }
  | { readonly kind: "end" };

export interface RunTrainingOptions {
  /** Go on with the unfinished run in `options.out`. Default false. */
  readonly resume?: boolean;
  /**
   * Aborting finishes the step, saves a checkpoint and ends the events with "interrupted"; while the model is being
   * downloaded it keeps what has arrived and throws ERR_INTERRUPTED.
   */
  readonly signal?: AbortSignal;
}

/**
 * Trains in a worker, after downloading the model where it is named by a hub id; iterate the events to the end. Leaving the loop early stops the worker after its step, without
 * a checkpoint.
 *
 * @throws ERR_OPTION and what `resolveModel` throws before the worker starts; then what the training loop throws.
 * @example
 * for await (const event of runTraining({ train: "train.csv", out: "runs/spam", model: "tiny" })) {
 *   if (event.event === "evaluation") losses.push(event.loss);
 * }
 */
export async function* runTraining(
  options: TrainOptions,
  { resume = false, signal }: RunTrainingOptions = {},
): AsyncGenerator<TrainEvent> {
  const resolved = resolveTrainOptions(options);
  const place = yield* placeOfModel(resolved, { resume, signal });
  const workerData: TrainRequest = { options: resolved, resume, place };
  const worker = startWorker("train/train-worker.js", workerData);
  const exited = once(worker, "exit");
  const stop = () => worker.postMessage("stop");
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    for await (const message of messagesOf(worker)) {
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

/** The worker's messages in order; its death is an error. */
async function* messagesOf(worker: Worker): AsyncGenerator<TrainMessage> {
  const waiting: TrainMessage[] = [];
  let failure: Error | undefined;
  let wake = () => {};
  worker.on("message", (message: TrainMessage) => {
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
