/** Runs the training loop in a worker thread and gives its events to this one. The other end is `train-worker.ts`. */
import type { ModelPlace } from "../hub/index.ts";
import { runInWorker } from "./event-worker.ts";
import type { TrainEvent } from "./events.ts";
import { placeOfModel } from "./model-place.ts";
import type { TrainOptions } from "./options.ts";
import { resolveTrainOptions } from "./options.ts";

/** What the worker is started with. */
export interface TrainRequest {
  /** As given: defaults depend on the model, and where none is named that depends on the texts. */
  readonly options: TrainOptions;
  readonly resume: boolean;
  /** Where the options' model is; undefined for a preset. */
  readonly place: ModelPlace | undefined;
}

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
  const resolved = resolveTrainOptions(options); // refuses what it can before a worker is started
  const place = yield* placeOfModel(resolved, { resume, signal });
  const request: TrainRequest = { options, resume, place };
  yield* runInWorker<TrainEvent>("train/train-worker.js", request, signal);
}
