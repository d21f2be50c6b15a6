/**
 * Hands an unfinished pre-training run on to PyTorch: the same recipe, data, vocabulary and weights, in a folder that
 * needs nothing else.
 *
 * The run is opened as `attune pretrain --resume` would open it, so the corpus must still be there and unchanged. It is
 * left as it is, and can go on here as well.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError } from "../base/errors.ts";
import { writeError } from "../base/file-errors.ts";
import { elementCount } from "../base/shape.ts";
import { createFolderAtomic, currentFile } from "../models/checkpoint/index.ts";
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
 *   empty, ERR_NOT_WRITABLE and the like, ERR_INTERRUPTED where it was asked to stop, and what opening and resuming a
 *   run throw. Nothing is left behind where it fails.
 * @param shouldStop asked while the corpus is read, and between files. Default: never
 */
export async function* handoffTorch(
  { run: path, out }: HandoffOptions,
  shouldStop: () => boolean = () => false,
): AsyncGenerator<PretrainEvent | HandoffEvent | HandoffDone> {
  const options = await optionsOfRun(path);
  await refuseTaken(out);
  const checkStop = () => {
    if (shouldStop()) throw interrupted(out);
  };
  const events = withRun(options, { resume: true, path, shouldStop }, async function* (run, backend) {
    const state = (yield* firstWeights(run, backend, true)) ?? initialState;
    yield { event: "phase" as const, phase: "writing" as const };
    await createFolderAtomic(out, (stage) => writeTorchFolder(run, state, stage, checkStop));
    yield await doneEvent(run, state.step, out);
  });
  for await (const event of events) {
    if (event.event === "stopped") throw interrupted(out);
    yield event;
  }
}

function interrupted(file: string): AttuneError {
  return new AttuneError("ERR_INTERRUPTED", {
    rule: "handing a run on goes to its end unless it is asked to stop",
    found: "it was; nothing was written",
    next: "repeat the command to begin again",
    file,
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
  const names = await namesIn(out);
  if (names.length === 0) return;
  throw new AttuneError("ERR_FOLDER_TAKEN", {
    rule: "the folder of a hand-off must be new, or empty",
    found: `found ${names[0]}${names.length === 1 ? "" : ` and ${names.length - 1} more`}`,
    next: "choose another --out, or delete it",
    file: out,
  });
}

/** What stands in a folder, or in its place; nothing where it can be created. */
async function namesIn(out: string): Promise<string[]> {
  try {
    return (await stat(out)).isDirectory() ? await readdir(out) : ["a file of that name"];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw writeError(error, out);
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
