/**
 * recipe.json of a hand-off: everything that the training script needs to know, and everything that attune needs to
 * know the run again when its result comes back.
 *
 * Its `id` is a digest of all the rest, so a recipe that was changed is noticed, and checkpoints that carry another id
 * belong to another hand-off.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AttuneError } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { type BertConfig, bertFields } from "../models/bert/config.ts";
import { adamwDefaults } from "../optim/index.ts";
import type { PretrainRun, PretrainState } from "../pretrain/index.ts";
import { evaluationSteps, warmupSteps, withoutDropout } from "../pretrain/index.ts";
import { manifestSchema } from "../train/index.ts";

const size = z.int().positive();

/** The script computes BERT's own activation alone. */
const configSchema = z.strictObject({ ...bertFields, hiddenAct: z.literal("gelu") });

const contentSchema = z.strictObject({
  format: z.literal(1),
  /** Version that wrote it. */
  attune: z.string(),
  /** Of the run that is handed on. */
  manifest: manifestSchema,
  /** What the run started from, and its architecture with the dropout that fine-tuning will use. */
  model: z.strictObject({ from: z.string(), config: configSchema }),
  /** The same with the dropout of this run. */
  config: configSchema,
  /** In the order of the checkpoint. */
  parameters: z.array(z.strictObject({ name: z.string(), shape: z.array(size), decay: z.boolean() })),
  plan: z.strictObject({
    /** Steps done before the hand-off. */
    startStep: z.int(),
    totalSteps: size,
    warmupSteps: z.int(),
    evaluationSteps: size,
    /** Most padded tokens of a step, and at once. */
    stepTokens: size,
    batchTokens: size,
    lr: z.number(),
    betas: z.array(z.number()).length(2),
    eps: z.number(),
    weightDecay: z.number(),
    maxGradNorm: z.number(),
  }),
  data: z.strictObject({
    seed: z.int(),
    objective: z.enum(["none", "nsp", "sop"]),
    masking: z.enum(["tokens", "whole-words", "spans"]),
    maskShare: z.number(),
    vocabSize: size,
    clsId: z.int(),
    sepId: z.int(),
    padId: z.int(),
    maskId: z.int(),
    /** Ids that are never put in the place of a word. */
    specialIds: z.array(z.int()),
    sentenceEnds: z.array(z.int()),
  }),
  /** Bytes of the files that must have come along, by path in the folder. */
  files: z.record(z.string(), z.int()),
});

const recipeSchema = z.strictObject({ ...contentSchema.shape, id: z.string() });

export type Recipe = z.infer<typeof recipeSchema>;
type RecipeContent = z.infer<typeof contentSchema>;

/** The script has BERT's own activation alone. @throws ERR_HANDOFF_RUN */
function plainGelu(config: BertConfig): z.infer<typeof configSchema> {
  const { hiddenAct } = config;
  if (hiddenAct === "gelu") return { ...config, hiddenAct };
  throw new AttuneError("ERR_HANDOFF_RUN", {
    rule: 'the script computes models with the activation "gelu"',
    found: `this one has "${hiddenAct}"`,
    next: "go on with the run here: attune pretrain ... --resume",
  });
}

/** The recipe of a run from a state on. */
export function recipeOf(
  run: PretrainRun,
  state: PretrainState,
  files: Readonly<Record<string, number>>,
): Recipe {
  const { options, start, examples, engine, manifest, totalSteps } = run;
  const words = new Set(Array.from(examples.wordIds));
  const content: RecipeContent = {
    format: 1,
    attune: version,
    manifest,
    model: { from: start.from, config: plainGelu(start.config) },
    config: plainGelu(withoutDropout(start.config, options.dropout)),
    parameters: engine.parameters.map(({ spec: { name, shape, decay } }) => ({
      name,
      shape: [...shape],
      decay,
    })),
    plan: {
      startStep: state.step,
      totalSteps,
      warmupSteps: warmupSteps(run),
      evaluationSteps: evaluationSteps(run),
      stepTokens: options.stepTokens,
      batchTokens: options.batchTokens,
      lr: options.lr,
      betas: [...adamwDefaults.betas],
      eps: adamwDefaults.eps,
      weightDecay: options.weightDecay,
      maxGradNorm: options.maxGradNorm,
    },
    data: {
      seed: options.seed,
      objective: options.objective,
      masking: options.masking,
      maskShare: options.maskShare,
      vocabSize: examples.vocabSize,
      clsId: examples.clsId,
      sepId: examples.sepId,
      padId: examples.padId,
      maskId: examples.maskId,
      specialIds: Array.from({ length: examples.vocabSize }, (_, id) => id).filter((id) => !words.has(id)),
      sentenceEnds: [...examples.sentenceEnds],
    },
    files: { ...files },
  };
  return { ...content, id: digest(content) };
}

/**
 * Reads recipe.json of a hand-off folder.
 *
 * @throws ERR_HANDOFF_FOLDER where there is none, ERR_HANDOFF_RECIPE where attune did not write it as it stands
 */
export async function readRecipe(folder: string): Promise<Recipe> {
  const file = join(folder, "recipe.json");
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AttuneError("ERR_HANDOFF_FOLDER", {
      rule: "a folder to import must be one that `attune handoff` wrote",
      found: "it has no readable recipe.json",
      next: "name the folder in which pretrain.py ran",
      file: folder,
      cause,
    });
  });
  const parsed = recipeSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw recipeError(path.length === 0 ? message : `${path.join(".")}: ${message}`, file);
  }
  const { id, ...content } = parsed.data;
  if (digest(content) !== id) throw recipeError("it was changed after attune wrote it", file);
  return parsed.data;
}

/** SHA-256 of the content, keys sorted. */
function digest(content: RecipeContent): string {
  const sorted = JSON.stringify(content, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(sorted).digest("hex");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recipeError(found: string, file: string): AttuneError {
  return new AttuneError("ERR_HANDOFF_RECIPE", {
    rule: "recipe.json must be as `attune handoff` of this version wrote it",
    found,
    next: "copy recipe.json from the hand-off again; options are changed by handing the run on anew",
    file,
  });
}
