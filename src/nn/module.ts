/**
 * Modules: layers that can be called at once, with weights of their own.
 *
 *     const layer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
 *     const y = layer(x);
 *
 * A layer is a function from a scope and inputs to outputs (layers.ts, encoder.ts, ...). A module is such a function
 * with its options, a scope and values for its parameters bound to it: what PyTorch calls `nn.Module`. Calling it
 * records a graph in evaluation mode; nothing is computed until `evaluate` (engine/evaluate.ts). `build` puts the same
 * layer into a larger model, or a training graph, under another scope.
 *
 * Values are made when first asked for, from the seed and the parameter's path. This is the one place of nn/ that
 * holds numbers.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, nearest } from "../base/errors.ts";
import { elementCount, formatShape, sameShape } from "../base/shape.ts";
import { initialize } from "./initialize.ts";
import { requireSeed } from "./option-checks.ts";
import type { Tensor } from "../tensor/index.ts";
import type { DropoutSite, ParameterSpec } from "./scope.ts";
import { Scope } from "./scope.ts";

/** Parameters by path, as in a checkpoint and PyTorch's `state_dict()`. */
export type State = ReadonlyMap<string, HostTensor<"float32">>;

export interface Module<Options extends object, Inputs extends readonly unknown[], Output> {
  /** Records the layer in evaluation mode: dropout does nothing. */
  (...inputs: Inputs): Output;
  /** Every option, defaults filled in. */
  readonly options: Options;
  /** The same layer under a scope of a larger model; its parameters are then that model's. */
  readonly build: (scope: Scope, ...inputs: Inputs) => Output;
  /** Records the layer and keeps what it shows on the way. */
  readonly trace: (inputs: Inputs, options?: TraceOptions) => Trace<Output>;
  /** A call on symbolic inputs that fit, with named dimensions: what printing and export take. */
  readonly example: () => Trace<Output>;
  /** Every parameter, in order of declaration. */
  readonly parameters: readonly ParameterSpec[];
  /** The present values of all parameters; the arrays are live. */
  readonly state: () => State;
  /**
   * Takes values by path, all of them.
   *
   * @throws ERR_STATE naming what is missing, unexpected or of another shape; then nothing was taken.
   */
  readonly load: (state: State) => void;
}

export interface TraceOptions {
  /** Dropout acts; its masks become inputs of the graph (see `dropouts`). Default false. */
  readonly training?: boolean;
}

/** A recorded call with everything on the way. */
export interface Trace<Output> {
  readonly output: Output;
  /** What layers showed, by path: "self_attn.scores", "norm1.before", ... */
  readonly steps: ReadonlyMap<string, Tensor>;
  /** Where dropout acts; empty unless training. */
  readonly dropouts: readonly DropoutSite[];
}

/** A module's class: what `new` is written before. */
export type ModuleClass<
  Arguments extends readonly unknown[],
  Options extends object,
  Inputs extends readonly unknown[],
  Output,
> = new (...args: Arguments) => Module<Options, Inputs, Output>;

export interface ModuleDefinition<
  Arguments extends readonly unknown[],
  Options extends object,
  Inputs extends readonly unknown[],
  Output,
> {
  /** As in PyTorch, where there is such a module. */
  readonly name: string;
  /** Fills in defaults and checks what can be checked without inputs. */
  readonly resolve: (...args: Arguments) => Options;
  /** Symbolic inputs that fit. */
  readonly example: (options: Options) => Inputs;
  readonly build: (scope: Scope, options: Options, ...inputs: Inputs) => Output;
}

/** Options that every module takes beside its own. */
export interface Seeded {
  /** Seed of the first values. Default 0. */
  readonly seed?: number;
}

/**
 * Makes a module class of a layer function.
 *
 * @example
 * const Twice = defineModule({
 *   name: "Twice",
 *   resolve: (options: { width: number }) => options,
 *   example: ({ width }): [x: Tensor] => [input("x", "float32", ["n", width])],
 *   build: (scope, { width }, x: Tensor) => linear(scope.at("second"), linear(scope.at("first"), x, { outFeatures: width }), { outFeatures: width }),
 * });
 * const y = new Twice({ width: 8 })(randn([3, 8]));
 */
