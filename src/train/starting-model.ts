/**
 * What training starts from: a preset with fresh weights and a vocabulary learnt from train, or a model folder.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { LabelSchema } from "../data/index.ts";
import { hashSource } from "../data/index.ts";
import type { HubOrigin, ModelPlace } from "../hub/index.ts";
import type { SequenceClassificationConfig } from "../models/bert/config.ts";
import { bertModel } from "../models/bert/family.ts";
import { bertPreset, isPresetName } from "../models/bert/presets.ts";
import type { ModelFolder } from "../models/checkpoint/index.ts";
import {
  assertLoadable,
  hasHead,
  isBuiltIn,
  matchParameters,
  readModelFolder,
  readParameter,
  withoutHead,
} from "../models/checkpoint/index.ts";
import type { ParsedConfig } from "../models/config-format.ts";
import { parseModelConfig } from "../models/families.ts";
import type { ClassifierModel } from "../models/family.ts";
import type { ClassificationHead } from "../models/head-config.ts";
import { initialize } from "../nn/index.ts";
import type { Tokenizer } from "../text/index.ts";
import { BertTokenizer, trainWordPiece } from "../text/index.ts";
import type { TrainingEngine } from "../engine/index.ts";
import type { TrainEvent } from "./events.ts";
import { shownName } from "./model-place.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { Examples } from "./prepare.ts";
import { tokenizerOfFolder } from "./tokenizer-of-folder.ts";

export interface StartingModel {
  /** For people: "tiny, from scratch", the folder, or the model on the hub. */
  readonly from: string;
  /** SHA-256 of the files that it was read from, by path. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly model: ClassifierModel;
  readonly tokenizer: Tokenizer;
  /** Puts the first weights into the engine. */
  fill(engine: TrainingEngine): Promise<void>;
}

/** Decides on architecture, vocabulary and first weights; `place` is where the options' model is. */
export async function* startingModel(
  options: ResolvedTrainOptions,
  examples: Examples,
  place: ModelPlace = { folder: options.model },
): AsyncGenerator<TrainEvent, StartingModel> {
  if (isPresetName(options.model)) {
    yield { event: "phase", phase: "vocabulary" };
    return fromScratch(options.model, options, examples);
  }
  return yield* fromFolder(options, examples.schema, place);
}

/** The width of a model to go on from. */
export async function hiddenSizeOf({ folder: path }: ModelPlace): Promise<number> {
  const folder = await readModelFolder(path);
  await folder.weights.close();
  return parseModelConfig(folder.config, folder.configFile).encoder.config.hiddenSize;
}

function fromScratch(preset: string, options: ResolvedTrainOptions, examples: Examples): StartingModel {
  const { vocabSize, minFrequency, lowercase, seed } = options;
  const tokenizer = BertTokenizer.fromVocabulary(
    trainWordPiece(texts(examples), { vocabSize, minFrequency, lowercase }),
    {
      lowercase,
    },
  );
  const config = bertPreset(preset, {
    vocabSize: tokenizer.vocabSize,
    padTokenId: tokenizer.padId,
    ...(options.initializerRange === undefined ? {} : { initializerRange: options.initializerRange }),
    ...head(examples.schema),
    ...dropouts(options.dropout),
  });
  return {
    from: `${preset}, from scratch`,
    sha256: {},
    model: bertModel(config),
    tokenizer,
    async fill(engine) {
      for (const { spec, values } of engine.parameters) initialize(spec, seed, values);
    },
  };
}

async function* fromFolder(
  options: ResolvedTrainOptions,
  schema: LabelSchema,
  place: ModelPlace,
): AsyncGenerator<TrainEvent, StartingModel> {
  const folder = await readModelFolder(place.folder);
  await folder.weights.close();
  const parsed = parseModelConfig(folder.config, folder.configFile);
  const { checkpoint } = parsed.encoder;
  const storesHead = hasHead(folder.weights, checkpoint);
  const keepsHead = storesHead && sameHead(parsed, schema);
  const name = shownName(options.model, place);
  if (!keepsHead) {
    const why = storesHead ? labelsOf(parsed, folder.configFile) : "it has none";
    yield {
      event: "warning",
      code: "WARN_FRESH_HEAD",
      message: `${name} gives the encoder; the classifier starts afresh (${why})`,
    };
  }
  const { dropout } = options;
  const encoder = dropout === undefined ? parsed.encoder : parsed.encoder.withDropout(dropout);
  const model = encoder.withHead(head(schema));
  return {
    from: isBuiltIn(options.model) ? `${name}, built in` : name,
    sha256: await hashModelFiles(options.model, folder, place.hub),
    model,
    tokenizer: tokenizerOfFolder(folder, model.config.vocabSize),
    async fill(engine) {
      const { weights } = await readModelFolder(place.folder);
      try {
        const specs = engine.parameters.map(({ spec }) => spec);
        const match = matchParameters(
          specs,
          keepsHead ? weights : withoutHead(weights, checkpoint),
          checkpoint,
        );
        assertLoadable(match);
        for (const { spec, values } of engine.parameters) {
          const stored = match.storedNames.get(spec.name);
          if (stored === undefined) initialize(spec, options.seed, values);
          else await readParameter(weights, stored, spec, values);
        }
      } finally {
        await weights.close();
      }
    },
  };
}

/**
 * The files that decide what training from a folder starts with, every file of the weights among them, under the name
 * that the user gave, or id and commit: the paths of this machine and its cache are nobody else's business.
 */
export async function hashModelFiles(
  model: string,
  { path, configFile, weights }: ModelFolder,
  hub?: HubOrigin,
): Promise<Record<string, string>> {
  const shown = hub === undefined ? model : `${hub.id}@${hub.commit}`;
  const names = ["tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt"];
  const tokenizer = names.map((name) => join(path, name));
  const there = [configFile, ...weights.files, ...tokenizer.filter((file) => existsSync(file))];
  return Object.fromEntries(
    await Promise.all(
      there.map(
        async (file): Promise<[string, string]> => [
          join(shown, relative(path, file)),
          await hashSource(file),
        ],
      ),
    ),
  );
}

function* texts({ train }: Examples): Generator<string> {
  for (const { text, textPair } of train) {
    yield text;
    if (textPair !== undefined) yield textPair;
  }
}

function head({ kind, names }: LabelSchema): ClassificationHead {
  return {
    labels: names,
    problemType: kind === "multi" ? "multi_label_classification" : "single_label_classification",
  };
}

type StoredHead = Pick<ParsedConfig<unknown>, "head">;

function labelsOf({ head: stored }: StoredHead, configFile: string): string {
  return stored === undefined
    ? `${configFile} does not say what the labels of the one that it has are`
    : `its labels are ${stored.labels.join(", ")}`;
}

function sameHead({ head: stored }: StoredHead, schema: LabelSchema): boolean {
  return (
    stored !== undefined &&
    stored.problemType === head(schema).problemType &&
    stored.labels.join("\n") === schema.names.join("\n")
  );
}

function dropouts(rate: number | undefined): Partial<SequenceClassificationConfig> {
  return rate === undefined
    ? {}
    : { hiddenDropoutProb: rate, attentionProbsDropoutProb: rate, classifierDropout: rate };
}
