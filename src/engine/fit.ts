/**
 * Training without ceremony: a loss as a function of a scope, batches as a function of the step.
 *
 *     for await (const { step, loss, state } of fit({ loss: lossOf, batches, steps, schedule, backend })) ...
 *
 * Traces the loss, differentiates it, makes first values and takes `steps` steps of AdamW with clipped gradients on the
 * engine (training-engine.ts). Runs on the thread that iterates it. Knows no epochs, files or metrics, and does not
 * resume; the loop of the classifier (train/loop.ts) does.
 */
import { AttuneError } from "../base/errors.ts";
import { optionError } from "../base/options.ts";
import type { ParameterSpec, State } from "../nn/index.ts";
import { initialize, Scope } from "../nn/index.ts";
import type { Schedule } from "../optim/index.ts";
import type { Backend, Tensors } from "../runtime/session.ts";
import type { Tensor } from "../tensor/index.ts";
import { MAX_MICRO_BATCHES } from "./dropout-masks.ts";
import { checkFeeds, checkFilled, graphInputs } from "./evaluate.ts";
import type { LossGraph } from "./gradient-graph.ts";
import type { EvaluationGraph } from "./training-engine.ts";
import { TrainingEngine } from "./training-engine.ts";

export interface FitOptions {
  /**
   * The loss of a batch, float32 [1], from parameters of the scope and inputs made by `input()`. Traced twice: for
   * training, and with dropout off for `evaluate`.
   */
  readonly loss: (scope: Scope) => Tensor;
  /**
   * What step 0, 1, ... is fed: values of the loss's inputs by name. Several elements are micro-batches, whose losses
   * and gradients add up. Let it depend on nothing but the step and a seed, so that runs repeat.
   */
  readonly batches: (step: number) => readonly Tensors[];
  /** Steps to take, 1 or more. */
  readonly steps: number;
  /** Learning rate by step: see `linearWarmup`. */
  readonly schedule: Schedule;
  readonly backend: Backend;
  /** Of first values and dropout masks: a whole number, 0 or more. Default 0. */
  readonly seed?: number;
  /** Writes the first values of a parameter; default as declared in the scope, from `seed`. */
  readonly start?: (spec: ParameterSpec, out: Float32Array) => void;
  /** Of matrices, at least 0. Default 0.01, as in PyTorch's AdamW. */
  readonly weightDecay?: number;
  /** Gradients are scaled down to this global norm. Default 1. */
  readonly maxGradNorm?: number;
  /** Decay of the running average of the weights, which is then what `state` and `evaluate` use. Default 0: none. */
  readonly emaDecay?: number;
  /** Whether steps may have several micro-batches, at most 4096; costs one more copy of the weights. Default false. */
  readonly accumulates?: boolean;
  /** Default: all cores. */
  readonly threads?: number;
}

/** What happened in one step. */
export interface FitStep {
  /** Steps done: 1 for the first. */
  readonly step: number;
  readonly steps: number;
  /** Of the batch, before the update. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradNorm: number;
  readonly lr: number;
  /** A copy of the present weights by path: for `Generator.create` and `module.load`. */
  readonly state: () => State;
  /** The loss of other feeds with the present weights, dropout off. Only until the next step is asked for. */
  readonly evaluate: (feeds: Tensors) => Promise<number>;
}

/** Buffer for rows of embedding gradients; more rows go through it in parts. */
const ROWS = 4096;

/**
 * Trains, one step an iteration. The same options give the same weights on one machine.
 *
 * @throws ERR_OPTION for bad options and for micro-batches without `accumulates`, ERR_SHAPE for a loss that is not one
 *   number, ERR_INPUT_NAME for an input that is called as a parameter or "loss", ERR_UNUSED_PARAMETER, ERR_FEED,
 *   ERR_INDEX, ERR_DIVERGED.
 * @example
 * const lossOf = (scope: Scope) =>
 *   meanSquaredError(linear(scope.at("line"), input("x", "float32", ["n", 1]), { outFeatures: 1 }), input("y", "float32", ["n", 1]));
 * const schedule = linearWarmup({ lr: 0.1, warmupSteps: 0, totalSteps: 50 });
 * const column = (...values: number[]) => ({ dtype: "float32" as const, shape: [values.length, 1], data: Float32Array.from(values) });
 * const batches = () => [{ x: column(0, 1, 2), y: column(1, 3, 5) }];
 * for await (const { step, loss } of fit({ loss: lossOf, batches, steps: 50, schedule, backend: await loadBackend() }))
 *   console.log(step, loss);
 */
