/** The runtimes that a test can have: skips where one is not installed or not built. */
import { existsSync } from "node:fs";
import type { TestContext } from "vitest";
import type { Backend, DeviceName } from "../src/runtime/index.ts";
import { distUrl, loadBackend } from "../src/runtime/index.ts";
import { requireOrSkip } from "./shared-data.ts";

/** The runtime by name; skips the running test where it is absent. */
export async function backendOrSkip(context: TestContext, device: DeviceName): Promise<Backend> {
  if (device === "wasm") requireDist(context);
  try {
    return await loadBackend(device);
  } catch (error) {
    requireOrSkip(context, `the ${device} runtime`, false);
    throw error;
  }
}

/** Skips the running test where `npm run build` has not run: workers and the WASM runtime lie in dist. */
export function requireDist(context: TestContext): void {
  requireOrSkip(
    context,
    "dist (npm run build)",
    existsSync(distUrl("vendor/onnxruntime-web/ort.node.min.mjs")),
  );
}
