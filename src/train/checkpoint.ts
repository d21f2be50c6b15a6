/**
 * What a run leaves on disk while it trains, so that a kill at any instant loses at most the steps since the last
 * checkpoint, and a resumed run goes on to the same bits.
 *
 *     OUT/checkpoints/run.json              the options, data hashes and versions of the run
 *     OUT/checkpoints/step-N/               weights, their average, both moments, loop state; written whole or not at all
 *     OUT/checkpoints/kept.safetensors      the weights kept so far
 *     OUT/checkpoints/corpus/               the tokenized corpus, of pre-training (pretrain/token-store.ts)
 *
 * There is no generator state: random numbers are functions of the step (base/random.ts). Other files that stand there
 * are somebody else's: they do not count and are never removed.
 */
import { constants, existsSync } from "node:fs";
import { access, mkdir, readdir, readFile, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { AttuneError, internal } from "../base/errors.ts";
import { isMissing, writeError } from "../base/file-errors.ts";
import {
  currentFile,
  encodeSafetensors,
  openSafetensors,
  writeFileAtomic,
  writeFolderAtomic,
} from "../models/checkpoint/index.ts";
import type { NamedTensor, SafetensorsFile } from "../models/checkpoint/index.ts";
import type { TrainingEngine } from "../engine/index.ts";

export const loopStateSchema = z.strictObject({
  step: z.int(),
  highestAccuracy: z.number(),
  keptStep: z.int(),
  keptEpoch: z.int(),
  epochsNotKept: z.int(),
  collapsedEpochs: z.int(),
  /** Of the epoch that is under way: summed loss and examples. */
  epochLoss: z.number(),
  epochExamples: z.int(),
});

/** Where the loop stands after `step` optimizer steps. */
export type LoopState = z.infer<typeof loopStateSchema>;

export const initialState: LoopState = {
  step: 0,
  highestAccuracy: 0,
  keptStep: 0,
  keptEpoch: 0,
  epochsNotKept: 0,
  collapsedEpochs: 0,
  epochLoss: 0,
  epochExamples: 0,
};

/** Files of a checkpoint; without the last there is none. */
const CHECKPOINT_FILES = ["model.safetensors", "optimizer.safetensors", "state.json"];
/** Files of a tokenized corpus; without the first there is none. */
const CORPUS_FILES = ["meta.json", "documents.bin", "tokens.bin"];
/** What a write that was killed leaves (models/checkpoint/atomic-write.ts). */
const UNFINISHED_WRITE = /^\.(commit|.+\.[0-9a-f]{8}\.tmp)$/;

/** The folder of a run whose loop keeps a `State`. */
export class RunFolder<State extends { readonly step: number } = LoopState> {
  readonly path: string;
  readonly #stateSchema: z.ZodType<State>;
  /** The topmost folder that `prepare` created. */
  #created: string | undefined;

  /**
   * @param out the model's folder
   * @param stateSchema what a checkpoint's state.json must be
   */
  constructor(out: string, stateSchema: z.ZodType<State>) {
    this.path = join(out, "checkpoints");
    this.#stateSchema = stateSchema;
  }

  /**
   * What must hold of the folder before anything is done.
   *
   * @throws ERR_NOTHING_TO_RESUME, ERR_RUN_UNFINISHED
   */
  async check(resume: boolean): Promise<void> {
    const [step] = await this.steps();
    if (resume && (await this.manifest()) === undefined) {
      throw new AttuneError("ERR_NOTHING_TO_RESUME", {
        rule: "--resume goes on with an unfinished run in the output folder",
        found: "no run stands there",
        next: "leave --resume out, or name the folder of the run with --out",
        file: this.path,
      });
    }
    if (!resume && step !== undefined && (await this.manifest()) !== undefined) {
      throw new AttuneError("ERR_RUN_UNFINISHED", {
        rule: "a new run needs a folder without an unfinished one",
        found: `one stopped at step ${step}`,
        next: "add --resume to go on with it, delete that folder, or choose another --out",
        file: this.path,
      });
    }
  }

  /** Creates the model's folder, so that one that cannot be written to is refused before long work. */
  async prepare(): Promise<void> {
    const out = dirname(this.path);
    try {
      this.#created = await mkdir(out, { recursive: true });
      await access(out, constants.W_OK);
    } catch (cause) {
      throw writeError(cause, out, 0);
    }
  }

  /** Gives up a run that is not worth resuming: removes it, and the folders that `prepare` created. */
  async discard(): Promise<void> {
    await this.remove();
    if (this.#created === undefined) return;
    const top = dirname(this.#created);
    for (let folder = resolve(dirname(this.path)); folder !== top; folder = dirname(folder)) {
      if (!(await removeEmpty(folder))) return;
    }
  }

  /** The manifest of the run that stands here, or undefined. */
  async manifest(): Promise<unknown> {
    const file = await currentFile(this.path, "run.json");
    const text = await readFile(file, "utf8").catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Begins a run where none stands; what a removal that was cut short left of an earlier one goes. */
  async begin(manifest: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#removeSteps();
    await writeFolderAtomic(this.path, { "run.json": `${JSON.stringify(manifest, null, 2)}\n` });
  }

  /** Steps that have a whole checkpoint, latest first. */
  async steps(): Promise<readonly number[]> {
    const steps = (await this.#names())
      .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
      .filter((step) => existsSync(join(this.#folderOf(step), "state.json")));
    return steps.map(Number).sort((a, b) => b - a);
  }

  /** Writes the checkpoint of `state.step`, then removes older ones. Returns its path. */
  async save(engine: TrainingEngine, state: State): Promise<string> {
    const folder = this.#folderOf(state.step);
    await writeCheckpoint(folder, engine, state);
    await this.#removeSteps(state.step);
    return folder;
  }

  /** Puts the latest checkpoint into the engine and gives the state it belongs to; undefined where there is none. */
  async restore(engine: TrainingEngine): Promise<State | undefined> {
    const [step] = await this.steps();
    if (step === undefined) return undefined;
    const folder = this.#folderOf(step);
    const state = this.#parseState(await readFile(join(folder, "state.json"), "utf8"), folder);
    await readWeights(join(folder, "model.safetensors"), engine.parameters);
    const moments = await openSafetensors(join(folder, "optimizer.safetensors"));
    try {
      const views = engine.optimizerState.moments;
      for (const { name, average } of averages(engine)) await moments.readInto(`a.${name}`, average);
      for (const { name, m, v } of views) {
        await moments.readInto(`m.${name}`, m);
        await moments.readInto(`v.${name}`, v);
      }
      engine.loadOptimizerState({ stepCount: state.step, moments: views });
    } finally {
      await moments.close();
    }
    return state;
  }

  async saveKept(engine: TrainingEngine): Promise<void> {
    const path = join(this.path, "kept.safetensors");
    await writeFileAtomic(path, encodeSafetensors(evaluatedTensors(engine), { format: "pt" }, path));
  }

  async loadKept(engine: TrainingEngine): Promise<void> {
    await readWeights(join(this.path, "kept.safetensors"), engine.evaluated);
  }

  /** The run is complete and its model written: nothing of it is needed any more. */
  async remove(): Promise<void> {
    for (const name of await this.#names()) {
      if (UNFINISHED_WRITE.test(name)) await rm(join(this.path, name), { recursive: true, force: true });
    }
    await removeFiles(this.path, ["run.json"]); // from here on no run stands here, also if deleting is cut short
    await this.#removeSteps();
    await removeFiles(join(this.path, "corpus"), CORPUS_FILES);
    await removeFiles(this.path, ["kept.safetensors"]);
  }

  async #removeSteps(but?: number): Promise<void> {
    for (const step of await this.steps())
      if (step !== but) await removeFiles(this.#folderOf(step), CHECKPOINT_FILES);
  }

  #folderOf(step: number | string): string {
    return join(this.path, `step-${step}`);
  }

  #names(): Promise<string[]> {
    return readdir(this.path).catch((): string[] => []);
  }

  #parseState(text: string, folder: string): State {
    const parsed = this.#stateSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new AttuneError("ERR_CHECKPOINT_STATE", {
      rule: "a checkpoint's state.json must be one that this version of attune wrote",
      found: parsed.error.issues[0].message,
      next: "resume with the version that wrote it, or delete the folder and start over",
      file: folder,
    });
  }
}

/** Writes weights, moments and state into a folder, all of them or none. */
export async function writeCheckpoint(folder: string, engine: TrainingEngine, state: object): Promise<void> {
  const weights = join(folder, "model.safetensors");
  const moments = join(folder, "optimizer.safetensors");
  await writeFolderAtomic(folder, {
    "model.safetensors": encodeSafetensors(toTensors(engine.parameters), { format: "pt" }, weights),
    "optimizer.safetensors": encodeSafetensors(momentTensors(engine), {}, moments),
    "state.json": `${JSON.stringify(state, null, 2)}\n`,
  });
}

/** The weights that the engine evaluates, as tensors to write; views, so write before the next step. */
export function evaluatedTensors(engine: TrainingEngine): NamedTensor[] {
  return toTensors(engine.evaluated);
}

function toTensors(weights: TrainingEngine["parameters"]): NamedTensor[] {
  return weights.map(({ spec, values }) => ({ name: spec.name, shape: spec.shape, data: values }));
}

/** The running averages by name; none where the engine keeps none. */
function averages({
  parameters,
  evaluated,
}: TrainingEngine): { readonly name: string; readonly average: Float32Array }[] {
  return evaluated.flatMap(({ spec, values }, i) =>
    values === parameters[i].values ? [] : [{ name: spec.name, average: values }],
  );
}

function momentTensors(engine: TrainingEngine): NamedTensor[] {
  const shapes = new Map(engine.parameters.map(({ spec }) => [spec.name, spec.shape]));
  const shapeOf = (name: string): readonly number[] => {
    const shape = shapes.get(name);
    if (shape === undefined) throw internal(`moments of unknown parameter "${name}"`);
    return shape;
  };
  return [
    ...engine.optimizerState.moments.flatMap(({ name, m, v }) => [
      { name: `m.${name}`, shape: shapeOf(name), data: m },
      { name: `v.${name}`, shape: shapeOf(name), data: v },
    ]),
    ...averages(engine).map(({ name, average }) => ({
      name: `a.${name}`,
      shape: shapeOf(name),
      data: average,
    })),
  ];
}

async function readWeights(path: string, weights: TrainingEngine["parameters"]): Promise<void> {
  const file: SafetensorsFile = await openSafetensors(path);
  try {
    for (const { spec, values } of weights) await file.readInto(spec.name, values);
  } finally {
    await file.close();
  }
}

/** Removes files of a folder, in this order, and the folder where nothing else stands in it. */
async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await unlink(join(folder, name)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
  await removeEmpty(folder);
}

/** Whether the folder was there and empty: then it is gone. */
function removeEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
