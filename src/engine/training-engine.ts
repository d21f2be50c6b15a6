/**
 * The machine under a training loop: one optimizer step from a batch, and outputs of the present weights.
 *
 * Weights, gradients and moments lie in one WebAssembly memory that ONNX Runtime's tensors view: the graph writes
 * gradients there, the WASM kernels clip and update there, nothing is copied between them. Runs on the thread that
 * calls it. Knows nothing of the model, of epochs, files or metrics.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, internal } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import type { ParameterSpec } from "../nn/index.ts";
import { encodeModel } from "../onnx/index.ts";
import type { AdamWState, ArenaTensor, Kernels, ParameterSlot } from "../optim/index.ts";
import { AdamW, Arena, arenaBytes, clipCoefficient, createKernels, gradientNorm } from "../optim/index.ts";
import type { Backend, RunSession, Tensors } from "../runtime/session.ts";
import type { Tensor } from "../tensor/index.ts";
import { emitModel, inputName } from "../tensor/index.ts";
import { DropoutMasks } from "./dropout-masks.ts";
import type { LossGraph, RowOutput } from "./gradient-graph.ts";
import { buildGradientGraph } from "./gradient-graph.ts";
import { disposeBoth, openBoth } from "./two-sessions.ts";

/** A graph in evaluation mode; its parameters are those of the loss, by name. */
export interface EvaluationGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

export interface EngineOptions {
  /** Traced in training mode. */
  readonly training: LossGraph;
  /** Traced in evaluation mode: what `evaluate` computes. */
  readonly evaluation: EvaluationGraph;
  readonly backend: Backend;
  /** Names the dropout masks. */
  readonly seed: number;
  readonly weightDecay: number;
  /** Gradients are scaled down to this global norm. */
  readonly maxGradNorm: number;
  /** Rows of the buffer for embedding gradients; a table of which a micro-batch reads more takes several turns. */
  readonly maxRows: number;
  /**
   * Decay of the running average of the weights that is evaluated and kept (Polyak & Juditsky 1992); 0 keeps the
   * weights themselves. An average costs one more copy of the weights.
   */
  readonly emaDecay: number;
  /** Whether a step may consist of several micro-batches; costs one more copy of the gradients. */
  readonly accumulates: boolean;
  /** Default: all cores. */
  readonly threads?: number;
}

export interface StepResult {
  /** Sum of the micro-batches' losses. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradNorm: number;
}

interface Weight extends ParameterSlot {
  readonly spec: ParameterSpec;
  /** The running average of `values`. */
  readonly average: ArenaTensor | undefined;
  /** Gradients of further micro-batches land here and are added. */
  readonly extra: ArenaTensor | undefined;
}

export class TrainingEngine {
  readonly #options: EngineOptions;
  readonly #weights: readonly Weight[];
  readonly #kernels: Kernels;
  readonly #optimizer: AdamW;
  readonly #masks: DropoutMasks;
  readonly #training: RunSession;
  readonly #evaluation: RunSession;
  readonly #rows: readonly (RowOutput & { readonly weight: Weight })[];
  readonly #dense: readonly (readonly [output: string, weight: Weight])[];
  readonly #rowScratch: ArenaTensor;
  readonly #indexScratch: ArenaTensor<Int32Array>;

  private constructor(parts: EngineParts) {
    const { options, weights, program } = parts;
    const byName = new Map(weights.map((weight) => [weight.name, weight]));
    const weightOf = (name: string): Weight => {
      const weight = byName.get(name);
      if (weight === undefined) throw internal(`no weight "${name}"`);
      return weight;
    };
    this.#options = options;
    this.#weights = weights;
    this.#kernels = parts.kernels;
    this.#optimizer = parts.optimizer;
    this.#masks = parts.masks;
    this.#training = parts.training;
    this.#evaluation = parts.evaluation;
    this.#rowScratch = parts.rowScratch;
    this.#indexScratch = parts.indexScratch;
    this.#rows = program.rows.map((row) => ({ ...row, weight: weightOf(row.parameter) }));
    this.#dense = [...program.dense].map(([name, output]) => [output, weightOf(name)] as const);
  }

