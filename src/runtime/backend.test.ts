import { describe, expect, it } from "vitest";
import { backendOrSkip } from "../../test/runtimes.ts";
import { encodeModel } from "../onnx/index.ts";
import { emitModel, input, neg } from "../tensor/index.ts";
import { loadBackend } from "./backend.ts";
import { distUrl } from "./dist-url.ts";

const x = input("x", "float32", ["b"]);
const model = encodeModel(
  emitModel({ name: "neg", inputs: [x], outputs: { y: neg(x) }, parameters: "inputs", dialect: "onnx" }),
);

describe.each(["native", "wasm"] as const)("loadBackend(%j)", (device) => {
  it("gives that runtime, with its version, and runs a graph", async (context) => {
    const backend = await backendOrSkip(context, device);
    expect(backend.device).toBe(device);
    expect(backend.version).toMatch(/^1\.\d+\.\d+/);
    const session = await backend.createSession(model);
    expect(session.device).toBe(device);
    const feeds = { x: { dtype: "float32", shape: [2], data: Float32Array.of(1, -2) } } as const;
    expect(await session.run(feeds)).toEqual({
      y: { dtype: "float32", shape: [2], data: Float32Array.of(-1, 2) },
    });
    await session.dispose();
  });
});

it("auto takes the native runtime where it is installed", async (context) => {
  await backendOrSkip(context, "native");
  expect((await loadBackend()).device).toBe("native");
  expect((await loadBackend("auto")).device).toBe("native");
});

it("the number of threads reaches the WASM build", async (context) => {
  const backend = await backendOrSkip(context, "wasm");
  const { href } = distUrl("vendor/onnxruntime-web/ort.node.min.mjs");
  const ort: { readonly env: { readonly wasm: { readonly numThreads: number } } } = await import(
    /* @vite-ignore */ href
  );
  await (await backend.createSession(model, { threads: 3 })).dispose();
  expect(ort.env.wasm.numThreads).toBe(3);
});

it("dist is found from the sources and from dist alike", () => {
  expect(distUrl("runtime/session-worker.js").pathname).toMatch(/\/dist\/runtime\/session-worker\.js$/);
});
