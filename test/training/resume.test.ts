/**
 * Two runs of one seed are equal to the bit, and so is a run that was killed and resumed, or interrupted and resumed.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import type { TrainEvent, TrainOptions } from "../../src/train/index.ts";
import { runTraining } from "../../src/train/index.ts";
import { temporaryFolder, toyRun } from "./toy.ts";

const folder = temporaryFolder();

async function run(
  options: TrainOptions,
  control: Parameters<typeof runTraining>[1] = {},
): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of runTraining(options, control)) events.push(event);
  return events;
}

/** Hashes of what a run leaves; attune.json as text, with the one path that may differ taken out. */
function modelFiles(out: string): Record<string, string> {
  const sha256 = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(folder, out, name)))
      .digest("hex");
  const attune = readFileSync(join(folder, out, "attune.json"), "utf8");
  return {
    weights: sha256("model.safetensors"),
    vocabulary: sha256("vocab.txt"),
    tokenizer: sha256("tokenizer.json"),
    attune: attune.replaceAll(JSON.stringify(join(folder, out)), '"OUT"'),
  };
}

describe("one seed", () => {
  let unbroken: Record<string, string>;

  beforeAll(async () => {
    await run(toyRun(folder, "unbroken"));
    unbroken = modelFiles("unbroken");
  });

  it("gives the same bytes twice", async () => {
    await run(toyRun(folder, "again"));
    expect(modelFiles("again")).toEqual(unbroken);
  });

  it("gives other bytes under another seed", async () => {
    await run({ ...toyRun(folder, "other-seed"), seed: 6 });
    expect(modelFiles("other-seed").weights).not.toBe(unbroken.weights);
  });

  it.each([3, 17, 29])("gives the same bytes after kill -9 at step %i", async (step) => {
    const options = toyRun(folder, `killed-${step}`);
    await killAtStep(options, step);
    const events = await run(options, { resume: true });
    const start = events.find((event) => event.event === "start");
    expect(start?.resumedFrom ?? 0).toBeLessThanOrEqual(step);
    expect(modelFiles(`killed-${step}`)).toEqual(unbroken);
  });

  it("gives the same bytes after kill -9 at random instants, again and again", async () => {
    const options = toyRun(folder, "killed-often");
    const seed = Date.now();
    const random = new Random(seed, "kill");
    for (let i = 0; i < 4; i++) await killAfterMs(options, 150 + random.int(1200), i > 0);
    const finished = await run(options, { resume: true }).catch(() => run(options)); // killed before anything stood there
    expect(finished.at(-1)?.event).toBe("done");
    expect(modelFiles("killed-often"), `instants of seed ${seed}`).toEqual(unbroken);
  });

  it("gives the same bytes where every checkpoint falls on the end of an epoch", async () => {
    const options = { ...toyRun(folder, "epoch-checkpoints"), checkpointSteps: 12 };
    await killAtStep(options, 25);
    await run(options, { resume: true });
    expect(modelFiles("epoch-checkpoints")).toEqual(unbroken);
  });

  it("gives the same bytes after an interruption, which saves where it stands", async () => {
    const options = toyRun(folder, "interrupted");
    const abort = new AbortController();
    const events: TrainEvent[] = [];
    for await (const event of runTraining(options, { signal: abort.signal })) {
      events.push(event);
      if (event.event === "step" && event.step === 7) abort.abort();
    }
    const last = events.at(-1);
    expect(last?.event).toBe("interrupted");
    const resumed = await run(options, { resume: true });
    expect(resumed.find((event) => event.event === "start")?.resumedFrom).toBe(
      last?.event === "interrupted" ? last.step : -1,
    );
    expect(modelFiles("interrupted")).toEqual(unbroken);
  });
});

describe("an unfinished run", () => {
  const options = toyRun(folder, "unfinished");

  beforeAll(() => killAtStep(options, 17));

  it("is not started over by mistake", async () => {
    await expect(run(options)).rejects.toThrow(/ERR_RUN_UNFINISHED.*step 1[57].*--resume/);
  });

  it("does not go on under other options", async () => {
    await expect(run({ ...options, lr: 2e-3 }, { resume: true })).rejects.toThrow(
      /ERR_RESUME_MISMATCH.*lr was 0.001 and is 0.002/,
    );
  });

  it("does not go on from a model folder that has changed", async () => {
    await run({ ...toyRun(folder, "base"), epochs: 1 });
    const { vocabSize: _v, minFrequency: _m, ...rest } = toyRun(folder, "from-base");
    const fromFolder = { ...rest, model: join(folder, "base") };
    await killAtStep(fromFolder, 7);
    const config = join(folder, "base", "config.json");
    writeFileSync(config, `${readFileSync(config, "utf8")}\n`);
    await expect(run(fromFolder, { resume: true })).rejects.toThrow(
      /ERR_RESUME_MISMATCH.*base.config\.json has changed since/,
    );
  });

  it("does not go on from a state that is not ours", async () => {
    const copy = { ...options, out: `${options.out}-copy` };
    cpSync(options.out, copy.out, { recursive: true });
    const manifest = join(copy.out, "checkpoints", "run.json");
    writeFileSync(
      manifest,
      readFileSync(manifest, "utf8").replaceAll(JSON.stringify(options.out), JSON.stringify(copy.out)),
    );
    const [step] = readdirSync(join(copy.out, "checkpoints")).filter((name) => name.startsWith("step-"));
    writeFileSync(join(copy.out, "checkpoints", step, "state.json"), '{"step": "many"}');
    await expect(run(copy, { resume: true })).rejects.toThrow(/ERR_CHECKPOINT_STATE/);
  });

  it("must be there to be resumed", async () => {
    await expect(run(toyRun(folder, "never-run"), { resume: true })).rejects.toThrow(
      /ERR_NOTHING_TO_RESUME.*never-run/,
    );
  });
});

/** The training loop in a process of its own, so that it can be killed; prints a line a step. */
function startChild(options: TrainOptions, resume: boolean) {
  const script = fileURLToPath(new URL("child.ts", import.meta.url));
  const hooks = fileURLToPath(new URL("../../scripts/typescript.js", import.meta.url));
  return spawn(process.execPath, ["--import", hooks, script, JSON.stringify({ options, resume })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function killAtStep(options: TrainOptions, step: number): Promise<void> {
  const child = startChild(options, false);
  child.stdout.on("data", (data: Buffer) => {
    if (data.toString().split("\n").includes(`step ${step}`)) child.kill("SIGKILL");
  });
  await once(child, "close");
}

async function killAfterMs(options: TrainOptions, delayMs: number, resume: boolean): Promise<void> {
  const child = startChild(options, resume);
  const timer = setTimeout(() => child.kill("SIGKILL"), delayMs);
  await once(child, "close");
  clearTimeout(timer);
}
