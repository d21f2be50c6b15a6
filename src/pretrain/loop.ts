/**
 * The pre-training run, from options to a model folder, as an async generator of events. Never prints.
 *
 * Objective: masking.ts and examples.ts; optimisation as in training (AdamW, warm-up, linear decay, clipping), without
 * dropout unless asked for. A run that is killed resumes from its last checkpoint to the same bits.
 *
 * Runs on the thread that iterates it; `run-in-worker.ts` puts it into a worker.
 */
import { join } from "node:path";
import type { ModelPlace } from "../hub/index.ts";
import { elementCount } from "../base/shape.ts";
import { isPresetName } from "../models/bert/presets.ts";
import { linearWarmup } from "../optim/index.ts";
import type { Backend } from "../runtime/index.ts";
import { loadBackend } from "../runtime/index.ts";
import { checkMaxLength, checkResumable, manifestOf, Pace, RunFolder } from "../train/index.ts";
import { beforeFirstStep } from "./before-first-step.ts";
import { findCorpus, tokenizeCorpus } from "./corpus.ts";
import { evaluateHeldOut } from "./evaluate.ts";
import type { PretrainEvent } from "./events.ts";
import { finish } from "./finish.ts";
import type { ResolvedPretrainOptions } from "./options.ts";
import type { PretrainRun } from "./run.ts";
import { createEngine, exampleOptions, planned, stepFeeds } from "./run.ts";
import { startingModel } from "./starting-model.ts";
import { initialState, type PretrainState, pretrainStateSchema } from "./state.ts";

export interface PretrainControl {
  /** Go on from the last checkpoint in the output folder. */
  readonly resume: boolean;
  /** Where the options' model is; undefined for a preset. */
  readonly place: ModelPlace | undefined;
  /** Asked after each step: true finishes with a checkpoint. */
  readonly shouldStop: () => boolean;
}

/** Evaluations of a run, unless told otherwise. */
const EVALUATIONS = 20;

/**
 * Pre-trains and writes the model folder `options.out`.
 *
 * @throws what readers, tokenizer and checkpoints throw, ERR_CORPUS_EMPTY, ERR_CORPUS_SMALL, ERR_DIVERGED,
 *   ERR_RUN_UNFINISHED, ERR_NOTHING_TO_RESUME, ERR_RESUME_MISMATCH. An earlier model in the folder stays until the new
 *   one is complete.
 */
export async function* pretrain(
  options: ResolvedPretrainOptions,
  control: PretrainControl,
): AsyncGenerator<PretrainEvent> {
  if (isPresetName(options.model)) checkMaxLength(options.maxLength, options.maxPositions);
  const backend = await loadBackend(options.device);
  const folder = new RunFolder(options.out, pretrainStateSchema);
  await folder.check(control.resume);
  const opened = yield* beforeFirstStep(openCorpus(options, control, backend, folder), folder, control);
  if (opened === undefined) {
    yield { event: "stopped" };
    return;
  }
  const { corpus, start, manifest } = opened;
  try {
    yield { event: "phase", phase: "preparing" };
    const engine = await createEngine(options, start, backend);
    try {
      const examples = exampleOptions(options, start.tokenizer, start.config.vocabSize);
      const plan = planned(options, corpus);
      const run = { options, corpus, start, manifest, folder, engine, examples, ...plan, pace: new Pace() };
      yield* pretrainWith(run, control, backend);
    } finally {
      await engine.dispose();
    }
  } finally {
    corpus.store.close();
  }
}

/** Everything that is read before the first step. */
async function* openCorpus(
  options: ResolvedPretrainOptions,
  { resume, place }: PretrainControl,
  backend: Backend,
  folder: RunFolder<PretrainState>,
): AsyncGenerator<PretrainEvent, Pick<PretrainRun, "corpus" | "start" | "manifest">> {
  const source = await findCorpus(options);
  const start = yield* startingModel(options, source, place);
  checkMaxLength(options.maxLength, start.config.maxPositionEmbeddings);
  const manifest = manifestOf(options, { ...source.sha256, ...start.sha256 }, backend, place?.hub);
  if (resume) checkResumable(await folder.manifest(), manifest, folder.path);
  else await folder.begin(manifest);
  const corpus = yield* tokenizeCorpus(source, start.tokenizer, options, join(folder.path, "corpus"));
  return { corpus, start, manifest };
}

