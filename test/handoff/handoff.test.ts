/** Handing a run on: what is refused, what is left as it was, and `--prepare-only`, which begins one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { handoffTorch } from "../../src/handoff/handoff.ts";
import { readRecipe } from "../../src/handoff/recipe.ts";
import type { PretrainOptions } from "../../src/pretrain/index.ts";
import { FakeTerminal, runFake } from "../fake-cli.ts";
import { messageOf } from "../message-of.ts";
import { requireDist } from "../runtimes.ts";
import { collect, temporaryFolder } from "../temporary-files.ts";
import { importHere, runHere, smallRun } from "./corpus.ts";

const { folder } = temporaryFolder();
let options: PretrainOptions;

beforeAll(async () => {
  options = smallRun(folder, "run", { steps: 3 });
  await runHere(options, { prepareOnly: true });
});

const handOn = (run: string, out: string) => collect(handoffTorch({ run, out: join(folder, out) }));

describe("a prepared run", () => {
  it("goes on to the bytes of one that was not interrupted", async () => {
    const [prepared, plain] = ["prepared", "plain"].map((out) => ({ ...options, out: join(folder, out) }));
    const events = await runHere(prepared, { prepareOnly: true });
    expect(events.at(-1)).toMatchObject({ event: "prepared", totalSteps: 3 });
    expect(readdirSync(join(prepared.out, "checkpoints")).sort()).toEqual(["corpus", "run.json", "step-0"]);
    await runHere(prepared, { resume: true });
    await runHere(plain);
    const [one, other] = [prepared, plain].map(({ out }) => readFileSync(join(out, "model.safetensors")));
    expect(one.equals(other)).toBe(true);
  });

  it("is handed on as a folder that stands alone, and stays what it was", async () => {
    const before = readdirSync(join(options.out, "checkpoints"));
    const events = await handOn(options.out, "first");
    expect(events.at(-1)).toMatchObject({ event: "done", step: 0, totalSteps: 3 });
    expect(readdirSync(join(options.out, "checkpoints"))).toEqual(before);
    expect(readdirSync(join(folder, "first")).sort()).toEqual([
      "README.md",
      "corpus",
      "pretrain.py",
      "recipe.json",
      "start",
      "tokenizer.json",
      "vocab.txt",
    ]);
    const recipe = await readRecipe(join(folder, "first"));
    expect(recipe.plan).toMatchObject({ startStep: 0, totalSteps: 3, stepTokens: 256, batchTokens: 128 });
    expect(recipe.parameters.find(({ name }) => name === "cls.predictions.bias")).toMatchObject({
      decay: false,
    });
    expect(readFileSync(join(folder, "first/pretrain.py"), "utf8")).toMatch(/^#!\/usr\/bin\/env python3\n/);
    // an empty folder will do; the same run gives the same recipe
    mkdirSync(join(folder, "empty"));
    await handOn(options.out, "empty");
    expect((await readRecipe(join(folder, "empty"))).id).toBe(recipe.id);
  });

  it("is handed on and imported from the command line", async (context) => {
    requireDist(context);
    const out = join(folder, "by-command");
    const terminal = new FakeTerminal();
    expect(await runFake(["handoff", "torch", options.out, "--out", out, "--json"], terminal)).toBe(0);
    expect(terminal.json.at(-1)).toMatchObject({ event: "done", out, step: 0, totalSteps: 3 });
    const again = new FakeTerminal();
    expect(await runFake(["import", out, "--json"], again)).toBe(1);
    expect(again.json.at(-1)).toMatchObject({ event: "error", code: "ERR_IMPORT_NOTHING" });
    const human = new FakeTerminal();
    expect(await runFake(["handoff", "torch", options.out, "--out", `${out}-2`], human)).toBe(0);
    expect(human.out).toContain("torchrun --nproc_per_node=GPUS pretrain.py");
    const jax = new FakeTerminal();
    expect(await runFake(["handoff", "jax", options.out, "--out", `${out}-3`], jax)).toBe(2);
    expect(jax.err).toContain('handed on to torch, not to "jax"');
  });
});

describe("no hand-off", () => {
  const trainRun = () => {
    const run = join(folder, "classifier");
    mkdirSync(join(run, "checkpoints"), { recursive: true });
    const manifest = { attune: "0", runtime: "", options: { train: "train.csv", out: run }, sha256: {} };
    writeFileSync(join(run, "checkpoints/run.json"), JSON.stringify(manifest));
    return run;
  };
  const strangeRun = () => {
    const run = join(folder, "strange");
    mkdirSync(join(run, "checkpoints"), { recursive: true });
    const text = readFileSync(join(options.out, "checkpoints/run.json"), "utf8");
    writeFileSync(join(run, "checkpoints/run.json"), text.replace('"masking":', '"hiding":'));
    return run;
  };
  const finished = () => {
    const run = join(folder, "finished");
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, "config.json"), "{}");
    return run;
  };
  it.each([
    [
      "of a folder that is not there",
      () => join(folder, "nowhere"),
      /ERR_HANDOFF_RUN.*no such folder.*--prepare-only/,
    ],
    ["of an empty folder", () => folder, /ERR_HANDOFF_RUN.*no run stands there/],
    ["of a finished run", finished, /ERR_HANDOFF_RUN.*finished model/],
    ["of a classifier's run", trainRun, /ERR_HANDOFF_RUN.*`attune train`/],
    ["of a run of another version", strangeRun, /ERR_RUN_OPTIONS.*masking/],
  ])("%s", async (_, run, message) => {
    expect(await messageOf(() => handOn(run(), "none"))).toMatch(message);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  it("into a folder that holds something", async () => {
    mkdirSync(join(folder, "taken"));
    writeFileSync(join(folder, "taken/thesis.txt"), "years of work");
    expect(await messageOf(() => handOn(options.out, "taken"))).toMatch(/ERR_FOLDER_TAKEN.*thesis\.txt/);
    expect(readdirSync(join(folder, "taken"))).toEqual(["thesis.txt"]);
    expect(await messageOf(() => handOn(options.out, "taken/thesis.txt"))).toMatch(/ERR_FOLDER_TAKEN/);
    expect(await messageOf(() => handOn(options.out, "taken/thesis.txt/deeper"))).toMatch(
      /ERR_NOT_WRITABLE.*a part of the path is a file/,
    );
  });

  it("where it is asked to stop while it writes, and nothing is left", async () => {
    let asked = false;
    const out = join(folder, "stopped");
    const events = handoffTorch({ run: options.out, out }, () => asked);
    const message = await messageOf(async () => {
      for await (const event of events) asked ||= event.event === "phase" && event.phase === "writing";
    });
    expect(message).toMatch(/ERR_INTERRUPTED.*nothing was written/);
    expect(readdirSync(folder).filter((name) => name.includes("stopped"))).toEqual([]);
  });

  it("after Ctrl-C, with its exit code", async (context) => {
    requireDist(context);
    const terminal = new FakeTerminal();
    const running = runFake(["handoff", "torch", options.out, "--out", join(folder, "ctrl-c")], terminal);
    while (!terminal.interrupt()) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await running).toBe(130);
    expect(terminal.err).toContain("ERR_INTERRUPTED");
    expect(readdirSync(folder).filter((name) => name.includes("ctrl-c"))).toEqual([]);
  });

  it("of a corpus that has changed", async () => {
    const changed = { ...smallRun(folder, "changed", { steps: 3 }), corpora: [join(folder, "changed.txt")] };
    const [corpus] = changed.corpora;
    const text = readFileSync(options.corpora[0], "utf8");
    writeFileSync(corpus, text);
    await runHere(changed, { prepareOnly: true });
    writeFileSync(corpus, `${text}one more line\n`);
    expect(await messageOf(() => handOn(changed.out, "none"))).toMatch(/ERR_RESUME_MISMATCH.*changed\.txt/);
  });

  it("is there to import", async () => {
    expect(await messageOf(() => importHere({ folder: options.out }))).toMatch(/ERR_HANDOFF_FOLDER/);
  });
});
