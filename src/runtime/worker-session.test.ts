import type { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { TestContext } from "vitest";
import { backendOrSkip, requireDist } from "../../test/runtimes.ts";
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, errorCode } from "../base/errors.ts";
import { encodeModel } from "../onnx/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { cast, emitModel, gemm, input, softmax } from "../tensor/index.ts";
import { openWorkerSession, reviveError, sendError } from "./worker-session.ts";

function float32(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: "float32", shape, data };
}

function bytesOf(x: Tensor, outputs: Readonly<Record<string, Tensor>>): Uint8Array {
  return encodeModel(
    emitModel({ name: "test", inputs: [x], outputs, parameters: "inputs", dialect: "onnx" }),
  );
}

const x = input("x", "float32", ["b", 3]);
const model = bytesOf(x, { p: softmax(x), whole: cast(x, "int64") });
const feeds = { x: float32([2, 3], Float32Array.of(1, 2, 3, -1, 0, 1)) };

/** A model that takes hundreds of milliseconds. */
const n = 1024;
const matrix = input("x", "float32", [n, n]);
const product = Array.from({ length: 40 }).reduce<Tensor>((y) => gemm(y, matrix), matrix);
const longModel = bytesOf(matrix, { product });
const longFeeds = { x: float32([n, n], new Float32Array(n * n)) };

/** A session in a worker, ended after use. */
async function inWorker<T>(
  context: TestContext,
  use: (session: Awaited<ReturnType<typeof openWorkerSession>>) => Promise<T>,
): Promise<T> {
  requireDist(context);
  const session = await openWorkerSession(model, "auto", { threads: 1 });
  try {
    return await use(session);
  } finally {
    await session.dispose();
  }
}

/** The workers that this process started, dead or alive: a dead one has thread id -1. */
const started: Worker[] = [];
process.on("worker", (worker) => started.push(worker));

function isAlive({ threadId }: Worker): boolean {
  return threadId !== -1;
}

describe("a session in a worker", () => {
  describe.each(["native", "wasm"] as const)("on %s", (device) => {
    it("gives what one on this thread does", async (context) => {
      requireDist(context);
      const here = await (await backendOrSkip(context, device)).createSession(model, { threads: 1 });
      const there = await openWorkerSession(model, device, { threads: 1 });
      expect(there.device).toBe(device);
      expect(await there.run(feeds)).toEqual(await here.run(feeds));
      await Promise.all([here.dispose(), there.dispose()]);
    });
  });

  it("answers several questions at once, each its own", async (context) => {
    await inWorker(context, async (session) => {
      const batches = [1, 2, 5].map((b) => float32([b, 3], new Float32Array(3 * b).fill(b)));
      const results = await Promise.all(batches.map((batch) => session.run({ x: batch })));
      expect(results.map(({ whole }) => whole.shape)).toEqual([
        [1, 3],
        [2, 3],
        [5, 3],
      ]);
      expect(results[2].whole.data).toEqual(new BigInt64Array(15).fill(5n));
    });
  });

  it("goes on after a run that failed", async (context) => {
    await inWorker(context, async (session) => {
      await expect(session.run({})).rejects.toThrow(/input 'x' is missing/);
      expect((await session.run(feeds)).p.shape).toEqual([2, 3]);
    });
  });

  it("refuses to write into arrays of this thread", async (context) => {
    await inWorker(context, async (session) => {
      await expect(session.run(feeds, { p: feeds.x })).rejects.toThrow(
        "internal: a worker session cannot write into arrays of this thread",
      );
    });
  });

  it("brings errors across with their code, and leaves no worker behind", async (context) => {
    requireDist(context);
    const error: unknown = await openWorkerSession(Uint8Array.of(1, 2, 3)).catch((reason: unknown) => reason);
    expect(errorCode(error)).toBe("ERR_SESSION");
    expect(String(error)).toContain("ERR_SESSION: ONNX Runtime must accept the graph");
    expect(started.filter(isAlive)).toEqual([]);
  });

  it("ends its worker on dispose; later questions fail at once, a second dispose does nothing", async (context) => {
    requireDist(context);
    const session = await openWorkerSession(model);
    expect(started.filter(isAlive)).toHaveLength(1);
    await session.dispose();
    expect(started.filter(isAlive)).toEqual([]);
    await expect(session.run(feeds)).rejects.toThrow(
      "ERR_DISPOSED: a model can be used until it is disposed of",
    );
    await expect(session.dispose()).resolves.toBeUndefined();
  });

  it("fails what waits when its worker dies, and can still be disposed of", async (context) => {
    requireDist(context);
    // long enough that its end cannot be on the way already when the worker is told to stop; not native, since that
    // runtime ends the whole process where a thread stops in the middle of a run
    const session = await openWorkerSession(longModel, "wasm", { threads: 1 });
    const waiting = session.run(longFeeds);
    const [ended] = await Promise.allSettled([waiting, started.find(isAlive)?.terminate()]);
    expect(ended).toMatchObject({
      status: "rejected",
      reason: { message: expect.stringContaining("internal: the inference worker has stopped") },
    });
    await expect(session.dispose()).resolves.toBeUndefined();
  });

  it("leaves the event loop free while it runs", async (context) => {
    requireDist(context);
    const session = await openWorkerSession(longModel, "auto", { threads: 1 });
    const ticks = [performance.now()];
    const timer = setInterval(() => ticks.push(performance.now()), 5);
    const start = performance.now();
    await session.run(longFeeds);
    const duration = performance.now() - start;
    clearInterval(timer);
    await session.dispose();
    const longestGap = Math.max(...ticks.slice(1).map((tick, i) => tick - ticks[i]));
    expect(duration).toBeGreaterThan(100);
    expect(longestGap).toBeLessThan(duration / 2);
  });
});

it("an error crosses threads as message and code", () => {
  const parts = { rule: "it must be so", found: "it was not", next: "change it" };
  const ours = reviveError(structuredClone(sendError(new AttuneError("ERR_X", parts))));
  expect(errorCode(ours)).toBe("ERR_X");
  expect(ours.message).toBe("ERR_X: it must be so; it was not; change it");
  const other = reviveError(structuredClone(sendError(new TypeError("no"))));
  expect([errorCode(other), other.message]).toEqual([undefined, "no"]);
  expect(reviveError(sendError("just text")).message).toBe("just text");
});
