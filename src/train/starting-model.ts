/**
 * What training starts from: a preset with fresh weights and a vocabulary learnt from train, or a model folder.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LabelSchema } from "../data/index.ts";
import { hashSource } from "../data/index.ts";
import type { ModelPlace } from "../hub/index.ts";
import type { ParsedBertConfig, SequenceClassificationConfig } from "../models/bert/config.ts";
import { parseBertConfig } from "../models/bert/config.ts";
import { bertPreset, isPresetName } from "../models/bert/presets.ts";
import type { StoredTensors } from "../models/checkpoint/index.ts";
import { assertLoadable, matchParameters, readModelFolder } from "../models/checkpoint/index.ts";
import { initialize } from "../nn/index.ts";
import { BertTokenizer, trainWordPiece } from "../text/index.ts";
import type { TrainingEngine } from "../engine/index.ts";
import type { TrainEvent } from "./events.ts";
import { originText } from "./model-place.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { Examples } from "./prepare.ts";
import { tokenizerOfFolder } from "./tokenizer-of-folder.ts";

export interface StartingModel {
  /** For people: "tiny, from scratch", the folder, or the model on the hub. */
  readonly from: string;
  /** SHA-256 of the files that it was read from, by path. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly config: SequenceClassificationConfig;
  readonly tokenizer: BertTokenizer;
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
    config,
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
  const parsed = parseBertConfig(folder.config, `${folder.path}/config.json`);
  const hasHead = folder.weights.tensors.has("classifier.weight");
  const keepsHead = hasHead && sameHead(parsed, schema);
  const name = place.hub === undefined ? place.folder : originText(place.hub);
  if (!keepsHead) {
    const why =
      hasHead && parsed.head !== undefined
        ? `its labels are ${parsed.head.labels.join(", ")}`
        : "it has none";
    yield {
      event: "warning",
      code: "WARN_FRESH_HEAD",
      message: `${name} gives the encoder; the classifier starts afresh (${why})`,
    };
  }
  const config = { ...parsed.encoder, ...head(schema), ...dropouts(options.dropout) };
  return {
    from: name,
    sha256: await hashFiles(place),
    config,
    tokenizer: tokenizerOfFolder(folder, config.vocabSize),
    async fill(engine) {
      const { weights } = await readModelFolder(place.folder);
      try {
        const specs = engine.parameters.map(({ spec }) => spec);
        const match = matchParameters(specs, keepsHead ? weights : withoutHead(weights));
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

/** The files that decide what training from a model starts with; the cache's own path is nobody else's business. */
async function hashFiles({ folder, hub }: ModelPlace): Promise<Record<string, string>> {
  const shown = hub === undefined ? folder : `${hub.id}@${hub.commit}`;
  const names = ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"];
  const there = names.filter((name) => existsSync(join(folder, name)));
  return Object.fromEntries(
    await Promise.all(
      there.map(
        async (name): Promise<[string, string]> => [join(shown, name), await hashSource(join(folder, name))],
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

/** The checkpoint as if it had no classifier, whose shape is that of other labels. */
function withoutHead({ path, tensors }: StoredTensors): StoredTensors {
  return { path, tensors: new Map([...tensors].filter(([name]) => !name.startsWith("classifier."))) };
}

function head({ kind, names }: LabelSchema): Pick<SequenceClassificationConfig, "labels" | "problemType"> {
  return {
    labels: names,
    problemType: kind === "multi" ? "multi_label_classification" : "single_label_classification",
  };
}

function sameHead({ head: stored }: ParsedBertConfig, schema: LabelSchema): boolean {
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
