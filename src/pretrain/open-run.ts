/**
 * Everything that a pre-training run needs, opened, lent out and closed again: for the loop, and for handing a run on.
 */
import { join } from "node:path";
import type { ModelPlace } from "../hub/index.ts";
import { isPresetName } from "../models/bert/presets.ts";
import type { Backend } from "../runtime/index.ts";
import { loadBackend } from "../runtime/index.ts";
import { checkMaxLength, checkResumable, manifestOf, Pace, placeOfModel, RunFolder } from "../train/index.ts";
import { beforeFirstStep } from "./before-first-step.ts";
import { findCorpus, tokenizeCorpus } from "./corpus.ts";
import type { PretrainEvent } from "./events.ts";
import type { ResolvedPretrainOptions } from "./options.ts";
import type { PretrainRun } from "./run.ts";
import { createEngine, exampleOptions, planned } from "./run.ts";
import { startingModel } from "./starting-model.ts";
import { type PretrainState, pretrainStateSchema } from "./state.ts";

export interface OpenControl {
  /** Whether an unfinished run must stand there, of these options and data, or none may. */
  readonly resume: boolean;
  /** Where the options' model is; default: looked for. */
  readonly place?: ModelPlace | undefined;
  /** Folder of the run, where that is not `options.out`. */
  readonly path?: string;
  /** Asked while the corpus is read: true ends with the event "stopped". Default: never. */
  readonly shouldStop?: () => boolean;
}

/**
 * Reads the corpus, builds model and optimizer, and lends them to `use`. The weights are still empty: `firstWeights`.
 *
 * @throws as `pretrain`
 */
export async function* withRun<E>(
  options: ResolvedPretrainOptions,
  control: OpenControl,
  use: (run: PretrainRun, backend: Backend) => AsyncGenerator<E>,
): AsyncGenerator<PretrainEvent | E> {
  const { resume, path = options.out, shouldStop = () => false } = control;
  if (isPresetName(options.model)) checkMaxLength(options.maxLength, options.maxPositions);
  const backend = await loadBackend(options.device);
  const folder = new RunFolder(path, pretrainStateSchema);
  await folder.check(resume);
  const opening = openCorpus(options, control, backend, folder);
  const opened = yield* beforeFirstStep(opening, folder, { resume, shouldStop });
  if (opened === undefined) {
    yield { event: "stopped" };
    return;
  }
  const { corpus, start, manifest } = opened;
  try {
    yield { event: "phase", phase: "preparing" };
    const engine = await createEngine(options, start, backend);
    try {
      const examples = exampleOptions(options, start.tokenizer, start.config.vocabSize);
      const plan = planned(options, corpus);
      yield* use(
        { options, corpus, start, manifest, folder, engine, examples, ...plan, pace: new Pace() },
        backend,
      );
    } finally {
      await engine.dispose();
    }
  } finally {
    corpus.store.close();
  }
}

/** Everything that is read before the first step. */
async function* openCorpus(
  options: ResolvedPretrainOptions,
  { resume, ...control }: OpenControl,
  backend: Backend,
  folder: RunFolder<PretrainState>,
): AsyncGenerator<PretrainEvent, Pick<PretrainRun, "corpus" | "start" | "manifest">> {
  const source = await findCorpus(options);
  const place = control.place ?? (yield* placeOfModel(options, { resume, signal: undefined }));
  const start = yield* startingModel(options, source, place);
  checkMaxLength(options.maxLength, start.config.maxPositionEmbeddings);
  const manifest = manifestOf(options, { ...source.sha256, ...start.sha256 }, backend, place?.hub);
  if (resume) checkResumable(await folder.manifest(), manifest, folder.path);
  else await folder.begin(manifest);
  const corpus = yield* tokenizeCorpus(source, start.tokenizer, options, join(folder.path, "corpus"));
  return { corpus, start, manifest };
}

/**
 * Puts the last checkpoint's weights into the engine, or the run's first ones.
 *
 * @returns the state of the checkpoint; undefined where there was none
 */
export async function* firstWeights(
  run: PretrainRun,
  backend: Backend,
  resume: boolean,
): AsyncGenerator<PretrainEvent, PretrainState | undefined> {
  const { options, folder, engine, start, corpus } = run;
  const restored = resume ? await folder.restore(engine) : undefined;
  if (restored !== undefined) return restored;
  if (options.initialization === "informed" && isPresetName(options.model))
    yield { event: "phase", phase: "initializing" };
  const fresh = await start.fill(engine, corpus, backend);
  if (fresh.length > 0) yield freshHeads(run, fresh);
  return undefined;
}

function freshHeads({ start }: PretrainRun, fresh: readonly string[]): PretrainEvent {
  return {
    event: "warning",
    code: "WARN_FRESH_HEAD",
    message: `${start.from} lacks ${fresh.length} tensors of the pre-training heads, such as "${fresh[0]}": they start afresh`,
  };
}
