/**
 * Everything that a pre-training run needs, opened, lent out and closed again: for the loop, and for handing a run on.
 */
import { join } from "node:path";
import { AttuneError, errorCode } from "../base/errors.ts";
import type { ModelPlace } from "../hub/index.ts";
import { isPresetName } from "../models/bert/presets.ts";
import type { Backend } from "../runtime/index.ts";
import { loadBackend } from "../runtime/index.ts";
import {
  checkMaxLength,
  checkResumable,
  manifestOf,
  Pace,
  placeOfModel,
  RunFolder,
  warning,
} from "../train/index.ts";
import { beforeFirstStep, Stopped } from "./before-first-step.ts";
import { type Corpus, findCorpus, tokenizeCorpus } from "./corpus.ts";
import type { PretrainEvent } from "./events.ts";
import type { ResolvedPretrainOptions } from "./options.ts";
import type { PretrainRun } from "./run.ts";
import { createEngine, exampleOptions, planned } from "./run.ts";
import { type PretrainStartingModel, startingModel } from "./starting-model.ts";
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
  try {
    yield* lend(options, opened, folder, backend, use);
  } catch (error) {
    // a run that diverged would do so again, and one without a checkpoint has nothing to resume
    const hopeless = errorCode(error) === "ERR_DIVERGED";
    if (hopeless || (!resume && (await folder.steps()).length === 0)) await folder.discard();
    throw error;
  }
}

type Opened = Pick<PretrainRun, "corpus" | "start" | "manifest">;

/** Builds model and optimizer, lends the run, and closes everything again. */
async function* lend<E>(
  options: ResolvedPretrainOptions,
  opened: Opened,
  folder: RunFolder<PretrainState>,
  backend: Backend,
  use: (run: PretrainRun, backend: Backend) => AsyncGenerator<E>,
): AsyncGenerator<E> {
  const { corpus, start } = opened;
  try {
    const engine = await createEngine(options, start, backend);
    try {
      const examples = exampleOptions(options, start.tokenizer, start.config.vocabSize);
      const plan = planned(options, corpus);
      yield* use({ options, ...opened, folder, engine, examples, ...plan, pace: new Pace() }, backend);
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
  { resume, shouldStop = () => false, ...control }: OpenControl,
  backend: Backend,
  folder: RunFolder<PretrainState>,
): AsyncGenerator<PretrainEvent, Opened> {
  const source = await findCorpus(options, () => {
    if (shouldStop()) throw new Stopped();
  });
  const place = control.place ?? (yield* placeOfModel(options, { resume, signal: undefined }));
  const start = yield* startingModel(options, source, place);
  refuseWithoutWords(options, start);
  checkMaxLength(options.maxLength, start.config.maxPositionEmbeddings);
  const { unused = [] } = start;
  if (!resume && unused.length > 0) yield unusedParts(start.from, unused);
  const manifest = manifestOf(options, { ...source.sha256, ...start.sha256 }, backend, place?.hub);
  if (resume) checkResumable(await folder.manifest(), manifest, folder.path);
  else await folder.begin(manifest);
  const corpus = yield* tokenizeCorpus(source, start.tokenizer, options, join(folder.path, "corpus"));
  let handedOver = false;
  try {
    if (!resume && corpus.counts.unknownShare > MOST_UNKNOWN) yield unknownWords(options, corpus);
    yield { event: "phase", phase: "preparing" };
    handedOver = true;
  } finally {
    if (!handedOver) corpus.store.close();
  }
  return { corpus, start, manifest };
}

/** Share of unknown tokens above which a vocabulary does not fit the corpus. */
const MOST_UNKNOWN = 0.05;

function unknownWords({ vocabulary, model }: ResolvedPretrainOptions, { counts }: Corpus): PretrainEvent {
  const whose = vocabulary ?? (isPresetName(model) ? "learnt from it" : model);
  const share = (100 * counts.unknownShare).toFixed(1);
  return warning(
    "WARN_UNKNOWN_TOKENS",
    `the vocabulary (${whose}) does not know ${share}% of the corpus's tokens: they become [UNK], and the model learns nothing of them`,
  );
}

/** Before the corpus is tokenized: a vocabulary of special tokens alone makes every text unknown. */
function refuseWithoutWords(
  options: ResolvedPretrainOptions,
  { from, tokenizer, config }: PretrainStartingModel,
): void {
  if (exampleOptions(options, tokenizer, config.vocabSize).wordIds.length > 0) return;
  throw new AttuneError("ERR_VOCABULARY_EMPTY", {
    rule: "a vocabulary must hold words or characters beside its special tokens",
    found: `its ${tokenizer.vocabSize} tokens are all special`,
    next: "name a vocab.txt with one token a line, or a preset to learn one",
    file: options.vocabulary ?? from,
  });
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
  return warning(
    "WARN_FRESH_HEAD",
    `${start.from} lacks ${fresh.length} tensors of the pre-training heads, such as "${fresh[0]}": they start afresh`,
  );
}

function unusedParts(from: string, unused: readonly string[]): PretrainEvent {
  return warning(
    "WARN_UNUSED_HEAD",
    `${from} has ${unused.length} tensors that this run has no use for, such as "${unused[0]}": the result will not hold them`,
  );
}
