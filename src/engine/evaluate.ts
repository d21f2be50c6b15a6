/**
 * Eager use: the numbers of symbolic tensors.
 *
 *     const y = await evaluate(layer(x));
 *
 * Emits what the tensors depend on as one graph, with constants and the modules' weights inside, runs it once and
 * forgets it. For many runs of one graph make a session of it (`compile`). Does not choose a runtime: that is given.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";
import { elementCount, formatShape } from "../base/shape.ts";
import { encodeModel } from "../onnx/index.ts";
import type { Backend, RunSession, Tensors } from "../runtime/session.ts";
import { emitModel, inputName, Tensor, topologicalOrder } from "../tensor/index.ts";

export interface EvaluateOptions {
  /** Values of the graph's inputs (`input()`) by name. */
  readonly feeds?: Tensors;
  /** Default: all cores. */
  readonly threads?: number;
}

/** Goes before the names of outputs inside the graph. */
const RESULT = "result:";

/** A graph that is loaded once and run often. */
export interface Compiled {
  /** The outputs' values. @throws ERR_FEED where an input is missing, unknown or of another type or shape. */
  readonly run: (feeds?: Tensors) => Promise<Tensors>;
  /** Frees its memory. */
  readonly dispose: () => Promise<void>;
}

/**
 * The value of one tensor, or of each of several by name.
 *
 * @throws what `compile` throws, and ERR_FEED where an input is missing, unknown or of another type or shape.
 * @example
 * const layer = new Linear({ inFeatures: 2, outFeatures: 1 });
 * const { shape, data } = await evaluate(layer(tensor([[3, 4]]))); // [1, 1]
 */
export interface Evaluate {
  (tensor: Tensor, options?: EvaluateOptions): Promise<HostTensor>;
  <K extends string>(
    tensors: Readonly<Record<K, Tensor>>,
    options?: EvaluateOptions,
  ): Promise<Readonly<Record<K, HostTensor>>>;
}

