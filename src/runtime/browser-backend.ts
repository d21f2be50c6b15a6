/**
 * ONNX Runtime in a browser: the WASM build of `onnxruntime-web`, an optional peer that the page's bundler brings.
 *
 * Threads only where the page is cross-origin isolated; WASM has none otherwise. Imports nothing of Node.
 */
import { AttuneError } from "../base/errors.ts";
import { createOrtSession } from "./ort-session.ts";
import type { Backend } from "./session.ts";

/**
 * Loads the runtime.
 *
 * @throws ERR_RUNTIME_MISSING where the page cannot load it.
 */
export async function loadBrowserBackend(): Promise<Backend> {
  try {
    const ort = await import("onnxruntime-web/wasm");
    const threads = globalThis.crossOriginIsolated ? (globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
    ort.env.wasm.numThreads = threads;
    return {
      device: "wasm",
      version: ort.env.versions.web ?? "unknown",
      createSession: (model, options) =>
        createOrtSession(ort, { device: "wasm", writesOutputsInPlace: false, threads }, model, options),
    };
  } catch (cause) {
    throw new AttuneError("ERR_RUNTIME_MISSING", {
      rule: "a browser needs the package onnxruntime-web",
      found: cause instanceof Error ? cause.message.split("\n")[0] : String(cause),
      next: "npm install onnxruntime-web, and let the bundler serve its .wasm file",
      cause,
    });
  }
}
