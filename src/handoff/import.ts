/**
 * Brings the result of a hand-off back: a finished run becomes a model folder, as the end of `attune pretrain` writes
 * it; an unfinished one becomes a run that `attune pretrain --resume` goes on with.
 *
 * Weights are taken only as the recipe describes them, and the held-out text is scored anew by attune's own engine.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AttuneError } from "../base/errors.ts";
import {
  createEngine,
  evaluateHeldOut,
  exampleOptions,
  openCorpus,
  planned,
  type PretrainScores,
  type PretrainStartingModel,
  type PretrainState,
  pretrainStateSchema,
  type ScoredRun,
  storedPretrainOptions,
  writePretrainedModel,
} from "../pretrain/index.ts";
import { type DeviceChoice, loadBackend } from "../runtime/index.ts";
import { BertTokenizer } from "../text/index.ts";
import { type Manifest, manifestSchema, RunFolder } from "../train/index.ts";
import type { HandoffEvent, ImportDone } from "./events.ts";
import { readRecipe, type Recipe } from "./recipe.ts";
import { checkFiles, latestResult, readMoments, readWeights, type TorchResult } from "./result.ts";
import { copyStore } from "./torch-folder.ts";

export interface ImportOptions {
  /** A folder that `attune handoff` wrote and pretrain.py has worked in. */
  readonly folder: string;
  /** Where the result goes. Default: the folder of the run that was handed on, which must still stand there. */
  readonly out?: string;
  /** Runtime that scores. Default: that of the run. */
  readonly device?: DeviceChoice;
}

/**
 * Imports a result.
 *
 * @throws ERR_IMPORT_NO_RUN where `out` is left out and the run is not where it was, seen from this folder
 * @throws what `readRecipe`, `latestResult`, `checkFiles`, `readWeights` and `readMoments` throw; ERR_IMPORT_OTHER_RUN
 *   where another run stands in the output folder, ERR_IMPORT_BEHIND where the run there has gone further
 */
export async function* importResult(given: ImportOptions): AsyncGenerator<HandoffEvent | ImportDone> {
  const { folder } = given;
  const recipe = await readRecipe(folder);
  const result = await latestResult(folder, recipe);
  await checkFiles(folder, recipe);
  const stored = storedPretrainOptions(recipe.manifest.options, join(folder, "recipe.json"));
  const options = { ...stored, out: given.out ?? stored.out };
  const manifest = { ...recipe.manifest, options: { ...recipe.manifest.options, out: options.out } };
  const target = new RunFolder(options.out, pretrainStateSchema);
  await checkTarget(target, manifest, result);
  if (given.out === undefined && (await target.manifest()) === undefined) throw noRun(stored.out);
  yield { event: "phase", phase: "preparing" };
  const start = await startOf(folder, recipe);
  const corpus = await openCorpus(join(folder, "corpus"), options);
  try {
    const backend = await loadBackend(given.device ?? options.device);
    const engine = await createEngine(options, start, backend);
    try {
      await readWeights(result, recipe, engine);
      const { stepsPerEpoch } = planned(options, corpus);
      const run = { options, corpus, start, manifest, engine, stepsPerEpoch };
      const scored = { ...run, examples: exampleOptions(options, start.tokenizer, start.config.vocabSize) };
      yield { event: "phase", phase: "scoring" };
      const dev = await evaluateHeldOut(scored);
      if (result.state.step === recipe.plan.totalSteps)
        yield await finished(scored, target, result.state, dev);
      else yield await unfinished(scored, { target, folder, recipe, result, dev });
    } finally {
      await engine.dispose();
    }
  } finally {
    corpus.store.close();
  }
}