/** `evaluate` on the runtime that `loadBackend` finds when it is first needed. */
export function evaluateWith(loadBackend: () => Promise<Backend>): Evaluate {
  async function evaluate(
    tensors: Tensor | Readonly<Record<string, Tensor>>,
    { feeds = {}, ...options }: EvaluateOptions = {},
  ): Promise<HostTensor | Tensors> {
    const outputs = tensors instanceof Tensor ? { value: tensors } : tensors;
    const compiled = await compile(outputs, await loadBackend(), options);
    try {
      const results = await compiled.run(feeds);
      return tensors instanceof Tensor ? results.value : results;
    } finally {
      await compiled.dispose();
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one tensor gives one value, a record a record
  return evaluate as Evaluate;
}

/**
 * Loads the graph of `outputs` into a session. Weights are those that their modules hold now; later changes are not
 * seen.
 *
 * @throws ERR_NOTHING_TO_EVALUATE; ERR_INPUT_NAME where two inputs have one name; ERR_SHAPE for a named size that no
 *   input has; ERR_PARAMETER_MISSING for a parameter that belongs to no module.
 * @example
 * const layer = new Linear({ inFeatures: 2, outFeatures: 1 });
 * const compiled = await compile({ y: layer(input("x", "float32", ["n", 2])) }, await loadBackend());
 * const { y } = await compiled.run({ x: { dtype: "float32", shape: [1, 2], data: Float32Array.of(3, 4) } });
 * await compiled.dispose();
 */
export async function compile(
  outputs: Readonly<Record<string, Tensor>>,
  backend: Backend,
  options: { readonly threads?: number } = {},
): Promise<Compiled> {
  if (!Object.values(outputs).some((x) => x instanceof Tensor)) throw nothingToEvaluate();
  const inputs = graphInputs(outputs);
  // a caller may name outputs as parameters are named (their gradients, say), which a graph may not
  const wanted = Object.entries(outputs).map(([name, x]) => [`${RESULT}${name}`, x] as const);
  const model = emitModel({
    name: "evaluate",
    inputs,
    outputs: Object.fromEntries(wanted),
    parameters: "own",
    dialect: "ort",
  });
  const session = await backend.createSession(encodeModel(model), {
    ...options,
    optimize: inputs.length > 0, // without inputs, folding constants would compute the whole graph at load
  });
  return { run: (feeds = {}) => checkedRun(session, inputs, feeds), dispose: () => session.dispose() };
}

/** The `input()` tensors that some outputs depend on. @throws ERR_INPUT_NAME where two have one name. */
export function graphInputs(outputs: Readonly<Record<string, Tensor>>): readonly Tensor[] {
  const inputs = topologicalOrder(Object.values(outputs)).filter(({ source }) => source.kind === "input");
  const seen = new Map<string, Tensor>();
  for (const x of inputs) {
    const name = inputName(x);
    const other = seen.get(name);
    if (other !== undefined) {
      throw new AttuneError("ERR_INPUT_NAME", {
        rule: "the inputs of a graph must have a name each",
        found: `two are called "${name}", ${other.toString()} and ${x.toString()}`,
        next: "make it once with input() and use that tensor in both places, or give one another name",
      });
    }
    seen.set(name, x);
  }
  return inputs;
}

/** @throws ERR_FEED unless `feeds` are the inputs by name, and a named dimension has one size in all of them. */
export function checkFeeds(inputs: readonly Tensor[], feeds: Tensors): void {
  const names = new Map(inputs.map((x) => [inputName(x), x]));
  for (const [name, x] of names) checkFeed(name, x, feeds[name]);
  const unknown = Object.keys(feeds).find((name) => !names.has(name));
  if (unknown !== undefined)
    throw feedError(`the graph has no input "${unknown}"`, `it has ${[...names.keys()].join(", ")}`);
  checkSizes(names, feeds);
}

/** @throws ERR_FEED where one of the feeds is empty: there is no batch of nothing. */
export function checkFilled(feeds: Tensors): void {
  for (const [name, { shape }] of Object.entries(feeds)) {
    if (shape.includes(0))
      throw feedError(
        `"${name}" has shape ${formatShape(shape)}, and nothing is in it`,
        "pass sizes of 1 or more",
      );
  }
}

async function checkedRun(session: RunSession, inputs: readonly Tensor[], feeds: Tensors): Promise<Tensors> {
  checkFeeds(inputs, feeds);
  const results = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name.slice(RESULT.length), value]),
  );
}

function checkFeed(name: string, expected: Tensor, given: HostTensor | undefined): void {
  if (given === undefined) throw feedError(`no value for "${name}"`, `pass one, ${expected.toString()}`);
  const fits =
    given.dtype === expected.dtype &&
    given.shape.length === expected.rank &&
    given.shape.every((dim, i) => typeof expected.shape[i] === "string" || dim === expected.shape[i]);
  if (fits && given.data.length !== elementCount(given.shape)) {
    const found = `"${name}" has ${given.data.length} values, and its shape is ${formatShape(given.shape)}`;
    throw feedError(found, "pass as many values as the shape says");
  }
  if (!fits) {
    const found = `"${name}" is ${given.dtype}${formatShape(given.shape)}, not ${expected.toString()}`;
    throw feedError(found, "pass a value of that type and shape");
  }
}

function checkSizes(inputs: ReadonlyMap<string, Tensor>, feeds: Tensors): void {
  const seen = new Map<string, { readonly size: number; readonly name: string }>();
  for (const [name, { shape }] of inputs) {
    shape.forEach((dim, axis) => {
      if (typeof dim === "number") return;
      const size = feeds[name].shape[axis];
      const first = seen.get(dim) ?? { size, name };
      seen.set(dim, first);
      if (first.size !== size)
        throw feedError(
          `"${dim}" is ${first.size} in "${first.name}" and ${size} in "${name}"`,
          "make them equal",
        );
    });
  }
}

function nothingToEvaluate(): AttuneError {
  return new AttuneError("ERR_NOTHING_TO_EVALUATE", {
    rule: "evaluate takes a tensor, or tensors by name",
    found: "no tensor",
    next: "pass layer(x)",
  });
}

function feedError(found: string, next: string): AttuneError {
  return new AttuneError("ERR_FEED", {
    rule: "a graph is fed each of its inputs and nothing else",
    found,
    next,
  });
}
