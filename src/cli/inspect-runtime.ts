/** Which ONNX Runtime loads here, whether it multiplies rightly, and how fast. */
import type { HostTensor } from "../base/dtype.ts";
import { encodeModel } from "../onnx/index.ts";
import { type DeviceName, loadBackend, type RunSession } from "../runtime/index.ts";
import { emitModel, gemm, input } from "../tensor/index.ts";
import { describe } from "./outcome.ts";

/** A runtime that works, or why it does not. */
export type RuntimeCheck =
  | { readonly device: DeviceName; readonly version: string; readonly productMs: number }
  | { readonly device: DeviceName; readonly error: string };

/** Rows and columns of the matrices that are multiplied. */
export const PRODUCT_SIZE = 512;

const RUNS = 7;

/** Loads a runtime and times a product of two square float32 matrices in it, the median of 7. Never throws. */
export async function inspectRuntime(device: DeviceName): Promise<RuntimeCheck> {
  try {
    const backend = await loadBackend(device);
    const session = await backend.createSession(encodeModel(productModel()));
    try {
      return { device, version: backend.version, productMs: await timeProduct(session) };
    } finally {
      await session.dispose();
    }
  } catch (error) {
    return { device, error: describe(error).message };
  }
}

/** y = a b */
function productModel() {
  const shape = [PRODUCT_SIZE, PRODUCT_SIZE];
  const [a, b] = ["a", "b"].map((name) => input(name, "float32", shape));
  return emitModel({
    name: "product",
    inputs: [a, b],
    outputs: { y: gemm(a, b) },
    parameters: "inputs",
    dialect: "onnx",
  });
}

async function timeProduct(session: RunSession): Promise<number> {
  const feeds = { a: matrix((row) => row % 7), b: matrix(() => 1) };
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    const { y } = await session.run(feeds);
    times.push(performance.now() - start);
    // whole numbers this small are exact in float32
    if (!y.data.every((value, i) => value === PRODUCT_SIZE * (Math.floor(i / PRODUCT_SIZE) % 7))) {
      throw new Error("it loads, but multiplies wrongly");
    }
  }
  return times.sort((a, b) => a - b)[RUNS >> 1];
}

function matrix(value: (row: number) => number): HostTensor<"float32"> {
  const data = Float32Array.from({ length: PRODUCT_SIZE ** 2 }, (_, i) =>
    value(Math.floor(i / PRODUCT_SIZE)),
  );
  return { dtype: "float32", shape: [PRODUCT_SIZE, PRODUCT_SIZE], data };
}
