/** Runs the pre-training loop in a worker thread and gives its events to this one. The other end: pretrain-worker.ts. */
import type { ModelPlace } from "../hub/index.ts";
import type { RunTrainingOptions } from "../train/index.ts";
import { placeOfModel, runInWorker } from "../train/index.ts";
import type { PretrainEvent } from "./events.ts";
import type { PretrainOptions, ResolvedPretrainOptions } from "./options.ts";
import { resolvePretrainOptions } from "./options.ts";

/** What the worker is started with. */
export interface PretrainRequest {
  readonly options: ResolvedPretrainOptions;
  readonly resume: boolean;
  /** Where the options' model is; undefined for a preset. */
  readonly place: ModelPlace | undefined;
  readonly prepareOnly: boolean;
}

export interface RunPretrainingOptions extends RunTrainingOptions {
  /** Do everything up to the first step, save it as the checkpoint of step 0, and end. Default false. */
  readonly prepareOnly?: boolean;
}

/**
 * Pre-trains a BERT on text without labels, in a worker; iterate the events to the end.
 *
 * @throws ERR_OPTION before the worker starts; then what the loop throws
 * @example
 * const options = { corpora: ["corpus/"], model: "mini", out: "runs/mini-mine" };
 * for await (const event of runPretraining(options)) {
 *   if (event.event === "evaluation") console.log(event.step, event.accuracy);
 * }
 */
export async function* runPretraining(
  options: PretrainOptions,
  { resume = false, prepareOnly = false, signal }: RunPretrainingOptions = {},
): AsyncGenerator<PretrainEvent> {
  const resolved = resolvePretrainOptions(options);
  const place = yield* placeOfModel(resolved, { resume, signal });
  const request: PretrainRequest = { options: resolved, resume, place, prepareOnly };
  yield* runInWorker<PretrainEvent>("pretrain/pretrain-worker.js", request, signal);
}
