/** ONNX Runtime, native or WASM, on this thread or in a worker. */
export type { DeviceChoice } from "./backend.ts";
export { loadBackend } from "./backend.ts";
export { distUrl } from "./dist-url.ts";
export type { Backend, DeviceName, RunSession, SessionOptions, Tensors } from "./session.ts";
export { startWorker } from "./start-worker.ts";
export type { SentError } from "./worker-session.ts";
export { openWorkerSession, reviveError, sendError } from "./worker-session.ts";
