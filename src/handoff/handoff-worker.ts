/** The worker's end of `run-in-worker.ts`: does the work and posts its events. */
import { workerData } from "node:worker_threads";
import { serveEvents } from "../train/index.ts";
import { handoffTorch } from "./handoff.ts";
import { importResult } from "./import.ts";
import type { HandoffRequest } from "./run-in-worker.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- run-in-worker.ts is the only one to start this file
const request = workerData as HandoffRequest;
await serveEvents<object>((shouldStop) =>
  request.way === "out" ? handoffTorch(request.options, shouldStop) : importResult(request.options),
);
