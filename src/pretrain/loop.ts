/**
 * The pre-training run, from options to a model folder, as an async generator of events. Never prints.
 *
 * Objective: masking.ts and examples.ts; optimisation as in training (AdamW, warm-up, linear decay, clipping), without
 * dropout unless asked for. A run that is killed resumes from its last checkpoint to the same bits.
 *
 * Runs on the thread that iterates it; `run-in-worker.ts` puts it into a worker.
 */
import type { ModelPlace } from "../hub/index.ts";
import { elementCount } from "../base/shape.ts";
import type { Backend } from "../runtime/index.ts";
import { evaluateHeldOut } from "./evaluate.ts";
import type { PretrainEvent } from "./events.ts";
import { finish } from "./finish.ts";
import { firstWeights, withRun } from "./open-run.ts";
import type { ResolvedPretrainOptions } from "./options.ts";
import { evaluationSteps, type PretrainRun, scheduleOf, stepFeeds } from "./run.ts";
import { initialState, type PretrainState } from "./state.ts";

export interface PretrainControl {
  /** Go on from the last checkpoint in the output folder. */
  readonly resume: boolean;
  /** Where the options' model is; undefined for a preset. */
  readonly place?: ModelPlace | undefined;
  /** Write the checkpoint of step 0 and end: what `attune handoff` and `resume` go on from. */
  readonly prepareOnly?: boolean;
  /** Asked after each step: true finishes with a checkpoint. */
  readonly shouldStop: () => boolean;
}

/**
 * Pre-trains and writes the model folder `options.out`.
 *
 * @throws what readers, tokenizer and checkpoints throw, ERR_CORPUS_EMPTY, ERR_CORPUS_SMALL, ERR_VOCABULARY_EMPTY,
 *   ERR_DIVERGED, ERR_RUN_UNFINISHED, ERR_NOTHING_TO_RESUME, ERR_RESUME_MISMATCH. An earlier model in the folder stays
 *   until the new one is complete.
 */
export async function* pretrain(
  options: ResolvedPretrainOptions,
  control: PretrainControl,
): AsyncGenerator<PretrainEvent> {
  yield* withRun(options, control, (run, backend) => pretrainWith(run, control, backend));
}

async function* pretrainWith(
  run: PretrainRun,
  control: PretrainControl,
  backend: Backend,
): AsyncGenerator<PretrainEvent> {
  const { options, folder, engine, totalSteps, order } = run;
  const restored = yield* firstWeights(run, backend, control.resume);
  yield startEvent(run, backend, restored?.step);
  let state = restored ?? initialState;
  if (control.prepareOnly) {
    yield await checkpoint(run, state);
    yield { event: "prepared", out: options.out, totalSteps, checkpoint: folder.path };
    return;
  }
  const schedule = scheduleOf(run);
  const everySteps = evaluationSteps(run);
  while (state.step < totalSteps) {
    const started = performance.now();
    const { step, cursor } = state;
    const { feeds, tokens } = stepFeeds(run, cursor);
    const lr = schedule(step);
    const result = await engine.step(feeds, { step, lr });
    state = { ...state, step: step + 1, cursor: order.next(cursor), tokens: state.tokens + tokens };
    run.pace.step(performance.now() - started, tokens);
    yield stepEvent(run, state, { ...result, lr, tokens });
    if (state.step % everySteps === 0 && state.step < totalSteps) {
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
  figures: {
    readonly loss: number;
    readonly gradNorm: number;
    readonly lr: number;
    readonly tokens: number;
  },
): PretrainEvent {
  const left = run.totalSteps - step;
  return {
    event: "step",
    step,
    totalSteps: run.totalSteps,
    epoch: step / run.stepsPerEpoch,
    ...figures,
    tokensPerSecond: run.pace.tokensPerSecond,
    remainingMs: run.pace.remainingMs(left, Math.ceil(left / evaluationSteps(run))),
  };
}
