/**
 * What training starts from: a preset with fresh weights and a vocabulary learnt from train, or a model folder.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LabelSchema } from "../data/index.ts";
import { hashSource } from "../data/index.ts";
import type { SequenceClassificationConfig } from "../models/bert/config.ts";
import { bertModel } from "../models/bert/family.ts";
import { bertPreset, isPresetName } from "../models/bert/presets.ts";
import type { StoredTensors } from "../models/checkpoint/index.ts";
import { assertLoadable, matchParameters, readModelFolder } from "../models/checkpoint/index.ts";
import type { ParsedConfig } from "../models/config-format.ts";
import { parseModelConfig } from "../models/families.ts";
import type { CheckpointNames, ClassifierModel } from "../models/family.ts";
import type { ClassificationHead } from "../models/head-config.ts";
import { initialize } from "../nn/index.ts";
import type { Tokenizer } from "../text/index.ts";
import { BertTokenizer, trainWordPiece } from "../text/index.ts";
import type { TrainingEngine } from "../engine/index.ts";
import type { TrainEvent } from "./events.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { Examples } from "./prepare.ts";
import { tokenizerOfFolder } from "./tokenizer-of-folder.ts";

export interface StartingModel {
  /** For people: "tiny, from scratch" or the folder. */
  readonly from: string;
  /** SHA-256 of the files that it was read from, by path. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly model: ClassifierModel;
  readonly tokenizer: Tokenizer;
  /** Puts the first weights into the engine. */
  fill(engine: TrainingEngine): Promise<void>;
}

/** Decides on architecture, vocabulary and first weights. */
export async function* startingModel(
  options: ResolvedTrainOptions,
  examples: Examples,
): AsyncGenerator<TrainEvent, StartingModel> {
  if (isPresetName(options.model)) {
    yield { event: "phase", phase: "vocabulary" };
    return fromScratch(options.model, options, examples);
  }
  return yield* fromFolder(options, examples.schema);
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
): AsyncGenerator<TrainEvent, StartingModel> {
  const folder = await readModelFolder(options.model);
  await folder.weights.close();
  const parsed = parseModelConfig(folder.config, `${folder.path}/config.json`);
  const { checkpoint } = parsed.encoder;
  const hasHead = [...folder.weights.tensors.keys()].some((name) => isClassifier(name, checkpoint));
  const keepsHead = hasHead && sameHead(parsed, schema);
  if (!keepsHead) {
    const why =
      hasHead && parsed.head !== undefined
        ? `its labels are ${parsed.head.labels.join(", ")}`
        : "it has none";
    yield {
      event: "warning",
      code: "WARN_FRESH_HEAD",
      message: `${folder.path} gives the encoder; the classifier starts afresh (${why})`,
    };
  }
  const { dropout } = options;
  const encoder = dropout === undefined ? parsed.encoder : parsed.encoder.withDropout(dropout);
  const model = encoder.withHead(head(schema));
  return {
    from: folder.path,
    sha256: await hashFiles(folder.path),
    model,
    tokenizer: tokenizerOfFolder(folder, model.config.vocabSize),
    async fill(engine) {
      const { weights } = await readModelFolder(options.model);
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
          else await weights.readInto(stored, values);
        }
      } finally {
        await weights.close();
      }
    },
  };
}

/** The files that decide what training from a folder starts with. */
async function hashFiles(folder: string): Promise<Record<string, string>> {
  const names = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
  ];
  const paths = names.map((name) => join(folder, name));
  const there = paths.filter((path) => existsSync(path));
  return Object.fromEntries(
    await Promise.all(there.map(async (path): Promise<[string, string]> => [path, await hashSource(path)])),
  );
}

function* texts({ train }: Examples): Generator<string> {
  for (const { text, textPair } of train) {
    yield text;
    if (textPair !== undefined) yield textPair;
  }
}

/** The checkpoint as if it had no classifier, whose shape is that of other labels. */
function withoutHead({ path, tensors }: StoredTensors, names: CheckpointNames): StoredTensors {
  return { path, tensors: new Map([...tensors].filter(([name]) => !isClassifier(name, names))) };
}

function isClassifier(name: string, { classifier }: CheckpointNames): boolean {
  return classifier.some((beginning) => name.startsWith(beginning));
}

function head({ kind, names }: LabelSchema): ClassificationHead {
  return {
    labels: names,
    problemType: kind === "multi" ? "multi_label_classification" : "single_label_classification",
  };
}

function sameHead({ head: stored }: Pick<ParsedConfig<unknown>, "head">, schema: LabelSchema): boolean {
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
