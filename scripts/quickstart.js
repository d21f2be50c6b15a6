/**
 * `npm run quickstart`: trains on the example set, evaluates the model on its test file, classifies new sentences.
 *
 * Runs the same commands that a reader would type, and prints each before it runs. Replaces runs/quickstart.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const data = "examples/quickstart";
const model = "runs/quickstart";

const commands = [
  `train ${data}/train.csv --dev ${data}/dev.csv --test ${data}/test.csv --out ${model} --seed 1`,
  `evaluate ${model} ${data}/test.csv`,
  `predict ${model} ${data}/sentences.txt`,
];

rmSync(`${root}/${model}`, { recursive: true, force: true });
for (const command of commands) {
  console.log(`\n$ attune ${command}\n`);
  const { status } = spawnSync(process.execPath, ["bin/attune.js", ...command.split(" ")], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) {
    console.error(`\nquickstart stopped: the command above ended with ${status ?? "a signal"}`);
    process.exitCode = status ?? 1;
    break;
  }
}
