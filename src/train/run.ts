/**
 * What one training run holds once its data and model are ready, and how it is divided into epochs and steps.
 *
 * The order of examples, the noise on them and the cuts are functions of seed, epoch and step, so a resumed run finds
 * its place without any stored state.
 */
import { internal } from "../base/errors.ts";
import { collate, inferenceBatches, trainingBatches } from "../data/index.ts";
import type { Backend, Tensors } from "../runtime/index.ts";
import type { RunFolder } from "./checkpoint.ts";
import type { TrainingEngine } from "../engine/index.ts";
import type { MicroBatch } from "./classifier-engine.ts";
import { classifierFeeds, classifierLogits, createClassifierEngine } from "./classifier-engine.ts";
import { allLogits, probabilities, report } from "./evaluate.ts";
import type { Report } from "./events.ts";
import { noisyEncodings } from "./input-noise.ts";
import type { Manifest } from "./manifest.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import type { EncodedSet, Examples, PreparedData } from "./prepare.ts";
import type { StartingModel } from "./starting-model.ts";

/** Everything that one run holds. */
export interface Run {
  readonly options: ResolvedTrainOptions;
  readonly examples: Examples;
  readonly data: PreparedData;
  readonly start: StartingModel;
  readonly manifest: Manifest;
  readonly folder: RunFolder;
  readonly engine: TrainingEngine;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly warmupSteps: number;
  readonly pace: Pace;
}

/** Loads model and optimizer, sized for the batches to come. The weights are still empty. */
export function createEngine(
  options: ResolvedTrainOptions,
  data: PreparedData,
  start: StartingModel,
  backend: Backend,
): Promise<TrainingEngine> {
  const { seed, weightDecay, maxGradNorm, batchTokens, batchSize, threads, pieceDropout, maxLength } =
    options;
  const encoded = data.train.encodings.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const longest = pieceDropout === 0 ? encoded : maxLength; // other spellings are longer
  return createClassifierEngine({
    model: start.model,
    backend,
    seed,
    weightDecay,
    maxGradNorm,
    maxTokens: Math.max(longest, Math.min(batchTokens, longest * batchSize)),
    accumulates: longest * batchSize > batchTokens,
    emaDecay: options.emaDecay,
    threads,
  });
}

/** How many steps the options make of the data. */
export function planned(options: ResolvedTrainOptions, data: PreparedData) {
  const stepsPerEpoch = Math.ceil(data.train.encodings.length / options.batchSize);
  const totalSteps = stepsPerEpoch * options.epochs;
  const warmupSteps = Math.round(options.warmupShare * totalSteps);
  return { stepsPerEpoch, totalSteps, warmupSteps, pace: new Pace() };
}

/** The steps of an epoch as indices into train; a pure function of seed and epoch, so a resume finds its place. */
export function epochBatches({ options, data, stepsPerEpoch }: Run, epoch: number): number[][] {
  const lengths = data.train.encodings.map(({ ids }) => ids.length);
  const { batchSize, seed } = options;
  const batches = trainingBatches({ lengths, batchSize, batchTokens: Number.MAX_SAFE_INTEGER, seed, epoch });
  if (batches.length !== stepsPerEpoch)
    throw internal(`epoch ${epoch} has ${batches.length} steps, not ${stepsPerEpoch}`);
  return batches;
}

/** The feeds of one step, cut into parts that fit the token budget. */
export function stepFeeds(run: Run, indices: readonly number[], step: number): Tensors[] {
  return classifierFeeds(microBatches(run, indices, step), run.start.model);
}

function microBatches(
  { options, data, examples, start }: Run,
  indices: readonly number[],
  step: number,
): MicroBatch[] {
  const { labels } = data.train;
  const { tokenizer } = start;
  const chosen = indices.map((i) => examples.train[i]);
  const encodings = noisyEncodings(chosen, tokenizer, options, step);
  const lengths = encodings.map(({ ids }) => ids.length);
  const c = start.model.config.labels.length;
  return inferenceBatches({ lengths, batchSize: options.batchSize, batchTokens: options.batchTokens }).map(
    (part) => {
      const rows = part.map((i) => indices[i]);
      return {
        inputs: collate(
          part.map((i) => encodings[i]),
          { padId: tokenizer.padId },
        ),
        labels:
          labels.kind === "single"
            ? Int32Array.from(rows, (i) => labels.ids[i])
            : Float32Array.from(rows.flatMap((i) => [...labels.flags.subarray(i * c, (i + 1) * c)])),
      };
    },
  );
}

/** Scores one split with the present weights. */
export async function evaluateSet(
  run: Run,
  set: EncodedSet,
): Promise<{ scored: Report; predicted: Float64Array }> {
  const { engine, examples, options, start } = run;
  const logits = await allLogits(set.encodings, (batch) => classifierLogits(engine, batch, start.model), {
    labelCount: start.model.config.labels.length,
    padId: start.tokenizer.padId,
    batchTokens: options.batchTokens,
  });
  const predicted = probabilities(logits, examples.schema);
  return { scored: report(set.labels, predicted, examples.schema), predicted };
}
