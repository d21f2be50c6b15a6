/** Runs the training loop of the options in argv and prints each step: the process that resume.test.ts kills. */
import type { TrainOptions } from "../../src/train/index.ts";
import { runTraining } from "../../src/train/index.ts";

const { options, resume } = JSON.parse(process.argv[2]) as { options: TrainOptions; resume: boolean };
try {
  for await (const event of runTraining(options, { resume })) {
    if (event.event === "step") process.stdout.write(`step ${event.step}\n`);
  }
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
