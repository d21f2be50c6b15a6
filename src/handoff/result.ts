/**
 * What the training script left in a hand-off folder: its latest checkpoint, checked against the recipe before any of it
 * is believed.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError } from "../base/errors.ts";
import { formatShape } from "../base/shape.ts";
import type { TrainingEngine } from "../engine/index.ts";
import {
  describeNotFinite,
  findNotFinite,
  type NotFinite,
  openSafetensors,
  type SafetensorsFile,
} from "../models/checkpoint/index.ts";
import { type PretrainState, pretrainStateSchema } from "../pretrain/index.ts";
import type { Recipe } from "./recipe.ts";

/** The latest checkpoint of the script. */
export interface TorchResult {
  readonly folder: string;
  readonly state: PretrainState;
}

/**
 * Finds the latest checkpoint and reads where it stands.
 *
 * @throws ERR_IMPORT_NOTHING where the script has saved nothing, ERR_HANDOFF_STATE where state.json is not its own
 */
export async function latestResult(folder: string, recipe: Recipe): Promise<TorchResult> {
  const checkpoints = join(folder, "checkpoints");
  const names = await readdir(checkpoints).catch((): string[] => []);
  const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (steps.length === 0) {
    throw new AttuneError("ERR_IMPORT_NOTHING", {
      rule: "a folder to import must hold what pretrain.py has trained",
      found: "there is no checkpoints/step-N in it",
      next: "run pretrain.py there, or copy checkpoints/ back from the machine that ran it",
      file: folder,
    });
  }
  const latest = join(checkpoints, `step-${Math.max(...steps)}`);
  return { folder: latest, state: await readState(join(latest, "state.json"), recipe) };
}

/**
 * Refuses a folder whose files did not come along whole. `start/` is not needed to import.
 *
 * @throws ERR_HANDOFF_FILE naming the file, its bytes and those found
 */
export async function checkFiles(folder: string, recipe: Recipe): Promise<void> {
  for (const [name, bytes] of Object.entries(recipe.files)) {
    if (!name.startsWith("corpus/")) continue;
    const file = join(folder, name);
    const found = await stat(file).then(
      ({ size }) => `found ${size}`,
      () => "it is missing",
    );
    if (found === `found ${bytes}`) continue;
    throw new AttuneError("ERR_HANDOFF_FILE", {
      rule: `the file must have ${bytes} bytes`,
      found,
      next: "copy it again",
      file,
    });
  }
}

/**
 * Reads the weights of a result into the engine.
 *
 * @throws ERR_IMPORT_OTHER_RUN, ERR_TENSOR_MISSING, ERR_TENSOR_UNEXPECTED, ERR_TENSOR_SHAPE, ERR_TENSOR_DTYPE,
 *   ERR_TENSOR_NOT_FINITE, each naming the tensor, and what `openSafetensors` throws
 */
export async function readWeights(
  result: TorchResult,
  recipe: Recipe,
  engine: TrainingEngine,
): Promise<void> {
  const targets = engine.parameters.map(({ spec, values }) => ({
    name: spec.name,
    shape: spec.shape,
    values,
  }));
  await readTensors(join(result.folder, "model.safetensors"), targets, recipe);
}

/** The same of both moments. */
export async function readMoments(
  result: TorchResult,
  recipe: Recipe,
  engine: TrainingEngine,
): Promise<void> {
  const shapes = new Map(engine.parameters.map(({ spec }) => [spec.name, spec.shape]));
  const { moments } = engine.optimizerState;
  const targets = moments.flatMap(({ name, m, v }) => {
    const shape = shapes.get(name) ?? [];
    return [
      { name: `m.${name}`, shape, values: m },
      { name: `v.${name}`, shape, values: v },
    ];
  });
  await readTensors(join(result.folder, "optimizer.safetensors"), targets, recipe);
  engine.loadOptimizerState({ stepCount: result.state.step, moments });
}

interface Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

async function readTensors(path: string, targets: readonly Target[], recipe: Recipe): Promise<void> {
  const file = await openSafetensors(path);
  try {
    if (file.metadata.recipe !== recipe.id) {
      throw new AttuneError("ERR_IMPORT_OTHER_RUN", {
        rule: `a checkpoint must be of this folder's recipe, ${recipe.id.slice(0, 12)}`,
        found: `it is of ${file.metadata.recipe?.slice(0, 12) ?? "none"}`,
        next: "import the folder that it was trained in",
        file: path,
      });
    }
    checkTensors(file, targets);
    for (const { name, shape, values } of targets) {
      await file.readInto(name, values);
      const bad = findNotFinite(values, shape);
      if (bad !== undefined) throw notFinite(name, bad, path);
    }
  } finally {
    await file.close();
  }
}

function checkTensors({ tensors, path }: SafetensorsFile, targets: readonly Target[]): void {
  const refuse = (code: `ERR_${string}`, found: string) =>
    new AttuneError(code, {
      rule: "the tensors must be those of the recipe, by name and shape",
      found,
      next: "copy the checkpoint again, or go on from an earlier one",
      file: path,
    });
  for (const { name, shape } of targets) {
    const stored = tensors.get(name);
    if (stored === undefined) throw refuse("ERR_TENSOR_MISSING", `"${name}" is missing`);
    const [wanted, found] = [formatShape(shape), formatShape(stored.shape)];
    if (wanted !== found) throw refuse("ERR_TENSOR_SHAPE", `"${name}" is ${found}, not ${wanted}`);
    if (stored.dtype !== "F32") throw refuse("ERR_TENSOR_DTYPE", `"${name}" is ${stored.dtype}, not F32`);
  }
  const known = new Set(targets.map(({ name }) => name));
  for (const name of tensors.keys())
    if (!known.has(name)) throw refuse("ERR_TENSOR_UNEXPECTED", `"${name}" is not among them`);
}

function notFinite(name: string, bad: NotFinite, file: string): AttuneError {
  return new AttuneError("ERR_TENSOR_NOT_FINITE", {
    rule: "every weight and moment must be a finite number",
    found: `of "${name}" ${describeNotFinite(bad)}`,
    next: "the run has diverged: hand it on again from before, with a lower learning rate or --precision fp32",
    file,
  });
}

async function readState(file: string, recipe: Recipe): Promise<PretrainState> {
  const text = await readFile(file, "utf8").catch(() => "");
  const { startStep, totalSteps } = recipe.plan;
  const refuse = (found: string) =>
    new AttuneError("ERR_HANDOFF_STATE", {
      rule: "a checkpoint's state.json must be as pretrain.py wrote it",
      found,
      next: "copy the checkpoint again",
      file,
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse("it is not JSON");
  }
  const parsed = pretrainStateSchema.safeParse(json);
  if (!parsed.success)
    throw refuse(`${parsed.error.issues[0].path.join(".")}: ${parsed.error.issues[0].message}`);
  const { step } = parsed.data;
  if (step < startStep || step > totalSteps)
    throw refuse(`step ${step} is not in ${startStep}..${totalSteps}`);
  return parsed.data;
}
