/** What this machine offers for training: Node, cores, memory, runtimes. */
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { version } from "../base/version.ts";
import { inspectRuntime, type RuntimeCheck } from "./inspect-runtime.ts";

export interface MachineCheck {
  readonly attune: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: { readonly cores: number; readonly model: string };
  /** Of this process's limits where there are any. */
  readonly memory: { readonly freeBytes: number; readonly totalBytes: number };
  readonly runtimes: readonly RuntimeCheck[];
}

/** Looks at everything; takes about two seconds, most of it for the WASM runtime. */
export async function inspectMachine(): Promise<MachineCheck> {
  // one after the other: together they would slow each other down
  const runtimes = [await inspectRuntime("native"), await inspectRuntime("wasm")];
  return {
    attune: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: { cores: availableParallelism(), model: cpus()[0]?.model.trim() ?? "unknown" },
    memory: { freeBytes: Math.min(freemem(), limit()), totalBytes: Math.min(totalmem(), limit()) },
    runtimes,
  };
}

/** What a container allows, in bytes. */
function limit(): number {
  return process.constrainedMemory() || Infinity; // 0 says that there is no limit
}
