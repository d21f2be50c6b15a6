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
  { resume = false, signal }: RunTrainingOptions = {},
): AsyncGenerator<PretrainEvent> {
  const resolved = resolvePretrainOptions(options);
  const place = yield* placeOfModel(resolved, { resume, signal });
  const request: PretrainRequest = { options: resolved, resume, place };
  yield* runInWorker<PretrainEvent>("pretrain/pretrain-worker.js", request, signal);
}