export async function* fit(options: FitOptions): AsyncGenerator<FitStep, void, void> {
  const { batches, steps, schedule, seed = 0, accumulates = false } = options;
  checkOptions(options);
  const graphs = trace(options.loss);
  const engine = await TrainingEngine.create({
    ...graphs,
    backend: options.backend,
    seed,
    weightDecay: options.weightDecay ?? 0.01,
    maxGradNorm: options.maxGradNorm ?? 1,
    maxRows: ROWS,
    emaDecay: options.emaDecay ?? 0,
    accumulates,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  try {
    const start = options.start ?? ((spec, out) => initialize(spec, seed, out));
    for (const { spec, values } of engine.parameters) start(spec, values);
    for (let step = 0; step < steps; step++) {
      const feeds = batches(step);
      checkMicroBatches(feeds.length, accumulates);
      for (const one of feeds) {
        checkFeeds(graphs.training.inputs, one);
        checkFilled(one);
      }
      const lr = schedule(step);
      const done = await engine.step(feeds, { step, lr });
      yield {
        ...done,
        step: step + 1,
        steps,
        lr,
        state: () => stateOf(engine),
        evaluate: (given) => evaluateLoss(engine, graphs.evaluation, given),
      };
    }
  } finally {
    await engine.dispose();
  }
}

/** The loss in training mode, and the same parameters' loss with dropout off. */
function trace(lossOf: FitOptions["loss"]): {
  readonly training: LossGraph;
  readonly evaluation: EvaluationGraph;
} {
  const scope = Scope.root({ training: true });
  const loss = lossOf(scope);
  if (loss.dtype !== "float32" || loss.shape.length !== 1 || loss.shape[0] !== 1) {
    throw new AttuneError("ERR_SHAPE", {
      rule: "fit: the loss must be float32 [1]",
      found: `found ${loss.toString()}`,
      next: "average it, and reshape it to [1]",
    });
  }
  const { parameters, dropouts } = scope;
  const masks = new Set(dropouts.map(({ mask }) => mask));
  const inputs = graphInputs({ loss }).filter((x) => !masks.has(x));
  const evaluated = lossOf(scope.retrace({ training: false }));
  return {
    training: { inputs, loss, parameters, dropouts },
    evaluation: { inputs: graphInputs({ loss: evaluated }), outputs: { loss: evaluated } },
  };
}

function stateOf(engine: TrainingEngine): State {
  return new Map(
    engine.evaluated.map(({ spec, values }) => [
      spec.name,
      { dtype: "float32", shape: spec.shape, data: values.slice() },
    ]),
  );
}

async function evaluateLoss(
  engine: TrainingEngine,
  { inputs }: EvaluationGraph,
  feeds: Tensors,
): Promise<number> {
  checkFeeds(inputs, feeds);
  const { loss } = await engine.evaluate(feeds);
  return Number(loss.data[0]);
}

function checkOptions({ steps, seed = 0, weightDecay = 0, maxGradNorm = 1, emaDecay = 0 }: FitOptions): void {
  const rules: readonly (readonly [name: string, value: number, holds: boolean, range: string])[] = [
    ["steps", steps, Number.isSafeInteger(steps) && steps > 0, "a whole number, 1 or more"],
    ["seed", seed, Number.isSafeInteger(seed) && seed >= 0, "a whole number, 0 or more"],
    ["weightDecay", weightDecay, weightDecay >= 0 && weightDecay < Infinity, "at least 0"],
    ["maxGradNorm", maxGradNorm, maxGradNorm > 0, "above 0"],
    ["emaDecay", emaDecay, emaDecay >= 0 && emaDecay < 1, "in [0, 1)"],
  ];
  for (const [name, value, holds, range] of rules) {
    if (!holds) throw optionError("fit", `${name} must be ${range}`, `it is ${value}`);
  }
}

function checkMicroBatches(count: number, accumulates: boolean): void {
  if (count === 1 || (accumulates && count > 0 && count <= MAX_MICRO_BATCHES)) return;
  const rule = accumulates
    ? `a step has 1 to ${MAX_MICRO_BATCHES} batches`
    : "a step has one batch unless accumulates is true";
  throw optionError("fit", rule, `it was given ${count}`);
}
