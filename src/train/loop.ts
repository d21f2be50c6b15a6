/**
 * The training run, from options to a model folder, as an async generator of events. Never prints.
 *
 * Recipe: Devlin et al. 2019, section A.3 (AdamW with warm-up and linear decay, gradient clipping at 1), with bias
 * correction kept on (Mosbach et al. 2021), dev evaluation after every epoch, weights kept by keep-rule.ts, early
 * stopping.
 *
 * Runs on the thread that iterates it; `run-in-worker.ts` puts it into a worker.
 */
import { errorCode } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import type { ModelPlace } from "../hub/index.ts";
import { linearWarmup } from "../optim/index.ts";
import { isPresetName } from "../models/bert/presets.ts";
import { BUILT_IN_MODEL } from "../models/checkpoint/index.ts";
import type { Backend } from "../runtime/index.ts";
import { loadBackend } from "../runtime/index.ts";
import type { LoopState } from "./checkpoint.ts";
import { initialState, loopStateSchema, RunFolder } from "./checkpoint.ts";
import { collapsedEpochs, refuseCollapse } from "./collapse.ts";
import type { EvaluationEvent, TrainEvent } from "./events.ts";
import { defaultModel } from "./default-model.ts";
import { finish } from "./finish.ts";
import { isKept } from "./keep-rule.ts";
import { checkResumable, manifestOf } from "./manifest.ts";
import type { ResolvedTrainOptions, TrainOptions } from "./options.ts";
import { resolveTrainOptions } from "./options.ts";
import type { Examples } from "./prepare.ts";
import { checkMaxLength, readExamples, tokenizeExamples, warning } from "./prepare.ts";
import type { Run } from "./run.ts";
import { createEngine, epochBatches, evaluateSet, planned, stepFeeds } from "./run.ts";
import { hiddenSizeOf, startingModel } from "./starting-model.ts";

export interface RunControl {
  /** Go on from the last checkpoint in the output folder. */
  readonly resume: boolean;
  /** Where the options' model is; undefined for a preset, and where the options name its folder. */
  readonly place?: ModelPlace | undefined;
  /** Asked after each step: true finishes with a checkpoint. */
  readonly shouldStop: () => boolean;
}

/**
 * Trains and writes the model folder `options.out`.
 *
 * @throws whatever readers, tokenizer and checkpoints throw, ERR_DIVERGED, ERR_COLLAPSED, ERR_RUN_UNFINISHED,
 *   ERR_NOTHING_TO_RESUME, ERR_RESUME_MISMATCH. An earlier model in the folder stays until the new one is complete.
 */
export async function* train(given: TrainOptions, control: RunControl): AsyncGenerator<TrainEvent> {
  const assumed = resolveTrainOptions(given);
  const backend = await loadBackend(assumed.device);
  const folder = new RunFolder(assumed.out, loopStateSchema);
  await folder.check(control.resume);
  const examples = yield* readExamples(assumed);
  const options = yield* settled(given, assumed, examples, control.place);
  const start = yield* startingModel(options, examples, control.place);
  const manifest = manifestOf(options, { ...examples.sha256, ...start.sha256 }, backend, control.place?.hub);
  if (control.resume) checkResumable(await folder.manifest(), manifest, folder.path);
  checkMaxLength(options.maxLength, start.model.maxTokens);
  const data = yield* tokenizeExamples(examples, start.tokenizer, options.maxLength);
  yield { event: "phase", phase: "preparing" };
  if (!control.resume) await folder.begin(manifest); // an unwritable folder shows now, not after hours of work
  const engine = await createEngine(options, data, start, backend);
  try {
    const run = { options, examples, data, start, manifest, folder, engine, ...planned(options, data) };
    yield* trainWith(run, control, backend);
  } catch (error) {
    // a run that diverged or collapsed would do so again: nothing in its checkpoints is worth resuming
    if (["ERR_DIVERGED", "ERR_COLLAPSED"].includes(errorCode(error) ?? "")) await folder.remove();
    throw error;
  } finally {
    await engine.dispose();
  }
}

/** The options once texts and model are known: where no model is named, the texts decide; the model's size decides more. */
async function* settled(
  given: TrainOptions,
  { model: assumed }: ResolvedTrainOptions,
  examples: Examples,
  place: ModelPlace | undefined,
): AsyncGenerator<TrainEvent, ResolvedTrainOptions> {
  let model = assumed;
  if (given.model === undefined && assumed === BUILT_IN_MODEL) {
    const { model: chosen, because } = await defaultModel(examples);
    model = chosen;
    if (because !== undefined) yield warning("WARN_LANGUAGE", fallbackText(chosen, because));
  }
  const named = { ...given, model };
  if (place === undefined || isPresetName(model)) return resolveTrainOptions(named);
  const hiddenSize = await hiddenSizeOf(place);
  return resolveTrainOptions(named, { hiddenSize, examples: examples.train.length });
}

function fallbackText(model: string, because: string): string {
  return `the built-in model reads English and Chinese, and ${because}: training starts from scratch (${model}); --model says otherwise`;
}

