/** A toy language that a tiny BERT learns in seconds: sentences of a small grammar, in documents of a few sentences. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "../../src/base/random.ts";
import type { PretrainEvent, PretrainOptions } from "../../src/pretrain/index.ts";
import { resolvePretrainOptions } from "../../src/pretrain/index.ts";
import { pretrain } from "../../src/pretrain/loop.ts";

const kinds = [
  { names: ["cat", "dog", "horse"], verbs: ["eats", "sleeps", "runs"], things: ["hay", "meat"] },
  { names: ["猫", "狗", "马"], verbs: ["吃", "睡觉", "奔跑"], things: ["干草", "肉"] },
  { names: ["train", "bus", "plane"], verbs: ["leaves", "arrives", "waits"], things: ["early", "late"] },
];

/** `count` documents of 3 to 6 sentences, each about one kind of thing, separated by blank lines. */
export function toyCorpus(count: number, seed: number): string {
  const random = new Random(seed, "toy language");
  const pick = (list: readonly string[]) => list[random.int(list.length)];
  return Array.from({ length: count }, () => {
    const { names, verbs, things } = kinds[random.int(kinds.length)];
    const sentences = Array.from(
      { length: 3 + random.int(4) },
      () =>
        `the ${pick(names)} ${pick(verbs)} ${pick(things)} . and the ${pick(names)} ${pick(verbs)} ${pick(things)} .`,
    );
    return sentences.join("\n");
  }).join("\n\n");
}

/** Options of a run of 20 steps, several micro-batches a step, evaluations and checkpoints between. */
export function toyRun(folder: string, out: string): PretrainOptions {
  const corpus = join(folder, "toy.txt");
  writeFileSync(corpus, toyCorpus(120, 1));
  return {
    corpora: [corpus],
    out: join(folder, out),
    model: "tiny",
    vocabSize: 200,
    minFrequency: 1,
    maxPositions: 64,
    maxLength: 48,
    devShare: 0.1,
    objective: "nsp",
    stepTokens: 256,
    batchTokens: 128,
    steps: 20,
    evaluationSteps: 7,
    checkpointSteps: 5,
    dropout: 0.1,
    seed: 5,
    threads: 1,
  };
}

/** Runs to the end on this thread; `stopAt` is the step after which the loop is asked to stop. */
export async function run(options: PretrainOptions, { resume = false, stopAt = Infinity } = {}) {
  const events: PretrainEvent[] = [];
  let step = 0;
  const control = { resume, shouldStop: () => step >= stopAt };
  for await (const event of pretrain(resolvePretrainOptions(options), control)) {
    events.push(event);
    if (event.event === "step") step = event.step;
  }
  return events;
}

/** SHA-256 of every file of a model folder; of attune.json and README.md without the paths that may differ. */
export function modelFiles(out: string): Record<string, string> {
  const names = readdirSync(out).sort();
  return Object.fromEntries(
    names.map((name) => {
      const bytes = readFileSync(join(out, name));
      const content =
        name === "attune.json" ? bytes.toString().replaceAll(JSON.stringify(out), '"OUT"') : bytes;
      return [name, createHash("sha256").update(content).digest("hex")];
    }),
  );
}

/** The loop in a process of its own, so that it can be killed; prints a line an event. */
export function startChild(options: PretrainOptions, resume: boolean) {
  const script = fileURLToPath(new URL("child.ts", import.meta.url));
  const hooks = fileURLToPath(new URL("../../scripts/typescript.js", import.meta.url));
  return spawn(process.execPath, ["--import", hooks, script, JSON.stringify({ options, resume })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Kills the child as soon as it has printed `line`. */
export async function killAt(options: PretrainOptions, line: string, resume = false): Promise<void> {
  const child = startChild(options, resume);
  let printed = "";
  child.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
    if (printed.split("\n").includes(line)) child.kill("SIGKILL");
  });
  await once(child, "close");
}

export async function killAfterMs(options: PretrainOptions, delayMs: number, resume: boolean): Promise<void> {
  const child = startChild(options, resume);
  const timer = setTimeout(() => child.kill("SIGKILL"), delayMs);
  await once(child, "close");
  clearTimeout(timer);
}
