/** Runs symbolic tensors in tests: emits the graph of some outputs, loads it and feeds it once. */
import type { HostTensor } from "../src/base/dtype.ts";
import { encodeModel } from "../src/onnx/index.ts";
import type { Backend, Tensors } from "../src/runtime/index.ts";
import { loadBackend } from "../src/runtime/index.ts";
import type { Dialect, Tensor } from "../src/tensor/index.ts";
import { emitModel } from "../src/tensor/index.ts";

export interface ComputeOptions {
  /** Default "ort". */
  readonly dialect?: Dialect;
  /** Default: the native runtime where it is installed, else WASM. */
  readonly backend?: Backend;
}

/** The values of `outputs`, given those of every input and parameter that they need. */
export async function compute(
  outputs: Readonly<Record<string, Tensor>>,
  values: ReadonlyMap<Tensor, HostTensor>,
  { dialect = "ort", backend }: ComputeOptions = {},
): Promise<Tensors> {
  const inputs = [...values.keys()].filter(({ source }) => source.kind === "input");
  const model = emitModel({ name: "test", inputs, outputs, parameters: "inputs", dialect });
  const session = await (backend ?? (await loadBackend())).createSession(encodeModel(model), { threads: 1 });
  try {
    return await session.run(
      Object.fromEntries([...values].map(([tensor, value]) => [nameOf(tensor), value])),
    );
  } finally {
    await session.dispose();
  }
}

/** The numbers of a float32, int32 or bool tensor. */
export function numbers({ data, dtype }: HostTensor): Float32Array | Int32Array | Uint8Array {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  throw new Error(`expected float32, int32 or bool, found ${dtype}`);
}

function nameOf({ source }: Tensor): string {
  if (source.kind === "input" || source.kind === "parameter") return source.name;
  throw new Error(`a ${source.kind} is not fed`);
}
