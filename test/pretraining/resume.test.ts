/**
 * Pre-training runs of one seed are equal to the byte, and so is one that was killed and resumed, or interrupted and
 * resumed, at any place.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { killAfterMs, killAt, modelFiles, run, toyRun } from "./toy.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

let unbroken: Record<string, string>;

beforeAll(async () => {
  await run(toyRun(folder, "unbroken"));
  unbroken = modelFiles(join(folder, "unbroken"));
});

const filesOf = (out: string) => modelFiles(join(folder, out));

describe("one seed", () => {
  it("gives the same bytes twice, and leaves nothing but the model", async () => {
    await run(toyRun(folder, "again"));
    expect(filesOf("again")).toEqual(unbroken);
    expect(readdirSync(join(folder, "again"))).not.toContain("checkpoints");
  });

  it("gives other bytes under another seed", async () => {
    await run({ ...toyRun(folder, "other-seed"), seed: 6 });
    expect(filesOf("other-seed")["model.safetensors"]).not.toBe(unbroken["model.safetensors"]);
  });
});

describe("kill -9", () => {
  it.each(["tokenizing", "start", "step 3", "checkpoint 5", "step 14", "checkpoint 20"])(
    "after %s, then --resume: the same bytes",
    async (line) => {
      const options = toyRun(folder, `killed-${line}`);
      await killAt(options, line);
      const events = await run(options, { resume: true });
      expect(events.at(-1)?.event).toBe("done");
      expect(filesOf(`killed-${line}`)).toEqual(unbroken);
    },
  );

  it("at random instants, again and again: the same bytes", async () => {
    const options = toyRun(folder, "killed-often");
    const seed = Date.now();
    const random = new Random(seed, "kill");
    for (let i = 0; i < 3; i++)
      await killAfterMs(
        options,
        300 + random.int(1500),
        existsSync(join(options.out, "checkpoints", "run.json")),
      );
    const begun = existsSync(join(options.out, "checkpoints", "run.json"));
    expect((await run(options, { resume: begun })).at(-1)?.event).toBe("done");
    expect(filesOf("killed-often"), `instants of seed ${seed}`).toEqual(unbroken);
  });
});

describe("an interruption", () => {
  it.each([1, 7, 19])(
    "after step %i saves where it stands; --resume goes on to the same bytes",
    async (stopAt) => {
      const options = toyRun(folder, `interrupted-${stopAt}`);
      const events = await run(options, { stopAt });
      expect(events.at(-1)).toMatchObject({ event: "interrupted", step: stopAt, totalSteps: 20 });
      const resumed = await run(options, { resume: true });
      expect(resumed.find(({ event }) => event === "start")).toMatchObject({ resumedFrom: stopAt });
      expect(resumed.some((event) => event.event === "phase" && event.phase === "tokenizing")).toBe(false);
      expect(filesOf(`interrupted-${stopAt}`)).toEqual(unbroken);
    },
  );

  it("before the first step stops at once and leaves nothing", async () => {
    const options = toyRun(folder, "stopped-early");
    const events = await run(options, { stopAt: 0 });
    expect(events.at(-1)).toEqual({ event: "stopped" });
    expect(events.some(({ event }) => event === "step")).toBe(false);
    expect(existsSync(options.out)).toBe(false);
  });

  it("before the first step of a resumed run keeps what there was", async () => {
    const options = toyRun(folder, "stopped-again");
    await run(options, { stopAt: 6 });
    expect((await run(options, { resume: true, stopAt: 0 })).at(-1)).toEqual({ event: "stopped" });
    await run(options, { resume: true });
    expect(filesOf("stopped-again")).toEqual(unbroken);
  });
});

describe("an unfinished run", () => {
  const options = toyRun(folder, "unfinished");
  beforeAll(() => run(options, { stopAt: 6 }));

  it("is not started over by mistake", async () => {
    await expect(run(options)).rejects.toThrow(/ERR_RUN_UNFINISHED.*step 6.*--resume/);
  });

  it.each([
    [{ lr: 2e-3 }, /ERR_RESUME_MISMATCH.*lr was 0.001 and is 0.002/],
    [{ masking: "spans" as const }, /ERR_RESUME_MISMATCH.*masking was "whole-words" and is "spans"/],
    [{ minTokens: 9 }, /ERR_RESUME_MISMATCH.*minTokens/],
  ])("does not go on under other options: %o", async (change, message) => {
    await expect(run({ ...options, ...change }, { resume: true })).rejects.toThrow(message);
  });

  it("must be there to be resumed", async () => {
    await expect(run(toyRun(folder, "never-run"), { resume: true })).rejects.toThrow(/ERR_NOTHING_TO_RESUME/);
    expect(existsSync(join(folder, "never-run"))).toBe(false);
  });
});
