import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../../test/temporary-files.ts";
import { RunFolder } from "./checkpoint.ts";

const { folder, write } = temporaryFolder();
const runFolder = (out: string) => new RunFolder(join(folder, out), z.object({ step: z.int() }));

/** What a pre-training run leaves when it is killed. */
const OURS = [
  "run.json",
  "kept.safetensors",
  "step-5/state.json",
  "step-5/model.safetensors",
  "step-5/optimizer.safetensors",
  "corpus/meta.json",
  "corpus/documents.bin",
  "corpus/tokens.bin",
  ".step-9.0123abcd.tmp/state.json",
];

function killedRun(out: string): void {
  for (const name of OURS) write(join(out, "checkpoints", name), "{}");
}

describe("a run's folder", () => {
  it.each(["remove", "discard"] as const)(
    "goes whole by %s, an output folder that stood does not",
    async (how) => {
      killedRun(how);
      await runFolder(how)[how]();
      expect(existsSync(join(folder, how, "checkpoints"))).toBe(false);
      expect(existsSync(join(folder, how))).toBe(true);
    },
  );

  it.each(["remove", "discard"] as const)("keeps what is not the run's, by %s", async (how) => {
    const out = `${how}-theirs`;
    killedRun(out);
    const theirs = [
      "epoch3.ckpt",
      "step-5/notes.txt",
      "step-1000/pytorch_model.bin",
      "corpus/mine.txt",
      "a/b.txt",
    ];
    const paths = theirs.map((name) => write(join(out, "checkpoints", name), name));
    await runFolder(out)[how]();
    expect(paths.map((path) => readFileSync(path, "utf8"))).toEqual(theirs);
    expect(OURS.filter((name) => existsSync(join(folder, out, "checkpoints", name)))).toEqual([]);
    await runFolder(out).check(false);
    await expect(runFolder(out).check(true)).rejects.toThrow(/ERR_NOTHING_TO_RESUME/);
  });

  it("is none where others keep folders of such names", async () => {
    write("lightning/checkpoints/step-1000/pytorch_model.bin", "theirs");
    await runFolder("lightning").check(false);
    expect(await runFolder("lightning").steps()).toEqual([]);
  });

  it("is none after its removal was cut short, and a new run does not go on from what is left", async () => {
    killedRun("cut-short");
    await runFolder("cut-short").remove();
    write("cut-short/checkpoints/step-5/state.json", "{}");
    const again = runFolder("cut-short");
    await again.check(false);
    await again.begin({});
    expect(await again.steps()).toEqual([]);
  });

  it("is discarded with the folders that it made, and only those", async () => {
    mkdirSync(join(folder, "stood"));
    const made = runFolder("stood/a/b");
    await made.prepare();
    await made.begin({});
    await made.discard();
    expect(existsSync(join(folder, "stood"))).toBe(true);
    expect(existsSync(join(folder, "stood/a"))).toBe(false);
  });

  it.each(["a-file", "a-file/below"])("%s: is refused by name and can be discarded", async (out) => {
    write("a-file", "text");
    const there = runFolder(out);
    await expect(there.prepare()).rejects.toThrow(/ERR_NOT_WRITABLE.*a part of the path is a file/);
    await there.discard();
    expect(readFileSync(join(folder, "a-file"), "utf8")).toBe("text");
  });
});