export function defineModule<
  Arguments extends readonly unknown[],
  Options extends object,
  Inputs extends readonly unknown[],
  Output,
>(
  definition: ModuleDefinition<Arguments, Options, Inputs, Output>,
): ModuleClass<Arguments, Options, Inputs, Output> {
  class Made {
    constructor(...args: Arguments) {
      return makeModule(definition, definition.resolve(...args));
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a constructor that returns an object gives that object
  return Made as ModuleClass<Arguments, Options, Inputs, Output>;
}

function makeModule<
  Arguments extends readonly unknown[],
  Options extends object,
  Inputs extends readonly unknown[],
  Output,
>(
  { name, build, example }: ModuleDefinition<Arguments, Options, Inputs, Output>,
  options: Options,
): Module<Options, Inputs, Output> {
  const values = new Map<string, HostTensor<"float32">>();
  const root = Scope.root({ training: false, name, values: (path) => valueOf(path) });
  const seed = "seed" in options && typeof options.seed === "number" ? options.seed : 0;
  requireSeed(name, seed);
  build(root, options, ...example(options)); // declares the parameters
  const specs = new Map(root.parameters.map((spec) => [spec.name, spec]));
  const valueOf = (path: string): HostTensor<"float32"> => {
    const known = values.get(path);
    if (known !== undefined) return known;
    const spec = specs.get(path) ?? root.parameters.find((parameter) => parameter.name === path);
    if (spec === undefined) throw unknownParameter(path, [...specs.keys()]);
    const data = new Float32Array(elementCount(spec.shape));
    initialize(spec, seed, data);
    const value = { dtype: "float32", shape: spec.shape, data } as const;
    values.set(path, value);
    return value;
  };
  const trace = (inputs: Inputs, { training = false }: TraceOptions = {}): Trace<Output> => {
    const steps = new Map<string, Tensor>();
    const scope = root.retrace({ training });
    const output = build(scope.recordingInto(steps), options, ...inputs);
    return { output, steps, dropouts: scope.dropouts };
  };
  const call = (...inputs: Inputs): Output => build(root, options, ...inputs);
  Object.defineProperty(call, "name", { value: name });
  return Object.assign(call, {
    options,
    build: (scope: Scope, ...inputs: Inputs) => build(scope, options, ...inputs),
    trace,
    example: () => trace(example(options)),
    parameters: root.parameters,
    state: () => new Map(root.parameters.map((spec) => [spec.name, valueOf(spec.name)])),
    load: (state: State) => {
      checkState(name, root.parameters, state);
      for (const spec of root.parameters) {
        const given = state.get(spec.name);
        if (given !== undefined) valueOf(spec.name).data.set(given.data);
      }
    },
  });
}

/** @throws ERR_STATE unless `state` has a value for each of the parameters, of its shape, and no others. */
export function checkState(module: string, specs: readonly ParameterSpec[], state: State): void {
  const faults = specs.flatMap(({ name, shape }) => {
    const given = state.get(name);
    if (given === undefined) return [`${name} is missing`];
    const { dtype, data } = given;
    if (!sameShape(given.shape, shape) || dtype !== "float32" || !(data instanceof Float32Array))
      return [`${name} is ${dtype}${formatShape(given.shape)}, not float32${formatShape(shape)}`];
    const count = elementCount(shape);
    return data.length === count ? [] : [`${name} has ${data.length} values, not ${count}`];
  });
  const known = new Set(specs.map(({ name }) => name));
  faults.push(...[...state.keys()].filter((name) => !known.has(name)).map((name) => `${name} is unexpected`));
  if (faults.length === 0) return;
  throw new AttuneError("ERR_STATE", {
    rule: `${module} takes a value for each of its ${specs.length} parameters, of its shape, and no others`,
    found: `${faults.slice(0, 5).join("; ")}${faults.length > 5 ? `; and ${faults.length - 5} more` : ""}`,
    next: "load the state of a module with the same options",
  });
}

function unknownParameter(path: string, known: readonly string[]): AttuneError {
  const hint = nearest(path, known);
  return new AttuneError("ERR_STATE", {
    rule: "a parameter must be declared when the module is made",
    found: `"${path}" is not`,
    next: hint === undefined ? "declare it in build for every input" : `did you mean "${hint}"?`,
  });
}
