/**
 * ONNX Runtime in a browser: the WASM build of `onnxruntime-web`, an optional peer that the page's bundler brings.
 *
 * Threads only where the page is cross-origin isolated; WASM has none otherwise. Imports nothing of Node.
 */
import { AttuneError } from "../base/errors.ts";
import { createOrtSession } from "./ort-session.ts";
import type { Backend } from "./session.ts";

/**
 * Loads the runtime's script. Its .wasm file, from beside that script, comes with the first session.
 *
 * @throws ERR_RUNTIME_MISSING where the page cannot load it; `createSession` throws the same for the .wasm file.
 */
export async function loadBrowserBackend(): Promise<Backend> {
  const ort = await import("onnxruntime-web/wasm").catch((cause: unknown) => {
    throw missing(
      "a browser needs the package onnxruntime-web",
      "npm install onnxruntime-web, and serve every file that the bundler writes",
      cause,
    );
  });
  const available = globalThis.crossOriginIsolated ? (globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
  const traits = { device: "wasm", writesOutputsInPlace: false, threads: available } as const;
  return {
    device: "wasm",
    version: ort.env.versions.web ?? "unknown",
    createSession: async (model, options) => {
      // one pool of threads serves all sessions; the first of them sets its size
      ort.env.wasm.numThreads = Math.min(options?.threads ?? available, available);
      try {
        return await createOrtSession(ort, traits, model, options);
      } catch (error) {
        if (!didNotStart(error)) throw error;
        throw missing(
          "ONNX Runtime must be able to load its .wasm file",
          "serve onnxruntime-web/dist/ort-wasm-simd-threaded.wasm, as application/wasm, beside the scripts that the bundler writes",
          error.cause,
        );
      }
    },
  };
}

/** Whether the runtime failed before it saw the graph; only its words tell. */
function didNotStart(error: unknown): error is AttuneError {
  return error instanceof AttuneError && error.message.includes("no available backend found");
}

function missing(rule: string, next: string, cause: unknown): AttuneError {
  const found = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  return new AttuneError("ERR_RUNTIME_MISSING", { rule, found, next, cause });
}
