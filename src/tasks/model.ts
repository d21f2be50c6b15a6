/**
 * A model folder in memory: configuration, tokenizer, label schema, weights. No session yet.
 */
import { z } from "zod";
import { AttuneError } from "../base/errors.ts";
import type { HostTensor } from "../base/dtype.ts";
import { elementCount } from "../base/shape.ts";
import type { LabelSchema } from "../data/index.ts";
import { inputList } from "../models/blocks/inputs.ts";
import type { ModelFolder, NamedTensor } from "../models/checkpoint/index.ts";
import {
  assertLoadable,
  matchParameters,
  readModelFolder,
  readParameter,
} from "../models/checkpoint/index.ts";
import { parseModelConfig } from "../models/families.ts";
import type { ClassifierModel } from "../models/family.ts";
import { requireClassifier } from "../models/family.ts";
import type { Model } from "../onnx/index.ts";
import type { Dialect } from "../tensor/index.ts";
import { emitModel } from "../tensor/index.ts";
import type { Tokenizer } from "../text/index.ts";
import { tokenizerOfFolder } from "../train/index.ts";

export interface LoadedModel {
  readonly path: string;
  readonly model: ClassifierModel;
  readonly schema: LabelSchema;
  readonly tokenizer: Tokenizer;
  /** Values by parameter name. */
  readonly weights: ReadonlyMap<string, HostTensor<"float32">>;
  /** Most tokens of an input, from attune.json or the model's positions. */
  readonly maxLength: number;
  /** Names of the columns that it was trained on (`textPair` null: single texts); none where another tool wrote it. */
  readonly columns: { readonly text?: string; readonly label?: string; readonly textPair?: string | null };
  /** attune.json as it stands; empty where another tool wrote the folder. */
  readonly attune: Readonly<Record<string, unknown>>;
}

/** The part of attune.json that loading reads; the rest is kept. */
const attuneSchema = z.looseObject({
  maxLength: z.int().min(3).optional(),
  columns: z
    .object({ text: z.string().optional(), label: z.string().optional(), textPair: z.string().nullish() })
    .optional(),
});

/** Reads a model folder and checks every tensor against the configuration, and every number of it. */
export async function loadModel(path: string): Promise<LoadedModel> {
  const folder = await readModelFolder(path);
  try {
    const source = folder.configFile;
    const model = requireClassifier(parseModelConfig(folder.config, source), source);
    const { config } = model;
    const tokenizer = tokenizerOfFolder(folder, config.vocabSize);
    const { parameters } = model.trace({ idType: "int64" });
    const match = matchParameters(parameters, folder.weights, model.checkpoint);
    assertLoadable(match);
    if (match.freshHead) throw noHead(path);
    const weights = new Map<string, HostTensor<"float32">>();
    for (const spec of parameters) {
      const { name, shape } = spec;
      const data = new Float32Array(elementCount(shape));
      await readParameter(folder.weights, match.storedNames.get(name) ?? name, spec, data);
      weights.set(name, { dtype: "float32", shape, data });
    }
    const attune = parseAttune(folder);
    return {
      path,
      model,
      tokenizer,
      weights,
      schema: {
        kind: config.problemType === "multi_label_classification" ? "multi" : "single",
        names: config.labels,
      },
      maxLength: attune.maxLength ?? model.maxTokens,
      columns: attune.columns ?? {},
      attune,
    };
  } finally {
    await folder.weights.close();
  }
}

/** The names of the columns that a model was trained on, without reading its weights. */
export async function trainedColumns(path: string): Promise<LoadedModel["columns"]> {
  const folder = await readModelFolder(path);
  await folder.weights.close();
  return parseAttune(folder).columns ?? {};
}

/** The classifier as an ONNX model with its weights inside, under the input and output names of transformers.js. */
export function classifierModel(
  { model, weights }: Pick<LoadedModel, "model" | "weights">,
  dialect: Dialect,
): Model {
  const { inputs, logits } = model.trace({ idType: "int64" });
  return emitModel({
    name: `${model.family.modelType.replace("-", "_")}_for_sequence_classification`,
    inputs: inputList(inputs),
    outputs: { logits },
    parameters: weights,
    dialect,
  });
}

/** The weights as tensors to write. */
export function namedTensors({ weights }: Pick<LoadedModel, "weights">): NamedTensor[] {
  return [...weights].map(([name, { shape, data }]) => ({ name, shape, data }));
}

/** attune.json, as far as it counts here; empty where there is none. @throws ERR_MODEL_FILE */
export function parseAttune({ attune, path: folder }: ModelFolder): z.infer<typeof attuneSchema> {
  const parsed = attuneSchema.safeParse(attune ?? {});
  if (parsed.success) return parsed.data;
  throw new AttuneError("ERR_MODEL_FILE", {
    rule: "attune.json must be as attune writes it",
    found: parsed.error.issues[0].message,
    next: "restore the file, or delete it to use the model with default columns and length",
    file: `${folder}/attune.json`,
  });
}

function noHead(file: string): AttuneError {
  return new AttuneError("ERR_UNTRAINED_HEAD", {
    rule: "a model can predict only with a trained classifier",
    found: "the checkpoint has an encoder and no classifier",
    next: "train it on labelled texts first: attune train DATA --model FOLDER",
    file,
  });
}