async function finished(
  run: ScoredRun,
  target: RunFolder<PretrainState>,
  state: PretrainState,
  dev: PretrainScores,
): Promise<ImportDone> {
  const { step, tokens, curve } = state;
  const { loss, accuracy, sentenceAccuracy } = dev;
  const sentences = sentenceAccuracy === undefined ? {} : { sentenceAccuracy };
  // the last point is attune's own figure
  const points = [
    ...curve.filter((point) => point.step < step),
    { step, tokens, loss, accuracy, ...sentences },
  ];
  const pseudoPerplexity = await writePretrainedModel(run, { ...state, curve: points }, dev);
  if ((await target.manifest()) !== undefined) await target.remove();
  const { out } = run.options;
  return { event: "done", finished: true, out, step, totalSteps: step, tokens, dev, pseudoPerplexity };
}

interface Unfinished {
  readonly target: RunFolder<PretrainState>;
  readonly folder: string;
  readonly recipe: Recipe;
  readonly result: TorchResult;
  readonly dev: PretrainScores;
}

async function unfinished(
  { options, manifest, engine }: ScoredRun,
  { target, folder, recipe, result, dev }: Unfinished,
): Promise<ImportDone> {
  await readMoments(result, recipe, engine);
  await bringStore(join(folder, "corpus"), join(target.path, "corpus"));
  if ((await target.manifest()) === undefined) await target.begin(manifest);
  const { step, tokens } = result.state;
  return {
    event: "done",
    finished: false,
    out: options.out,
    step,
    totalSteps: recipe.plan.totalSteps,
    tokens,
    dev,
    checkpoint: await target.save(engine, result.state),
    options: manifest.options,
  };
}

/** The run's own store stays where it is the same. */
async function bringStore(from: string, to: string): Promise<void> {
  const [theirs, ours] = await Promise.all(
    [from, to].map((store) => readFile(join(store, "meta.json"), "utf8").catch(() => undefined)),
  );
  if (ours === undefined || ours !== theirs) await copyStore(from, to);
}

/** The model that the run started from, as far as the folder carries it: its weights came along as a checkpoint. */
async function startOf(folder: string, { model, manifest }: Recipe): Promise<PretrainStartingModel> {
  const file = join(folder, "tokenizer.json");
  const json = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AttuneError("ERR_HANDOFF_FILE", {
      rule: "a folder to import must hold the tokenizer",
      found: "it is missing",
      next: "copy tokenizer.json from the hand-off again",
      file,
      cause,
    });
  });
  return {
    from: model.from,
    sha256: manifest.sha256,
    config: model.config,
    tokenizer: BertTokenizer.fromTokenizerJson(json, file),
    fill: async () => [],
  };
}

/** Refuses to write over another run, or over one that has gone further. */
async function checkTarget(
  target: RunFolder<PretrainState>,
  manifest: Manifest,
  { state }: TorchResult,
): Promise<void> {
  const there = await target.manifest();
  if (there === undefined) return;
  const parsed = manifestSchema.safeParse(there);
  if (!parsed.success || identity(parsed.data) !== identity(manifest)) {
    throw new AttuneError("ERR_IMPORT_OTHER_RUN", {
      rule: "the output folder must hold the run that was handed on, or none",
      found: "an unfinished run of other options or data stands there",
      next: "choose another folder with --out",
      file: target.path,
    });
  }
  const [step] = await target.steps();
  if (step === undefined || step <= state.step) return;
  throw new AttuneError("ERR_IMPORT_BEHIND", {
    rule: "the output folder must hold the run at the step of the hand-off, or before the result's",
    found: `it went on to step ${step} by itself, and the result is of step ${state.step}`,
    next: "choose another folder with --out",
    file: target.path,
  });
}

/** The recipe knows its folder as the command line named it, which is another one elsewhere. */
function noRun(out: string): AttuneError {
  return new AttuneError("ERR_IMPORT_NO_RUN", {
    rule: "without --out a result goes into the run that was handed on",
    found: `it does not stand in ${resolve(out)}`,
    next: "name the folder with --out, or run the command from where the run was begun",
  });
}

/** What makes two manifests those of one run. */
function identity({ options, sha256 }: Manifest): string {
  const { out: _, ...rest } = options;
  const sorted = (values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(rest), sorted(sha256)]);
}
