import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import pico from "picocolors";
import { describe, expect, it } from "vitest";
import { requireOrSkip } from "../../test/shared-data.ts";
import { distUrl } from "../runtime/index.ts";
import { machineLines } from "./doctor-view.ts";
import type { MachineCheck } from "./inspect-machine.ts";
import { inspectRuntime } from "./inspect-runtime.ts";

const machine: MachineCheck = {
  attune: "0.1.0",
  node: "v20.19.0",
  platform: "linux x64",
  cpu: { cores: 2, model: "A Processor @ 2.70GHz" },
  memory: { freeBytes: 3_100_000_000, totalBytes: 8_000_000_000 },
  runtimes: [
    { device: "native", version: "1.30.0", productMs: 1.234 },
    { device: "wasm", version: "1.30.0", productMs: 9.87 },
  ],
};
const layout = { width: 80, colors: pico.createColors(false) };

describe("attune doctor", () => {
  it("shows the machine and both runtimes", () => {
    expect(machineLines(machine, layout)).toEqual([
      "attune   0.1.0",
      "node     v20.19.0 on linux x64",
      "cpu      2 cores, A Processor @ 2.70GHz",
      "memory   3.1 GB free of 8.0 GB",
      "native   ONNX Runtime 1.30.0; 512x512 matrices multiplied in 1.2 ms",
      "wasm     ONNX Runtime 1.30.0; 512x512 matrices multiplied in 9.9 ms",
      "",
      "The native runtime is used: nothing to install.",
    ]);
  });

  it("says what to install where the native runtime is absent, and where both are", () => {
    const [, wasm] = machine.runtimes;
    const absent = { device: "native" as const, error: "ERR_RUNTIME_MISSING: not there" };
    const lines = machineLines({ ...machine, runtimes: [absent, wasm] }, layout);
    expect(lines).toContain("native   ERR_RUNTIME_MISSING: not there");
    expect(lines.slice(-2)).toEqual([
      "The WASM runtime is used. The native one is about 5 times faster:",
      "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
    ]);
    const broken = { device: "wasm" as const, error: "ERR_RUNTIME_MISSING: nor this" };
    expect(machineLines({ ...machine, runtimes: [absent, broken] }, layout).at(-2)).toMatch(
      /^No runtime works/,
    );
  });
});

describe("a runtime", () => {
  it("native is loaded and timed", async (context) => {
    let present = true;
    try {
      createRequire(import.meta.url).resolve("onnxruntime-node");
    } catch {
      present = false;
    }
    requireOrSkip(context, "onnxruntime-node", present);
    const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as {
      version: string;
    };
    expect(await inspectRuntime("native")).toEqual({
      device: "native",
      version,
      productMs: expect.any(Number) as number,
    });
  });

  it("WASM is loaded and timed", async (context) => {
    requireOrSkip(
      context,
      "the vendored WASM runtime",
      existsSync(distUrl("vendor/onnxruntime-web/ort.node.min.mjs")),
    );
    expect(await inspectRuntime("wasm")).toMatchObject({
      device: "wasm",
      productMs: expect.any(Number) as number,
    });
  });
});
