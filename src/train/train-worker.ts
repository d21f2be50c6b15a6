/** The worker's end of `run-in-worker.ts`: iterates the loop and posts its events. */
import { workerData } from "node:worker_threads";
import { serveEvents } from "./event-worker.ts";
import { train } from "./loop.ts";
import type { TrainRequest } from "./run-in-worker.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- run-in-worker.ts is the only one to start this file
const { options, resume, place } = workerData as TrainRequest;
await serveEvents((shouldStop) => train(options, { resume, place, shouldStop }));
