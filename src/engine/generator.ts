/**
 * Writing with an encoder-decoder: reads the sources once, then runs one small graph a token, with cached keys and
 * values (nn/decoding-cache.ts).
 *
 * Two graphs are traced from the model's own functions: "read" works out the memory's keys and values, "step" takes
 * one token a row. Choosing tokens is decoding.ts. Runs on the thread that calls it.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, internal } from "../base/errors.ts";
import type { ParameterSpec, State } from "../nn/index.ts";
import { DecodingCache, Scope } from "../nn/index.ts";
import { checkState } from "../nn/module.ts";
import { encodeModel } from "../onnx/index.ts";
import type { Backend, RunSession, Tensors } from "../runtime/session.ts";
import type { Tensor } from "../tensor/index.ts";
import { emitModel, input, inputName } from "../tensor/index.ts";
import type { DecodingOptions, Generated } from "./decoding.ts";
import { checkDecodingOptions, decodeTokens, rowsEach } from "./decoding.ts";
import { checkFeeds, checkFilled, graphInputs } from "./evaluate.ts";
import { disposeBoth, openBoth } from "./two-sessions.ts";

/** An encoder-decoder as two functions of one scope. Inputs of the graph are made by `input()`, with batch axis "b". */
export interface Seq2SeqModel {
  /** The memory, [m, b, d]. */
  readonly encode: (scope: Scope) => Tensor;
  /**
   * Logits [t, b, v] of the token after each of `tokens`, int32 [t, b]. While generating t is 1: pass the cache on to
   * `transformerDecoder` and its `positions` to the embedding of positions.
   */
  readonly decode: (scope: Scope, tokens: Tensor, memory: Tensor, cache?: DecodingCache) => Tensor;
}

export interface GeneratorOptions {
  /** Values of the model's parameters by path: all that its two functions declare, and no others. */
  readonly state: State;
  readonly backend: Backend;
  /** Default: all cores. */
  readonly threads?: number;
}

export class Generator {
  readonly #read: RunSession;
  readonly #step: RunSession;
  readonly #graphs: Graphs;

  private constructor(read: RunSession, step: RunSession, graphs: Graphs) {
    this.#read = read;
    this.#step = step;
    this.#graphs = graphs;
  }

  /**
   * Traces the model and loads both graphs.
   *
   * @throws ERR_GENERATOR where `decode` uses no cache, gives other than logits, or no source has a batch axis "b";
   *   ERR_STATE where a value is missing, unexpected or of another shape.
   */
  static async create(model: Seq2SeqModel, options: GeneratorOptions): Promise<Generator> {
    const { backend, state } = options;
    const graphs = traceGraphs(model);
    checkState("Generator", graphs.parameters, state);
    const open = (name: "read" | "step") =>
      backend.createSession(
        encodeModel(
          emitModel({
            name,
            inputs: graphs[name].inputs,
            outputs: graphs[name].outputs,
            parameters: state,
            dialect: "ort",
          }),
        ),
        options.threads === undefined ? {} : { threads: options.threads },
      );
    const [read, step] = await openBoth(
      () => open("read"),
      () => open("step"),
    );
    return new Generator(read, step, graphs);
  }

  /**
   * One continuation for each source of the batch.
   *
   * @param sources values of the inputs that `encode` and `decode` read, by name.
   * @throws ERR_OPTION, ERR_OPTION_UNUSED; ERR_FEED where a source is missing, unknown, empty or of another type or shape;
   *   ERR_DISPOSED; ERR_RUN, for example where there are fewer positions than tokens.
   */
  async generate(sources: Tensors, options: DecodingOptions): Promise<readonly Generated[]> {
    const { read, step, caches, sources: expected } = this.#graphs;
    checkDecodingOptions(options);
    checkFeeds(expected, sources);
    checkFilled(sources);
    const batch = this.#batchOf(sources);
    const rows = batch * rowsEach(options);
    const feeds = repeated(sources, [...read.inputs, ...step.inputs], rowsEach(options));
    const memory = await this.#read.run(pick(feeds, read.inputs));
    let past: Tensors = Object.fromEntries(caches.map(({ name, width }) => [name, empty(rows, width)]));
    let place = 0;
    const advance = async (tokens: Int32Array, parents: Int32Array): Promise<Float32Array> => {
      past = Object.fromEntries(Object.entries(past).map(([name, x]) => [name, takeRows(x, parents)]));
      const results = await this.#step.run(
        pick(
          {
            ...feeds,
            ...memory,
            ...past,
            [TOKENS]: { dtype: "int32", shape: [1, rows], data: tokens },
            positions: { dtype: "int32", shape: [1], data: Int32Array.of(place) },
          },
          step.inputs,
        ),
      );
      past = Object.fromEntries(caches.map(({ name, present }) => [name, results[present]]));
      place += 1;
      const { data } = results.logits;
      if (!(data instanceof Float32Array)) throw internal(`logits are ${results.logits.dtype}`);
      return data;
    };
    return decodeTokens(advance, batch, options);
  }

  async dispose(): Promise<void> {
    await disposeBoth(this.#read, this.#step);
  }

  #batchOf(sources: Tensors): number {
    const batched = this.#graphs.sources.find(hasBatch);
    if (batched === undefined) throw internal("no source has a batch axis");
    return sources[inputName(batched)].shape[batched.shape.indexOf("b")];
  }
}