  /** Traces, differentiates and loads the model. Weights are zero until `load` of each (see `parameters`). */
  static async create(options: EngineOptions): Promise<TrainingEngine> {
    const { training, evaluation, backend, maxRows } = options;
    const session = options.threads === undefined ? {} : { threads: options.threads };
    const program = buildGradientGraph(training);
    const lengths = training.parameters.map(({ shape }) => elementCount(shape));
    const widths = program.rows.map(({ parameter }) => widthOf(training.parameters, parameter));
    // values, gradient, two moments; perhaps further gradients, perhaps an average
    const copies = 4 + Number(options.accumulates) + Number(options.emaDecay > 0);
    const scratch = [maxRows * Math.max(0, ...widths), maxRows];
    const arena = new Arena(copies * arenaBytes(lengths) + arenaBytes(scratch));
    const kernels = await createKernels(arena.memory);
    const weights = training.parameters.map((spec, i): Weight => {
      const [values, gradient] = [arena.float32(lengths[i]), arena.float32(lengths[i])];
      const extra = options.accumulates ? arena.float32(lengths[i]) : undefined;
      const average = options.emaDecay > 0 ? arena.float32(lengths[i]) : undefined;
      return { spec, name: spec.name, decay: spec.decay, values, gradient, extra, average };
    });
    const parts = {
      options,
      weights,
      kernels,
      program,
      optimizer: new AdamW(kernels, arena, weights, { weightDecay: options.weightDecay }),
      masks: new DropoutMasks(training.dropouts, options.seed),
      rowScratch: arena.float32(scratch[0]),
      indexScratch: arena.int32(scratch[1]),
    };
    const [step, evaluate] = await openBoth(
      () => backend.createSession(encodeModel(program.model), session),
      () => backend.createSession(encodeModel(evaluationModel(evaluation)), session),
    );
    return new TrainingEngine({ ...parts, training: step, evaluation: evaluate });
  }

  /** Every parameter with a live view of its values: write to initialise or load, read to save. */
  get parameters(): readonly { readonly spec: ParameterSpec; readonly values: Float32Array }[] {
    return this.#weights.map(({ spec, values }) => ({ spec, values: values.array }));
  }

  /** The same of the weights that `evaluate` uses: the running average where there is one. */
  get evaluated(): readonly { readonly spec: ParameterSpec; readonly values: Float32Array }[] {
    return this.#weights.map(({ spec, values, average }) => ({ spec, values: (average ?? values).array }));
  }

  get optimizerState(): AdamWState {
    return this.#optimizer.state();
  }

  loadOptimizerState(state: AdamWState): void {
    this.#optimizer.load(state);
  }