async function* pretrainWith(
  run: PretrainRun,
  control: PretrainControl,
  backend: Backend,
): AsyncGenerator<PretrainEvent> {
  const { options, folder, engine, totalSteps, order } = run;
  const restored = control.resume ? await folder.restore(engine) : undefined;
  if (restored === undefined) {
    if (options.initialization === "informed" && isPresetName(options.model))
      yield { event: "phase", phase: "initializing" };
    const fresh = await run.start.fill(engine, run.corpus, backend);
    if (fresh.length > 0) yield freshHeads(run, fresh);
  }
  yield startEvent(run, backend, restored?.step);
  let state = restored ?? initialState;
  const warmupSteps = Math.round(options.warmupShare * totalSteps);
  const schedule = linearWarmup({ lr: options.lr, warmupSteps, totalSteps });
  const evaluationSteps = options.evaluationSteps ?? Math.max(1, Math.ceil(totalSteps / EVALUATIONS));
  while (state.step < totalSteps) {
    const started = performance.now();
    const { step, cursor } = state;
    const { feeds, tokens } = stepFeeds(run, cursor);
    const lr = schedule(step);
    const result = await engine.step(feeds, { step, lr });
    state = { ...state, step: step + 1, cursor: order.next(cursor), tokens: state.tokens + tokens };
    run.pace.step(performance.now() - started, tokens);
    yield stepEvent(run, state, { ...result, lr, tokens, evaluationSteps });
    if (state.step % evaluationSteps === 0 && state.step < totalSteps) {
      const evaluated = await evaluate(run, state);
      state = evaluated.state;
      yield evaluated.event;
    }
    if (control.shouldStop() && state.step < totalSteps) {
      yield await checkpoint(run, state);
      yield { event: "interrupted", step: state.step, totalSteps, checkpoint: folder.path };
      return;
    }
    if (state.step % options.checkpointSteps === 0 && state.step < totalSteps)
      yield await checkpoint(run, state);
  }
  const last = await evaluate(run, state);
  yield last.event;
  yield await checkpoint(run, last.state);
  yield* finish(run, last.state, last.scores);
}

async function evaluate(run: PretrainRun, state: PretrainState) {
  const started = performance.now();
  const scores = await evaluateHeldOut(run);
  run.pace.evaluation(performance.now() - started);
  const { loss, accuracy, sentenceAccuracy } = scores;
  const at = { step: state.step, tokens: state.tokens };
  const point = { ...at, loss, accuracy, ...(sentenceAccuracy === undefined ? {} : { sentenceAccuracy }) };
  return {
    scores,
    // a run killed after its last checkpoint comes here again
    state: { ...state, curve: [...state.curve.filter(({ step }) => step !== state.step), point] },
    event: { event: "evaluation" as const, ...at, ...scores },
  };
}

async function checkpoint(run: PretrainRun, state: PretrainState): Promise<PretrainEvent> {
  return { event: "checkpoint", step: state.step, path: await run.folder.save(run.engine, state) };
}

function freshHeads({ start }: PretrainRun, fresh: readonly string[]): PretrainEvent {
  return {
    event: "warning",
    code: "WARN_FRESH_HEAD",
    message: `${start.from} lacks ${fresh.length} tensors of the pre-training heads, such as "${fresh[0]}": they start afresh`,
  };
}

function startEvent(run: PretrainRun, backend: Backend, resumedFrom: number | undefined): PretrainEvent {
  const { start, corpus, options, engine, totalSteps, stepsPerEpoch } = run;
  const { vocabSize, numHiddenLayers: layers, hiddenSize } = start.config;
  return {
    event: "start",
    out: options.out,
    model: {
      from: start.from,
      parameters: engine.parameters.reduce((total, { spec }) => total + elementCount(spec.shape), 0),
      vocabSize,
      layers,
      hiddenSize,
    },
    corpus: corpus.counts,
    device: `${backend.device} (onnxruntime ${backend.version})`,
    seed: options.seed,
    totalSteps,
    epochs: totalSteps / stepsPerEpoch,
    resumedFrom,
  };
}

function stepEvent(
  run: PretrainRun,
  { step }: PretrainState,
  now: {
    readonly loss: number;
    readonly gradNorm: number;
    readonly lr: number;
    readonly tokens: number;
    readonly evaluationSteps: number;
  },
): PretrainEvent {
  const { evaluationSteps, ...figures } = now;
  const left = run.totalSteps - step;
  return {
    event: "step",
    step,
    totalSteps: run.totalSteps,
    epoch: step / run.stepsPerEpoch,
    ...figures,
    tokensPerSecond: run.pace.tokensPerSecond,
    remainingMs: run.pace.remainingMs(left, Math.ceil(left / evaluationSteps)),
  };
}
