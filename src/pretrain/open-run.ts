/**
 * Everything that a pre-training run needs, opened, lent out and closed again: for the loop, and for handing a run on.
 */
import { join } from "node:path";
import { isPresetName } from "../models/bert/presets.ts";
import type { Backend } from "../runtime/index.ts";
import { loadBackend } from "../runtime/index.ts";
import { checkMaxLength, checkResumable, manifestOf, Pace, RunFolder } from "../train/index.ts";
import { findCorpus, tokenizeCorpus } from "./corpus.ts";
import type { PretrainEvent } from "./events.ts";
import type { ResolvedPretrainOptions } from "./options.ts";
import type { PretrainRun } from "./run.ts";
import { createEngine, exampleOptions, planned } from "./run.ts";
import { startingModel } from "./starting-model.ts";
import { type PretrainState, pretrainStateSchema } from "./state.ts";

/**
 * Reads the corpus, builds model and optimizer, and lends them to `use`. The weights are still empty: `firstWeights`.
 *
 * @param place.resume whether an unfinished run must stand there, of these options and data, or none may
 * @param place.path folder of the run, where that is not `options.out`
 * @throws as `pretrain`
 */
export async function* withRun<E>(
  options: ResolvedPretrainOptions,
  { resume, path = options.out }: { readonly resume: boolean; readonly path?: string },
  use: (run: PretrainRun, backend: Backend) => AsyncGenerator<E>,
): AsyncGenerator<PretrainEvent | E> {
  const backend = await loadBackend(options.device);
  const folder = new RunFolder(path, pretrainStateSchema);
  await folder.check(resume);
  const source = await findCorpus(options);
  const start = yield* startingModel(options, source);
  checkMaxLength(options.maxLength, start.config.maxPositionEmbeddings);
  const manifest = manifestOf(options, { ...source.sha256, ...start.sha256 }, backend);
  if (resume) checkResumable(await folder.manifest(), manifest, folder.path);
  else await folder.begin(manifest);
  const corpus = yield* tokenizeCorpus(source, start.tokenizer, options, join(folder.path, "corpus"));
  try {
    yield { event: "phase", phase: "preparing" };
    const engine = await createEngine(options, start, backend);
    try {
      const examples = exampleOptions(options, start.tokenizer);
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
