/**
 * Our session over an `InferenceSession` of either ONNX Runtime package; their APIs are one (onnxruntime-common).
 *
 * Both packages run on the calling thread: use `worker-session.ts` where an event loop must stay responsive.
 */
import type {
  InferenceSession,
  InferenceSessionFactory,
  Tensor as OrtTensor,
  TensorConstructor,
} from "onnxruntime-common";
import type { DType, HostArray, HostTensor } from "../base/dtype.ts";
import { bytesPerElement } from "../base/dtype.ts";
import { AttuneError, internal } from "../base/errors.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import type { DeviceName, RunSession, SessionOptions, Tensors } from "./session.ts";
import { disposedError } from "./session.ts";

/** What both packages export. */
export interface OrtModule {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

export interface OrtTraits {
  readonly device: DeviceName;
  /** Whether the runtime writes into preallocated outputs; the WASM build leaves them untouched. */
  readonly writesOutputsInPlace: boolean;
  /** Threads of a session that names none. */
  readonly threads: number;
}

/** Loads a model into a session of `ort`. */
export async function createOrtSession(
  ort: OrtModule,
  traits: OrtTraits,
  model: Uint8Array,
  options: SessionOptions = {},
): Promise<RunSession> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [traits.device === "native" ? "cpu" : "wasm"],
    intraOpNumThreads: options.threads ?? traits.threads,
    logSeverityLevel: 3,
    ...(options.optimize === false ? { graphOptimizationLevel: "disabled" as const } : {}),
  }).catch((cause: unknown) => {
    throw new AttuneError("ERR_SESSION", {
      rule: "ONNX Runtime must accept the graph",
      found: cause instanceof Error ? cause.message : String(cause),
      next: "run `attune doctor` to see which runtime is in use",
      cause,
    });
  });
  return new OrtSession(ort, traits, session);
}

class OrtSession implements RunSession {
  readonly device: DeviceName;
  readonly #ort: OrtModule;
  readonly #traits: OrtTraits;
  readonly #session: InferenceSession;
  #disposed = false;

  constructor(ort: OrtModule, traits: OrtTraits, session: InferenceSession) {
    this.device = traits.device;
    this.#ort = ort;
    this.#traits = traits;
    this.#session = session;
  }

  async run(feeds: Tensors, into: Tensors = {}): Promise<Tensors> {
    if (this.#disposed) throw disposedError();
    const inPlace = this.#traits.writesOutputsInPlace;
    for (const name of Object.keys(into)) {
      if (!this.#session.outputNames.includes(name)) throw internal(`the graph has no output "${name}"`);
    }
    const fetches = Object.fromEntries(
      this.#session.outputNames.map((name) => [
        name,
        inPlace && name in into ? this.#toOrt(into[name]) : null,
      ]),
    );
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name, this.#toOrt(tensor)]),
    );
    const results = await this.#session.run(inputs, fetches).catch((cause: unknown) => {
      throw new AttuneError("ERR_RUN", {
        rule: "ONNX Runtime must be able to compute the graph from what it was fed",
        found: cause instanceof Error ? cause.message : String(cause),
        next: "look for sizes that do not fit, and for a token, a label or a place beyond the end of its table",
        cause,
      });
    });
    return Object.fromEntries(
      this.#session.outputNames.map((name) => {
        if (!(name in into)) return [name, toHost(name, results[name])];
        if (!inPlace) copyInto(into[name], toHost(name, results[name]));
        return [name, into[name]];
      }),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#session.release();
  }

  #toOrt(tensor: HostTensor): OrtTensor {
    const { Tensor } = this.#ort;
    return new Tensor(tensor.dtype, tensor.data, tensor.shape);
  }
}

function toHost(name: string, tensor: OrtTensor): HostTensor {
  const { type, data, dims } = tensor;
  if (!isDType(type) || !isHostArray(data)) throw internal(`output "${name}" has element type ${type}`);
  return { dtype: type, shape: dims, data };
}

function isDType(type: string): type is DType {
  return type in bytesPerElement;
}

function isHostArray(data: OrtTensor["data"]): data is HostArray {
  return ArrayBuffer.isView(data);
}

function copyInto(target: HostTensor, source: HostTensor): void {
  if (target.dtype !== source.dtype || !sameShape(target.shape, source.shape)) {
    const [from, to] = [source, target].map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`);
    throw internal(`an output of ${from} cannot be written into ${to}`);
  }
  bytesOf(target).set(bytesOf(source));
}

function bytesOf({ data }: HostTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
