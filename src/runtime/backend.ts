/**
 * Which ONNX Runtime is here: the native one where it is installed, else the WASM build that the package carries.
 *
 * The only folder that imports `onnxruntime-*`. Native is an optional peer because its install script downloads
 * files and breaks offline installs (docs/decisions/0002). Does not try GPUs.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { AttuneError } from "../base/errors.ts";
import { distUrl } from "./dist-url.ts";
import type { OrtModule } from "./ort-session.ts";
import { createOrtSession } from "./ort-session.ts";
import type { Backend, DeviceName } from "./session.ts";

export type DeviceChoice = DeviceName | "auto";

/**
 * Loads a runtime. "auto" takes the native one and falls back to WASM, which runs everywhere and about five times
 * slower.
 *
 * @throws ERR_RUNTIME_MISSING where the runtime asked for (or any, for "auto") cannot be loaded.
 */
export async function loadBackend(choice: DeviceChoice = "auto"): Promise<Backend> {
  if (!["auto", "native", "wasm"].includes(choice)) {
    throw new AttuneError("ERR_OPTION", {
      rule: "device must be auto, native or wasm",
      found: `found "${choice}"`,
      next: "change device",
    });
  }
  if (choice === "native") return loadNative();
  if (choice === "wasm") return loadWasm();
  try {
    return await loadNative();
  } catch {
    return loadWasm();
  }
}

async function loadNative(): Promise<Backend> {
  try {
    const ort = await import("onnxruntime-node");
    const traits = { device: "native", writesOutputsInPlace: true, threads: availableParallelism() } as const;
    return {
      device: "native",
      version: ort.env.versions.node ?? "unknown",
      createSession: (model, options) => createOrtSession(ort, traits, model, options),
    };
  } catch (cause) {
    throw new AttuneError("ERR_RUNTIME_MISSING", {
      rule: "device native needs the package onnxruntime-node",
      found: cause instanceof Error ? cause.message.split("\n")[0] : String(cause),
      next: "run `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`, or use device wasm",
      cause,
    });
  }
}

async function loadWasm(): Promise<Backend> {
  const folder = distUrl("vendor/onnxruntime-web/");
  try {
    const ort = await importVendored(new URL("ort.node.min.mjs", folder));
    // given as bytes: fetch() does not read file: URLs in Node
    ort.env.wasm.wasmBinary = readFileSync(new URL("ort-wasm-simd-threaded.wasm", folder));
    const traits = { device: "wasm", writesOutputsInPlace: false, threads: availableParallelism() } as const;
    return {
      device: "wasm",
      version: ort.env.versions.web ?? "unknown",
      createSession: (model, options) => {
        // one pool of threads serves all sessions of this build; the first of them sets its size
        ort.env.wasm.numThreads = options?.threads ?? availableParallelism();
        return createOrtSession(ort, traits, model, options);
      },
    };
  } catch (cause) {
    throw new AttuneError("ERR_RUNTIME_MISSING", {
      rule: "the package carries ONNX Runtime's WASM build in dist/vendor",
      found: cause instanceof Error ? cause.message.split("\n")[0] : String(cause),
      next: "run `npm run build` in a checkout, or install the package again",
      cause,
    });
  }
}

type WasmModule = OrtModule & Pick<typeof import("onnxruntime-common"), "env">;

async function importVendored(url: URL): Promise<WasmModule> {
  const module: unknown = await import(url.href);
  if (typeof module !== "object" || module === null || !("InferenceSession" in module)) {
    throw new Error(`${url.href} is not ONNX Runtime`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file that our own build vendored, checked above
  return module as WasmModule;
}