async function* trainWith(run: Run, control: RunControl, backend: Backend): AsyncGenerator<TrainEvent> {
  const { options, folder, engine, totalSteps } = run;
  await run.start.fill(engine);
  const restored = control.resume ? await folder.restore(engine) : undefined;
  yield startEvent(run, backend, restored?.step);
  let state: LoopState = restored ?? initialState;
  const schedule = linearWarmup({ lr: options.lr, warmupSteps: run.warmupSteps, totalSteps });
  const stoppedEarly = () => state.epochsNotKept >= options.patience;
  while (state.step < totalSteps && !stoppedEarly()) {
    const epoch = Math.floor(state.step / run.stepsPerEpoch);
    const batches = epochBatches(run, epoch);
    for (const indices of batches.slice(state.step % run.stepsPerEpoch)) {
      const started = performance.now();
      const { step } = state;
      const lr = schedule(step);
      const { loss, gradNorm } = await engine.step(stepFeeds(run, indices, step), { step, lr });
      state = {
        ...state,
        step: step + 1,
        epochLoss: state.epochLoss + loss * indices.length,
        epochExamples: state.epochExamples + indices.length,
      };
      const tokens = indices.reduce((sum, i) => sum + run.data.train.encodings[i].ids.length, 0);
      run.pace.step(performance.now() - started, tokens);
      yield stepEvent(run, state.step, { loss, gradNorm, lr, tokens });
      if (control.shouldStop() && state.step % run.stepsPerEpoch !== 0) {
        yield* interrupt(run, state);
        return;
      }
      if (isCheckpointStep(run, state)) yield await checkpoint(run, state);
    }
    const evaluated = await evaluateEpoch(run, state, epoch);
    state = evaluated.state;
    yield evaluated.event;
    refuseCollapse(state, {
      lr: options.lr,
      warmupSteps: run.warmupSteps,
      ends: stoppedEarly() || state.step === totalSteps,
    });
    yield await checkpoint(run, state);
    if (control.shouldStop() && state.step < totalSteps && !stoppedEarly()) {
      yield { event: "interrupted", step: state.step, totalSteps, checkpoint: folder.path };
      return;
    }
  }
  yield* finish(run, state);
}

/** Whether a checkpoint is due inside an epoch; at its end one follows the evaluation, which belongs to its state. */
function isCheckpointStep({ options, stepsPerEpoch }: Run, { step }: LoopState): boolean {
  const { checkpointSteps } = options;
  return checkpointSteps !== undefined && step % checkpointSteps === 0 && step % stepsPerEpoch !== 0;
}

async function evaluateEpoch(
  run: Run,
  state: LoopState,
  epoch: number,
): Promise<{ state: LoopState; event: EvaluationEvent }> {
  const started = performance.now();
  const { scored, predicted } = await evaluateSet(run, run.data.dev);
  const accuracy = scored.kind === "single" ? scored.accuracy : scored.subsetAccuracy;
  const highest = Math.max(accuracy, state.highestAccuracy);
  const kept = isKept(accuracy, highest, run.examples.dev.length);
  if (kept) await run.folder.saveKept(run.engine);
  run.pace.evaluation(performance.now() - started);
  return {
    state: {
      ...state,
      highestAccuracy: highest,
      ...(kept ? { keptStep: state.step, keptEpoch: epoch + 1 } : {}),
      epochsNotKept: kept ? 0 : state.epochsNotKept + 1,
      collapsedEpochs: collapsedEpochs(run.examples, predicted, state),
      epochLoss: 0,
      epochExamples: 0,
    },
    event: {
      event: "evaluation",
      step: state.step,
      epoch: epoch + 1,
      loss: scored.logLoss,
      accuracy,
      macroF1: scored.macroF1,
      kept,
    },
  };
}

async function checkpoint(run: Run, state: LoopState): Promise<TrainEvent> {
  return { event: "checkpoint", step: state.step, path: await run.folder.save(run.engine, state) };
}

async function* interrupt(run: Run, state: LoopState): AsyncGenerator<TrainEvent> {
  yield await checkpoint(run, state);
  yield { event: "interrupted", step: state.step, totalSteps: run.totalSteps, checkpoint: run.folder.path };
}

function startEvent(run: Run, backend: Backend, resumedFrom: number | undefined): TrainEvent {
  const { start, examples, options, engine, totalSteps } = run;
  const { vocabSize, numHiddenLayers: layers, hiddenSize } = start.model.config;
  return {
    event: "start",
    out: options.out,
    model: {
      from: start.from,
      parameters: engine.parameters.reduce((sum, { spec }) => sum + elementCount(spec.shape), 0),
      vocabSize,
      layers,
      hiddenSize,
    },
    data: {
      train: examples.train.length,
      dev: examples.dev.length,
      test: examples.test?.length,
      labels: examples.schema.names,
      kind: examples.schema.kind,
      badRows: examples.badRows,
    },
    device: `${backend.device} (onnxruntime ${backend.version})`,
    seed: options.seed,
    epochs: options.epochs,
    totalSteps,
    resumedFrom,
  };
}

function stepEvent(
  run: Run,
  step: number,
  now: { loss: number; gradNorm: number; lr: number; tokens: number },
): TrainEvent {
  return {
    event: "step",
    step,
    totalSteps: run.totalSteps,
    epoch: Math.floor((step - 1) / run.stepsPerEpoch) + 1,
    epochs: run.options.epochs,
    ...now,
    tokensPerSecond: run.pace.tokensPerSecond,
    remainingMs: run.pace.remainingMs(
      run.totalSteps - step,
      run.options.epochs - Math.floor(step / run.stepsPerEpoch),
    ),
  };
}
