/** The worker's end of `run-in-worker.ts`: iterates the loop and posts its events. */
import { parentPort, workerData } from "node:worker_threads";
import { internal } from "../base/errors.ts";
import { sendError } from "../runtime/index.ts";
import { train } from "./loop.ts";
import type { TrainMessage, TrainRequest } from "./run-in-worker.ts";

if (parentPort === null) throw internal("train-worker.js must be started as a worker thread");
const port = parentPort;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- run-in-worker.ts is the only one to start this file
const request = workerData as TrainRequest;
let stopping = false;
let abandoned = false;
port.on("message", (message: "stop" | "abandon") => {
  if (message === "stop") stopping = true;
  else abandoned = true;
});

try {
  const control = { resume: request.resume, place: request.place, shouldStop: () => stopping };
  for await (const event of train(request.options, control)) {
    if (abandoned) break; // frees the sessions: killing a thread inside native code would take the process with it
    post({ kind: "event", event });
  }
  post({ kind: "end" });
} catch (error) {
  post({ kind: "error", error: sendError(error) });
}
port.close();

function post(message: TrainMessage): void {
  port.postMessage(message);
}
