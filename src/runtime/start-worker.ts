/** Worker threads that load ONNX Runtime: the one place that starts them. */
import { Worker } from "node:worker_threads";
import { distUrl } from "./dist-url.ts";

/**
 * The native runtime searches the process's command line with a regular expression that recurses for each character
 * (/proc/self/cmdline, as it creates a session): about 450 bytes of stack a character, so that Node's 4 MB end at 10 kB
 * of `--text`, with a segmentation fault. 256 MB hold 480 kB of command line; one argument has at most 128 kB on Linux.
 * Only what is used of it takes memory.
 */
const STACK_SIZE_MB = 256;

/** Starts a built file in a thread of its own: `startWorker("runtime/session-worker.js")`. */
export function startWorker(path: string, workerData?: unknown): Worker {
  return new Worker(distUrl(path), { workerData, resourceLimits: { stackSizeMb: STACK_SIZE_MB } });
}
