/**
 * Hands an unfinished pre-training run on to PyTorch: the same recipe, data, vocabulary and weights, in a folder that
 * needs nothing else.
 *
 * The run is opened as `attune pretrain --resume` would open it, so the corpus must still be there and unchanged. It is
 * left as it is, and can go on here as well.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AttuneError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { currentFile } from "../models/checkpoint/index.ts";
import type { PretrainEvent, PretrainRun } from "../pretrain/index.ts";
import {
  firstWeights,
  initialState,
  pretrainStateSchema,
  storedPretrainOptions,
  withRun,
} from "../pretrain/index.ts";
import { RunFolder } from "../train/index.ts";
import type { HandoffDone, HandoffEvent } from "./events.ts";
import { writeTorchFolder } from "./torch-folder.ts";

export interface HandoffOptions {
  /** Folder of an unfinished `attune pretrain` run. */
  readonly run: string;
  /** The folder to write; absent or empty. */
  readonly out: string;
}

/**
 * Writes the hand-off folder.
 *
 * @throws ERR_HANDOFF_RUN where no unfinished pre-training run stands in `run`, ERR_FOLDER_TAKEN where `out` is not
 *   empty, and what opening and resuming a run throw. Nothing is left behind where it fails.
 */
export async function* handoffTorch({
  run: path,
  out,
}: HandoffOptions): AsyncGenerator<PretrainEvent | HandoffEvent | HandoffDone> {
  const options = await optionsOfRun(path);
  await refuseTaken(out);
  yield* withRun(options, { resume: true, path }, async function* (run, backend) {
    const state = (yield* firstWeights(run, backend, true)) ?? initialState;
    yield { event: "phase" as const, phase: "writing" as const };
    await replaceEmpty(out, (stage) => writeTorchFolder(run, state, stage));
    yield await doneEvent(run, state.step, out);
  });
}

/** The options of the run in a folder. */
async function optionsOfRun(path: string) {
  const folder = new RunFolder(path, pretrainStateSchema);
  const manifest = await folder.manifest();
  if (manifest === undefined) throw runError(await whatStandsIn(path), path);
  const options: unknown =
    typeof manifest === "object" && manifest !== null && "options" in manifest ? manifest.options : undefined;
  if (typeof options === "object" && options !== null && "train" in options)
    throw runError("the run there is one of `attune train`, which is not handed on", path);
  return storedPretrainOptions(options, join(folder.path, "run.json"));
}

async function whatStandsIn(path: string): Promise<string> {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) return "there is no such folder";
  const config = await stat(await currentFile(path, "config.json")).catch(() => undefined);
  return config === undefined ? "no run stands there" : "it holds a finished model and no run";
}

function runError(found: string, file: string): AttuneError {
  return new AttuneError("ERR_HANDOFF_RUN", {
    rule: "a hand-off goes on with an unfinished run of `attune pretrain`",
    found,
    next: "begin one with `attune pretrain ... --prepare-only --out FOLDER`, then hand FOLDER on",
    file,
  });
}

async function refuseTaken(out: string): Promise<void> {
  const names = await readdir(out).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" ? [] : ["a file of that name"];
  });
  if (names.length === 0) return;
  throw new AttuneError("ERR_FOLDER_TAKEN", {
    rule: "the folder of a hand-off must be new, or empty",
    found: `found ${names[0]}${names.length === 1 ? "" : ` and ${names.length - 1} more`}`,
    next: "choose another --out, or delete it",
    file: out,
  });
}

/** Lets `write` fill a folder beside `out`, then puts it there in one step. */
async function replaceEmpty(out: string, write: (stage: string) => Promise<void>): Promise<void> {
  const folder = resolve(out);
  const stage = join(dirname(folder), `.${basename(folder)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(stage, { recursive: true });
    await write(stage);
    await rmdir(folder).catch(() => undefined); // absent, or empty as was checked
    await rename(stage, folder);
  } catch (error) {
    await rm(stage, { recursive: true, force: true });
    throw error;
  }
}

async function doneEvent(
  { engine, corpus, totalSteps }: PretrainRun,
  step: number,
  out: string,
): Promise<HandoffDone> {
  let bytes = 0;
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return {
    event: "done",
    out,
    step,
    totalSteps,
    parameters: engine.parameters.reduce((total, { spec }) => total + elementCount(spec.shape), 0),
    tokens: corpus.counts.tokens,
    bytes,
  };
}
