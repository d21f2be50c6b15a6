/** Runs both ways in a worker thread and gives their events to this one. The other end: handoff-worker.ts. */
import type { PretrainEvent } from "../pretrain/index.ts";
import { runInWorker } from "../train/index.ts";
import type { HandoffDone, HandoffEvent, ImportDone } from "./events.ts";
import type { HandoffOptions } from "./handoff.ts";
import type { ImportOptions } from "./import.ts";

/** What the worker is started with. */
export type HandoffRequest =
  | { readonly way: "out"; readonly options: HandoffOptions }
  | { readonly way: "back"; readonly options: ImportOptions };

export interface RunHandoffOptions {
  /** Aborting ends after the file that is being written with ERR_INTERRUPTED; nothing is left behind. */
  readonly signal?: AbortSignal;
}

/**
 * Writes an unfinished pre-training run as a folder for PyTorch; iterate the events to the end.
 *
 * @throws what `handoffTorch` throws
 * @example
 * for await (const event of runHandoff({ run: "runs/mini", out: "handoff" })) last = event;
 */
export function runHandoff(
  options: HandoffOptions,
  { signal }: RunHandoffOptions = {},
): AsyncGenerator<PretrainEvent | HandoffEvent | HandoffDone> {
  return start({ way: "out", options }, signal);
}

/**
 * Brings the result of such a folder back; iterate the events to the end.
 *
 * @throws what `importResult` throws
 * @example
 * for await (const event of runImport({ folder: "handoff" })) last = event;
 */
export function runImport(options: ImportOptions): AsyncGenerator<HandoffEvent | ImportDone> {
  return start({ way: "back", options }, undefined);
}

function start<E>(request: HandoffRequest, signal: AbortSignal | undefined): AsyncGenerator<E> {
  return runInWorker<E>("handoff/handoff-worker.js", request, signal);
}
