/** The worker's end of `worker-session.ts`: one model, one session, answers in the order of the questions. */
import { parentPort } from "node:worker_threads";
import { internal } from "../base/errors.ts";
import { loadBackend } from "./backend.ts";
import type { RunSession } from "./session.ts";
import type { Request, Response } from "./worker-session.ts";
import { sendError } from "./worker-session.ts";

if (parentPort === null) throw internal("session-worker.js must be started as a worker thread");
const port = parentPort;
let session: RunSession | undefined;
let queue = Promise.resolve();

port.on("message", (request: Request) => {
  queue = queue.then(async () => {
    try {
      reply({ ok: true, value: await answer(request) });
    } catch (error) {
      reply({ ok: false, error: sendError(error) });
    }
  });
});

async function answer(request: Request): Promise<unknown> {
  switch (request.kind) {
    case "open": {
      const backend = await loadBackend(request.device);
      session = await backend.createSession(request.model, request.options);
      return session.device;
    }
    case "run":
      if (session === undefined) throw internal("a run was asked for before the model was opened");
      return session.run(request.feeds);
    case "close":
      await session?.dispose();
      session = undefined;
      return undefined;
  }
}

function reply(response: Response): void {
  port.postMessage(response);
}