  /**
   * One optimizer step over all micro-batches together: the feeds of each, by input name.
   *
   * @param step 0-based; names the dropout masks of this step.
   * @throws ERR_DIVERGED where the loss or the gradient is not finite, ERR_INDEX for a negative index of a table; the
   *   weights are left as they were.
   */
  async step(
    microBatches: readonly Tensors[],
    options: { readonly step: number; readonly lr: number },
  ): Promise<StepResult> {
    let loss = 0;
    for (const [i, feeds] of microBatches.entries()) loss += await this.#accumulate(feeds, options.step, i);
    const gradNorm = gradientNorm(this.#kernels, this.#weights);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw diverged(loss, gradNorm, options);
    const gradScale = clipCoefficient(gradNorm, this.#options.maxGradNorm);
    this.#optimizer.step({ lr: options.lr, gradScale });
    this.#updateAverage(options.step);
    return { loss, gradNorm };
  }

  /** The outputs of the evaluation graph with the present weights or their average. */
  evaluate(feeds: Tensors): Promise<Tensors> {
    return this.#evaluation.run({ ...feeds, ...feedsOf(this.evaluated) });
  }

  async dispose(): Promise<void> {
    await disposeBoth(this.#training, this.#evaluation);
  }

  /** Runs one micro-batch and adds its gradients to those of the step so far (`micro` 0 starts afresh). */
  async #accumulate(given: Tensors, step: number, micro: number): Promise<number> {
    const masks = await this.#masks.draw(sizesOf(this.#options.training.inputs, given), step, micro);
    const feeds: Tensors = { ...given, ...feedsOf(this.parameters), ...masks };
    const into = Object.fromEntries(this.#dense.map(([output, weight]) => [output, target(weight, micro)]));
    const results = await this.#training.run(feeds, into);
    if (micro > 0) for (const [, weight] of this.#dense) this.#addExtra(weight);
    this.#scatterRows(results, micro);
    return floats(results, "loss")[0];
  }

  #addExtra({ gradient, extra }: Weight): void {
    if (extra === undefined)
      throw internal("an engine made without accumulation was given several micro-batches");
    this.#kernels.add(gradient.byteOffset, extra.byteOffset, gradient.length);
  }

  #scatterRows(results: Tensors, micro: number): void {
    const written = new Set<Weight>(this.#dense.map(([, weight]) => weight));
    for (const { weight, rows, indices } of this.#rows) {
      if (micro === 0 && !written.has(weight)) weight.gradient.array.fill(0);
      written.add(weight);
      const { data: places } = results[indices];
      if (!(places instanceof Int32Array)) throw internal(`"${indices}" is not int32`);
      this.#addRows(weight, floats(results, rows), places);
    }
  }

  /**
   * Adds row i to row places[i] of the weight's gradient, as many at a time as the buffer holds, in order.
   *
   * @throws ERR_INDEX where a place is no row: ONNX Runtime reads negative ones from the end, and the kernel would
   *   write in front of the gradient.
   */
  #addRows({ gradient, spec }: Weight, rows: Float32Array, places: Int32Array): void {
    const [height, width] = spec.shape;
    const outside = places.find((place) => place < 0 || place >= height);
    if (outside !== undefined) throw noSuchRow(spec, outside);
    const most = this.#indexScratch.length;
    for (let start = 0; start < places.length; start += most) {
      const end = Math.min(places.length, start + most);
      this.#rowScratch.array.set(rows.subarray(start * width, end * width));
      this.#indexScratch.array.set(places.subarray(start, end));
      this.#kernels.scatterAddRows(
        gradient.byteOffset,
        this.#rowScratch.byteOffset,
        this.#indexScratch.byteOffset,
        end - start,
        width,
      );
    }
  }

  /** a += (1 - d) (w - a), with a smaller d in the first steps so that the start is soon forgotten. */
  #updateAverage(step: number): void {
    const decay = Math.min(this.#options.emaDecay, step / (step + 9));
    for (const { values, average } of this.#weights) {
      if (average !== undefined)
        this.#kernels.lerp(average.byteOffset, values.byteOffset, values.length, 1 - decay);
    }
  }
}

interface EngineParts {
  readonly options: EngineOptions;
  readonly weights: readonly Weight[];
  readonly kernels: Kernels;
  readonly program: ReturnType<typeof buildGradientGraph>;
  readonly optimizer: AdamW;
  readonly masks: DropoutMasks;
  readonly training: RunSession;
  readonly evaluation: RunSession;
  readonly rowScratch: ArenaTensor;
  readonly indexScratch: ArenaTensor<Int32Array>;
}

/** The forward graph with weights as inputs, so that it reads the live ones. */
function evaluationModel({ inputs, outputs }: EvaluationGraph) {
  return emitModel({ name: "evaluation", inputs, outputs, parameters: "inputs", dialect: "ort" });
}

/** The sizes of the named dimensions, read off what is fed. */
function sizesOf(inputs: readonly Tensor[], feeds: Tensors): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const x of inputs) {
    const given = feeds[inputName(x)];
    if (given === undefined) throw internal(`a step was not fed "${inputName(x)}"`);
    x.shape.forEach((dim, axis) => {
      if (typeof dim === "string") sizes[dim] = given.shape[axis];
    });
  }
  return sizes;
}

function widthOf(parameters: readonly ParameterSpec[], name: string): number {
  return parameters.find((spec) => spec.name === name)?.shape[1] ?? 0;
}

function feedsOf(weights: TrainingEngine["parameters"]): Tensors {
  return Object.fromEntries(weights.map(({ spec, values }) => [spec.name, view(spec, values)]));
}

function view(spec: ParameterSpec, data: Float32Array): HostTensor {
  return { dtype: "float32", shape: spec.shape, data };
}

function target({ spec, gradient, extra }: Weight, micro: number): HostTensor {
  return view(spec, (micro === 0 ? gradient : (extra ?? gradient)).array);
}

function floats(results: Tensors, name: string): Float32Array {
  const { data } = results[name];
  if (!(data instanceof Float32Array)) throw internal(`"${name}" is ${results[name].dtype}, not float32`);
  return data;
}

function noSuchRow({ name, shape }: ParameterSpec, found: number): AttuneError {
  return new AttuneError("ERR_INDEX", {
    rule: `the places in a table must be 0 to ${shape[0] - 1}`,
    found: `found ${found} in "${name}"`,
    next: "look for a token or a place below 0",
  });
}

function diverged(
  loss: number,
  gradNorm: number,
  { step, lr }: { readonly step: number; readonly lr: number },
): AttuneError {
  return new AttuneError("ERR_DIVERGED", {
    rule: "loss and gradient must stay finite",
    found: `step ${step + 1} has loss ${loss} and gradient norm ${gradNorm} at a learning rate of ${lr}`,
    next: "start again with a learning rate three to ten times smaller, or a longer warm-up",
  });
}
