/** The options of a run as its manifest holds them: defaults filled in, as plain JSON. */
import { z } from "zod";
import { AttuneError } from "../base/errors.ts";
import { maskings } from "./masking.ts";
import { defaultCheckpointSteps, initializations, type ResolvedPretrainOptions } from "./options.ts";

const storedSchema = z.strictObject({
  corpora: z.array(z.string()),
  dev: z.string().optional(),
  devShare: z.number(),
  devTokens: z.int(),
  textColumn: z.string(),
  encoding: z.string().optional(),
  model: z.string(),
  out: z.string(),
  vocabSize: z.int(),
  minFrequency: z.int(),
  alphabetLimit: z.int(),
  vocabulary: z.string().optional(),
  lowercase: z.boolean(),
  maxPositions: z.int(),
  initializerRange: z.number(),
  initialization: z.enum(initializations),
  masking: z.enum(maskings),
  maskShare: z.number(),
  objective: z.enum(["none", "nsp", "sop"]),
  maxLength: z.int(),
  minTokens: z.int(),
  epochs: z.int(),
  steps: z.int().optional(),
  stepTokens: z.int(),
  batchTokens: z.int(),
  lr: z.number(),
  warmupShare: z.number(),
  weightDecay: z.number(),
  maxGradNorm: z.number(),
  dropout: z.number(),
  evaluationSteps: z.int().optional(),
  seed: z.int(),
  device: z.enum(["auto", "native", "wasm"]),
  threads: z.int(),
});

/**
 * @param stored `options` of a manifest
 * @param file where it stands, for messages
 * @throws ERR_RUN_OPTIONS naming the first option that is not one of a pre-training run of this version
 */
export function storedPretrainOptions(stored: unknown, file: string): ResolvedPretrainOptions {
  const parsed = storedSchema.safeParse(stored);
  // not stored, since it does not change what comes out
  if (parsed.success) return { ...parsed.data, checkpointSteps: defaultCheckpointSteps };
  const { path, message } = parsed.error.issues[0];
  throw new AttuneError("ERR_RUN_OPTIONS", {
    rule: "the options of the run must be those of `attune pretrain` in this version",
    found: path.length === 0 ? message : `${path.join(".")}: ${message}`,
    next: "use the version of attune that began the run",
    file,
  });
}
