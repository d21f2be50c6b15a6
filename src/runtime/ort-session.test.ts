import { describe, expect, it } from "vitest";
import { backendOrSkip } from "../../test/runtimes.ts";
import type { HostTensor } from "../base/dtype.ts";
import { encodeModel } from "../onnx/index.ts";
import { add, cast, emitModel, input, mul, scalar } from "../tensor/index.ts";
import type { RunSession } from "./session.ts";

const x = input("x", "float32", ["b", 3]);
const model = encodeModel(
  emitModel({
    name: "arithmetic",
    inputs: [x],
    outputs: { double: add(x, x), square: mul(x, x), whole: cast(x, "int64"), half: mul(x, scalar(0.5)) },
    parameters: "inputs",
    dialect: "ort",
  }),
);

const float32 = (...values: number[]): HostTensor => ({
  dtype: "float32",
  shape: [values.length / 3, 3],
  data: Float32Array.from(values),
});
const int64 = (...values: bigint[]): HostTensor => ({
  dtype: "int64",
  shape: [values.length / 3, 3],
  data: BigInt64Array.from(values),
});

describe.each(["native", "wasm"] as const)("a session on %s", (device) => {
  async function opened<T>(
    context: Parameters<typeof backendOrSkip>[0],
    use: (session: RunSession) => Promise<T>,
  ): Promise<T> {
    const session = await (await backendOrSkip(context, device)).createSession(model, { threads: 1 });
    try {
      return await use(session);
    } finally {
      await session.dispose();
    }
  }

  it("gives every output by name, run after run, at any batch size", async (context) => {
    await opened(context, async (session) => {
      expect(await session.run({ x: float32(1, 2, 3) })).toEqual({
        double: float32(2, 4, 6),
        square: float32(1, 4, 9),
        whole: int64(1n, 2n, 3n),
        half: float32(0.5, 1, 1.5),
      });
      const { square } = await session.run({ x: float32(1, 2, 3, 4, 5, 6) });
      expect(square).toEqual(float32(1, 4, 9, 16, 25, 36));
    });
  });

  it("writes the outputs of `into` where they are to be, and the others anew", async (context) => {
    await opened(context, async (session) => {
      const memory = new Float32Array(9).fill(-7);
      const square: HostTensor = { dtype: "float32", shape: [1, 3], data: memory.subarray(3, 6) };
      const whole = int64(0n, 0n, 0n);
      const results = await session.run({ x: float32(1, 2, 3) }, { square, whole });
      expect(results.square).toBe(square);
      expect(results.whole).toBe(whole);
      expect(memory).toEqual(Float32Array.of(-7, -7, -7, 1, 4, 9, -7, -7, -7));
      expect(whole).toEqual(int64(1n, 2n, 3n));
      expect(results.double).toEqual(float32(2, 4, 6));
    });
  });

  it("reads feeds from inside a larger memory", async (context) => {
    await opened(context, async (session) => {
      const { buffer } = new WebAssembly.Memory({ initial: 1 });
      const data = new Float32Array(buffer, 64, 3);
      data.set([1, 2, 3]);
      const { double } = await session.run({ x: { dtype: "float32", shape: [1, 3], data } });
      expect(double).toEqual(float32(2, 4, 6));
    });
  });

  it("refuses to write into a target of another shape or type, or to no output", async (context) => {
    await opened(context, async (session) => {
      const feeds = { x: float32(1, 2, 3, 4, 5, 6) };
      const turned = { ...float32(0, 0, 0, 0, 0, 0), shape: [3, 2] };
      for (const double of [turned, int64(0n, 0n, 0n, 0n, 0n, 0n)]) {
        await expect(session.run(feeds, { double })).rejects.toThrow(/output/);
      }
      await expect(session.run(feeds, { duble: turned })).rejects.toThrow(
        'internal: the graph has no output "duble"',
      );
    });
  });

  it("is refused after dispose; a second dispose does nothing", async (context) => {
    const session = await (await backendOrSkip(context, device)).createSession(model, { threads: 1 });
    await session.dispose();
    await expect(session.dispose()).resolves.toBeUndefined();
    await expect(session.run({ x: float32(1, 2, 3) })).rejects.toThrow(
      "ERR_DISPOSED: a model can be used until it is disposed of; dispose() was called before; load it again",
    );
  });

  it("says that it is the run that failed, and what ONNX Runtime says of it", async (context) => {
    await opened(context, async (session) => {
      const wide = { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) } as const;
      await expect(session.run({ x: wide })).rejects.toThrow(
        /^ERR_RUN: ONNX Runtime must be able to compute the graph from what it was fed; .*dimensions.*; look for sizes/s,
      );
    });
  });

  it("refuses a graph that ONNX Runtime does not accept", async (context) => {
    const backend = await backendOrSkip(context, device);
    await expect(backend.createSession(Uint8Array.of(1, 2, 3))).rejects.toThrow(
      /^ERR_SESSION: ONNX Runtime must accept the graph; .+; run `attune doctor` to see which runtime is in use$/,
    );
  });
});

it("WASM, where we copy, names both types of a target that does not fit", async (context) => {
  const session = await (await backendOrSkip(context, "wasm")).createSession(model, { threads: 1 });
  for (const [double, named] of [
    [float32(0, 0, 0), "float32[1, 3]"],
    [float32(...new Array<number>(9).fill(0)), "float32[3, 3]"],
    [{ dtype: "int32", shape: [2, 3], data: new Int32Array(6) }, "int32[2, 3]"],
  ] as const) {
    await expect(session.run({ x: float32(1, 2, 3, 4, 5, 6) }, { double })).rejects.toThrow(
      `internal: an output of float32[2, 3] cannot be written into ${named}`,
    );
  }
  await session.dispose();
});
