/** The worker's end of `run-in-worker.ts`: iterates the loop and posts its events. */
import { workerData } from "node:worker_threads";
import { serveEvents } from "../train/index.ts";
import { pretrain } from "./loop.ts";
import type { PretrainRequest } from "./run-in-worker.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- run-in-worker.ts is the only one to start this file
const { options, ...control } = workerData as PretrainRequest;
await serveEvents((shouldStop) => pretrain(options, { ...control, shouldStop }));
