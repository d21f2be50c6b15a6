/**
 * What pre-training starts from: a preset with fresh weights and a vocabulary learnt from the corpus, or a model folder
 * to go on from, such as one that is to learn the words of a domain before it is fine-tuned (Gururangan et al. 2020).
 */
import { readFile } from "node:fs/promises";
import { internal } from "../base/errors.ts";
import { readError } from "../base/file-errors.ts";
import { elementCount } from "../base/shape.ts";
import type { TrainingEngine } from "../engine/index.ts";
import type { ModelPlace } from "../hub/index.ts";
import type { BertConfig } from "../models/bert/config.ts";
import { bertPretrainingLoss } from "../models/bert/masked-lm.ts";
import { bertEncoderPreset, isPresetName } from "../models/bert/presets.ts";
import {
  assertLoadable,
  type Match,
  maskedLmConfig,
  matchParameters,
  type ModelFolder,
  readModelFolder,
  readParameter,
  type StoredWeights,
} from "../models/checkpoint/index.ts";
import { initialize, type ParameterSpec } from "../nn/index.ts";
import type { Backend } from "../runtime/index.ts";
import { BertTokenizer, readVocabulary } from "../text/index.ts";
import { hashModelFiles, requireMask, shownName, wordPieceOfFolder } from "../train/index.ts";
import type { Corpus, CorpusSource } from "./corpus.ts";
import { learnVocabulary } from "./corpus.ts";
import type { PretrainEvent } from "./events.ts";
import { informedStart } from "./informed-start.ts";
import type { ResolvedPretrainOptions } from "./options.ts";

export interface PretrainStartingModel {
  /** For people: "mini, from scratch" or the folder. */
  readonly from: string;
  /** SHA-256 of the files that it was read from, by path. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly config: BertConfig;
  readonly tokenizer: BertTokenizer;
  /** Tensors of the folder that the run has no place for: heads of other tasks and objectives. Default: none. */
  readonly unused?: readonly string[];
  /** Puts the first weights into the engine and names those of a folder's model that start afresh. */
  fill(engine: TrainingEngine, corpus: Corpus, backend: Backend): Promise<readonly string[]>;
}

/** Decides on architecture, vocabulary and first weights. */
export async function* startingModel(
  options: ResolvedPretrainOptions,
  source: CorpusSource,
  place: ModelPlace | undefined,
): AsyncGenerator<PretrainEvent, PretrainStartingModel> {
  const { model } = options;
  if (isPresetName(model)) return yield* fromScratch(model, options, source);
  if (place === undefined) throw internal(`nobody has looked where "${model}" is`);
  return fromFolder(options, place);
}

/** Dropout while pre-training. The model's own figures are for fine-tuning, and stay in its config.json. */
export function withoutDropout(config: BertConfig, rate: number): BertConfig {
  return { ...config, hiddenDropoutProb: rate, attentionProbsDropoutProb: rate };
}

async function* fromScratch(
  preset: string,
  options: ResolvedPretrainOptions,
  source: CorpusSource,
): AsyncGenerator<PretrainEvent, PretrainStartingModel> {
  const { vocabulary, lowercase, maxPositions, initializerRange, seed } = options;
  const tokens =
    vocabulary === undefined
      ? yield* learnVocabulary(source, options)
      : readVocabulary(await readText(vocabulary), vocabulary);
  const tokenizer = BertTokenizer.fromVocabulary(tokens, { lowercase });
  requireMask(tokenizer); // here, before the corpus is read
  const config = bertEncoderPreset(preset, {
    vocabSize: tokenizer.vocabSize,
    padTokenId: tokenizer.padId,
    maxPositionEmbeddings: maxPositions,
    initializerRange,
  });
  return {
    from: `${preset}, from scratch`,
    sha256: {},
    config,
    tokenizer,
    async fill(engine, corpus, backend) {
      for (const { spec, values } of engine.parameters) initialize(spec, seed, values);
      if (options.initialization === "informed")
        await informedStart(engine, { tokenizer, config, corpus, backend, seed });
      return [];
    },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw readError(error, path);
  }
}

async function fromFolder(
  { model, seed, objective }: ResolvedPretrainOptions,
  place: ModelPlace,
): Promise<PretrainStartingModel> {
  const path = place.folder;
  const folder = await readModelFolder(path);
  const { config, unused } = await checked(folder, objective);
  const tokenizer = wordPieceOfFolder(folder, config.vocabSize);
  return {
    from: shownName(model, place),
    sha256: await hashModelFiles(model, folder, place.hub),
    config,
    tokenizer,
    unused,
    async fill(engine) {
      const { weights } = await readModelFolder(path);
      try {
        const specs = engine.parameters.map(({ spec }) => spec);
        const match = matchEncoder(specs, weights);
        for (const { spec, values } of engine.parameters) {
          const stored = match.storedNames.get(spec.name);
          if (stored === undefined) initialize(spec, seed, values);
          else await readParameter(weights, stored, spec, values);
        }
        return specs.map(({ name }) => name).filter((name) => !match.storedNames.has(name));
      } finally {
        await weights.close();
      }
    },
  };
}

/** A bare encoder lacks the heads, a masked-language model the pooler: those start afresh. */
function matchEncoder(specs: readonly ParameterSpec[], weights: StoredWeights): Match {
  const match = matchParameters(specs, weights);
  const isHead = (name: string) => name.startsWith("cls.") || name.startsWith("bert.pooler.");
  assertLoadable({ ...match, missing: match.missing.filter((name) => !isHead(name)) });
  return match;
}

/**
 * Reads configuration and weights once before the corpus is tokenized, which may take hours.
 *
 * @returns with the configuration the tensors that the run has no place for; copies of others, such as the tied
 *   decoder, left out
 * @throws as `maskedLmConfig`, `assertLoadable` and `readParameter` do
 */
async function checked(folder: ModelFolder, objective: ResolvedPretrainOptions["objective"]) {
  const { weights } = folder;
  try {
    const config = await maskedLmConfig(folder, "attune pretrain --model");
    const specs = bertPretrainingLoss(config, objective).parameters;
    const { storedNames, unexpected, ignored } = matchEncoder(specs, weights);
    for (const spec of specs) {
      const stored = storedNames.get(spec.name);
      if (stored !== undefined)
        await readParameter(weights, stored, spec, new Float32Array(elementCount(spec.shape)));
    }
    const pairs = ignored.filter(({ name }) => name.includes("cls.seq_relationship."));
    return { config, unused: [...unexpected, ...pairs.map(({ name }) => name)] };
  } finally {
    await weights.close();
  }
}
