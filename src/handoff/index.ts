/** Handing a pre-training run on to another machine, and taking its result back. */
export type { HandoffDone, HandoffEvent, ImportDone } from "./events.ts";
export type { HandoffOptions } from "./handoff.ts";
export type { ImportOptions } from "./import.ts";
export type { RunHandoffOptions } from "./run-in-worker.ts";
export { runHandoff, runImport } from "./run-in-worker.ts";