const TOKENS = "tokens";

interface Graph {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface Graphs {
  readonly read: Graph;
  readonly step: Graph;
  readonly parameters: readonly ParameterSpec[];
  /** The inputs that a caller feeds. */
  readonly sources: readonly Tensor[];
  /** What is carried from step to step: the input `name` takes what the output `present` was. */
  readonly caches: readonly { readonly name: string; readonly present: string; readonly width: number }[];
}

function traceGraphs({ encode, decode }: Seq2SeqModel): Graphs {
  const scope = Scope.root({ training: false });
  const cache = new DecodingCache();
  const memory = encode(scope);
  const tokens = input(TOKENS, "int32", [1, "b"]);
  const logits = decode(scope, tokens, memory, cache);
  if (cache.present.length === 0)
    throw refusal("decode must give the cache to transformerDecoder", "it is not used");
  if (logits.rank !== 3 || logits.shape[0] !== 1 || logits.shape[1] !== "b" || logits.dtype !== "float32")
    throw refusal(
      "decode must give logits, float32 [1, b, v] for tokens [1, b]",
      `found ${logits.toString()}`,
    );
  const read = Object.fromEntries(cache.memory.map(({ name, output }) => [name, output]));
  const caches = cache.present.map(({ name, input: past }) => ({
    name,
    present: `present:${name}`,
    width: Number(past.shape[2]),
  }));
  const present = Object.fromEntries(cache.present.map(({ name, output }) => [`present:${name}`, output]));
  const step = { logits, ...present };
  const own = new Set([
    tokens,
    cache.positions,
    ...[...cache.present, ...cache.memory].map((entry) => entry.input),
  ]);
  const sources = graphInputs({ ...read, ...step }).filter((x) => !own.has(x));
  if (!sources.some(hasBatch))
    throw refusal('a source must have the batch axis "b"', `found ${sources.join(", ") || "none"}`);
  return {
    read: { inputs: graphInputs(read), outputs: read },
    step: { inputs: graphInputs(step), outputs: step },
    parameters: scope.parameters,
    sources,
    caches,
  };
}

function hasBatch({ shape }: Tensor): boolean {
  return shape.includes("b");
}

function refusal(rule: string, found: string): AttuneError {
  return new AttuneError("ERR_GENERATOR", { rule: `generation: ${rule}`, found, next: "see Seq2SeqModel" });
}

function pick(feeds: Tensors, inputs: readonly Tensor[]): Tensors {
  return Object.fromEntries(inputs.map((x) => [inputName(x), feeds[inputName(x)]]));
}

function empty(rows: number, width: number): HostTensor<"float32"> {
  return { dtype: "float32", shape: [0, rows, width], data: new Float32Array(0) };
}

/** Every row of the batch axis `times` times, one after the other. */
function repeated(feeds: Tensors, inputs: readonly Tensor[], times: number): Tensors {
  if (times === 1) return feeds;
  return Object.fromEntries(
    Object.entries(feeds).map(([name, x]) => {
      const axis = inputs.find((one) => inputName(one) === name)?.shape.indexOf("b") ?? -1;
      if (axis < 0) return [name, x];
      const rows = Int32Array.from({ length: x.shape[axis] * times }, (_, i) => Math.floor(i / times));
      return [name, takeRows(x, rows, axis)];
    }),
  );
}

/** x with its `axis` (1: the batch of a cache) made of the given rows. */
function takeRows(x: HostTensor, rows: Int32Array, axis = 1): HostTensor {
  if (rows.length === x.shape[axis] && rows.every((row, i) => row === i)) return x;
  const inner = x.shape.slice(axis + 1).reduce((n, dim) => n * dim, 1);
  const outer = x.shape.slice(0, axis).reduce((n, dim) => n * dim, 1);
  const shape = x.shape.map((dim, i) => (i === axis ? rows.length : dim));
  const take = <T extends HostTensor["data"]>(from: T, to: T): T => {
    for (let o = 0; o < outer; o++) {
      rows.forEach((row, i) => {
        const start = (o * x.shape[axis] + row) * inner;
        for (let k = 0; k < inner; k++) to[(o * rows.length + i) * inner + k] = from[start + k];
      });
    }
    return to;
  };
  const count = outer * rows.length * inner;
  if (x.data instanceof Float32Array)
    return { dtype: "float32", shape, data: take(x.data, new Float32Array(count)) };
  if (x.data instanceof Int32Array)
    return { dtype: "int32", shape, data: take(x.data, new Int32Array(count)) };
  if (x.data instanceof BigInt64Array)
    return { dtype: "int64", shape, data: take(x.data, new BigInt64Array(count)) };
  if (x.dtype === "bool" && x.data instanceof Uint8Array)
    return { dtype: "bool", shape, data: take(x.data, new Uint8Array(count)) };
  throw internal(`a source of ${x.dtype} cannot be repeated`);
}
