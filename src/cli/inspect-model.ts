/**
 * What is in a model folder and what is wrong with it, as far as it can be read: every problem at once, where loading
 * stops at the first.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { compareNatural } from "../data/index.ts";
import { readModelFolder } from "../models/checkpoint/index.ts";
import { parseModelConfig } from "../models/families.ts";
import type { EncoderModel } from "../models/family.ts";
import type { ClassificationHead } from "../models/head-config.ts";
import { tokenizerOfFolder } from "../train/index.ts";
import type { ClassifierClass } from "./context.ts";
import { checkWeights, type WeightsCheck, weightProblems } from "./inspect-weights.ts";
import { describe } from "./outcome.ts";

export interface ModelCheck {
  readonly path: string;
  /** Sizes of the files, folders left out. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Absent where config.json cannot be used. */
  readonly config?: EncoderModel["config"] & Partial<ClassificationHead>;
  /** What the model is called: "DistilBERT"; absent likewise. */
  readonly family?: string;
  /** Absent where the configuration or the weights cannot be read. */
  readonly weights?: WeightsCheck;
  /** Tokens in the vocabulary; absent where it cannot be read. */
  readonly vocabularySize?: number;
  /** Time of the first prediction, loading left out; absent where the model cannot predict, or not yet. */
  readonly predictionMs?: number;
  readonly problems: readonly string[];
}

/** Looks at every part of a model folder; what it throws elsewhere becomes a problem here. */
export async function inspectModel(path: string, library: ClassifierClass): Promise<ModelCheck> {
  const problems: string[] = [];
  const attempt = async <T>(look: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      problems.push(describe(error).message);
      return undefined;
    }
  };
  const files = await listFiles(path);
  const folder = await attempt(() => readModelFolder(path));
  if (folder === undefined) return { path, files, problems };
  const parsed = await attempt(() => parseModelConfig(folder.config, folder.configFile));
  const config = parsed === undefined ? undefined : { ...parsed.encoder.config, ...parsed.head };
  // its size is compared below, so that it is told beside the other problems
  const tokenizer = await attempt(() => tokenizerOfFolder(folder, Number.POSITIVE_INFINITY));
  const vocabularySize = tokenizer?.vocabSize;
  const weights =
    parsed === undefined ? undefined : await attempt(() => checkWeights(parsed.encoder, parsed.head, folder));
  await folder.weights.close();
  if (weights !== undefined) problems.push(...weightProblems(weights, parsed?.head));
  if (config !== undefined && vocabularySize !== undefined && vocabularySize > config.vocabSize) {
    problems.push(
      `the vocabulary has ${vocabularySize} tokens, the model ${config.vocabSize} (vocab_size in config.json)`,
    );
  }
  const predicts = problems.length === 0 && parsed?.head !== undefined;
  const predictionMs = predicts ? await attempt(() => timePrediction(path, library)) : undefined;
  const family = parsed?.encoder.family.name;
  return { path, files, config, family, weights, vocabularySize, predictionMs, problems };
}

async function timePrediction(path: string, library: ClassifierClass): Promise<number> {
  const classifier = await library.load(path);
  try {
    const start = performance.now();
    await classifier.predict(["Does it work? 行不行？"]);
    return performance.now() - start;
  } finally {
    await classifier.dispose();
  }
}

/** Files at the top of the folder and in onnx/, where an export stands; none where there is no folder. */
async function listFiles(path: string): Promise<{ name: string; bytes: number }[]> {
  const names = await readdir(path).catch(() => []);
  const exported = await readdir(join(path, "onnx")).catch(() => []);
  const files: { name: string; bytes: number }[] = [];
  for (const name of [...names, ...exported.map((file) => `onnx/${file}`)].sort(compareNatural)) {
    const stats = await stat(join(path, name)).catch(() => undefined);
    if (stats?.isFile()) files.push({ name, bytes: stats.size });
  }
  return files;
}
