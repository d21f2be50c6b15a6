/** Runs the pre-training loop of the options in argv and prints its events: the process that tests kill. */
import { type PretrainOptions, resolvePretrainOptions } from "../../src/pretrain/index.ts";
import { pretrain } from "../../src/pretrain/loop.ts";

const { options, resume } = JSON.parse(process.argv[2]) as { options: PretrainOptions; resume: boolean };
try {
  for await (const event of pretrain(resolvePretrainOptions(options), { resume, shouldStop: () => false })) {
    if (event.event === "step" || event.event === "checkpoint")
      process.stdout.write(`${event.event} ${event.step}\n`);
    else if (event.event === "phase") process.stdout.write(`${event.phase}\n`);
    else process.stdout.write(`${event.event}\n`);
  }
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
