/**
 * config.json by a table: how each family's numbers are named there, what they may be, and what else must hold.
 *
 * A family gives a `ConfigFormat` and gets its reader, its writer and its check of options. Only what a family computes
 * is accepted: a key that would change the mathematics is refused by name rather than passed over. Absent keys take the
 * defaults of Hugging Face transformers, whose key names these are.
 *
 * Does not read files: it is given parsed JSON.
 */
import * as z from "zod";
import { AttuneError, nearest } from "../base/errors.ts";
import { checkHead, formatHead, parseHead, type ClassificationHead } from "./head-config.ts";

/** The numbers that every family has. Sizes are positive integers. */
export interface EncoderConfig {
  readonly vocabSize: number;
  /** Width of every hidden state; a multiple of `numAttentionHeads`. */
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Width of the feed-forward layer. */
  readonly intermediateSize: number;
  /** As config.json says it; the longest input may be shorter (`Family.maxTokens`). */
  readonly maxPositionEmbeddings: number;
  readonly layerNormEps: number;
  /** Standard deviation of the truncated normal that fresh weights are drawn from. */
  readonly initializerRange: number;
  readonly padTokenId: number;
}

/** How a configuration stands in config.json. */
export interface ConfigFormat<C extends EncoderConfig> {
  readonly modelType: string;
  /** The class of transformers that a trained classifier loads as. */
  readonly architecture: string;
  readonly schema: z.ZodType<C>;
  /** What absent keys mean: transformers' defaults. */
  readonly defaults: C;
  /** The names in config.json. */
  readonly keys: Readonly<Record<Extract<keyof C, string>, string>>;
  /** Keys that would change the mathematics, with what alone is implemented. */
  readonly fixed: Readonly<Record<string, z.ZodType>>;
  /** Keys with one value, written beside the others. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Values that stand in the file under several names, or in another form: changes `values` in place. */
  readonly read?: (values: Record<string, unknown>, file: Readonly<Record<string, unknown>>) => void;
  /** The other forms in which some values are written, for readers of all ages. */
  readonly write?: (config: C) => Record<string, unknown>;
  /** What must hold between numbers, beside that heads divide the width and padding is in the vocabulary. */
  readonly check?: (config: C, source: string) => void;
}

/** What a config.json says. */
export interface ParsedConfig<C> {
  readonly encoder: C;
  /** Absent where the file describes a model without a sequence-classification head, such as a pre-trained one. */
  readonly head: ClassificationHead | undefined;
  readonly architectures: readonly string[];
  /** Keys that change nothing here (`use_cache`, `transformers_version`, ...), as they stood. */
  readonly ignored: Readonly<Record<string, unknown>>;
}

export const size: z.ZodInt = z
  .int("must be a whole number, 1 or more")
  .positive("must be a whole number, 1 or more");
export const dropout: z.ZodNumber = z
  .number("must lie in [0, 1)")
  .min(0, "must lie in [0, 1)")
  .lt(1, "must lie in [0, 1)");
export const positive: z.ZodNumber = z
  .number("must be a number above 0")
  .positive("must be a number above 0");
export const tokenId: z.ZodInt = z
  .int("must be a whole number, 0 or more")
  .min(0, "must be a whole number, 0 or more");

/** The fields of `EncoderConfig` and what they may be. */
export const encoderFields = {
  vocabSize: size,
  hiddenSize: size,
  numHiddenLayers: size,
  numAttentionHeads: size,
  intermediateSize: size,
  maxPositionEmbeddings: size,
  layerNormEps: positive,
  initializerRange: positive,
  padTokenId: tokenId,
};

/** What every file may say, and what no family here computes otherwise. */
const common = {
  is_decoder: z.literal(false, "must be false").nullish(),
  add_cross_attention: z.literal(false, "must be false").nullish(),
  pruned_heads: z.strictObject({}, "must be empty").nullish(),
  quantization_config: z.null("must be absent").optional(),
  architectures: z.array(z.string("must be a name"), "must be a list of names").nullish(),
  problem_type: z.string("must be a name").nullish(),
  id2label: z.record(z.string(), z.string("must be a name"), "must map numbers to label names").nullish(),
  label2id: z.record(z.string(), z.int("must be a number"), "must map label names to numbers").nullish(),
  num_labels: size.nullish(),
};

/**
 * Reads the content of a config.json.
 *
 * @param json the parsed file
 * @param source the file's path, for messages
 * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS naming the key and the value found
 */
export function parseConfig<C extends EncoderConfig>(
  format: ConfigFormat<C>,
  json: unknown,
  source: string,
): ParsedConfig<C> {
  const { modelType, fixed, keys, defaults } = format;
  const typed = { model_type: z.literal(modelType, `must be "${modelType}"`).optional() };
  const fileSchema = z.looseObject({ ...typed, ...fixed, ...common });
  const file = fileSchema.safeParse(json, { reportInput: true });
  if (!file.success) throw configError(file.error.issues[0], source);
  const names = new Map(Object.entries<string>(keys).map(([name, key]) => [key, name]));
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(defaults));
  const ignored: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(file.data)) {
    const name = names.get(key);
    if (name !== undefined) values[name] = value;
    else if (!Object.hasOwn(fileSchema.shape, key)) ignored[key] = value;
  }
  // Files written from a generic configuration say null, which there means "none"; these models always have one.
  values.padTokenId ??= defaults.padTokenId;
  format.read?.(values, file.data);
  const encoder = format.schema.safeParse(values, { reportInput: true });
  if (!encoder.success) throw configError(encoder.error.issues[0], source, keys);
  checkRelations(format, encoder.data, source);
  const head = parseHead(file.data, source);
  return { encoder: encoder.data, head, architectures: file.data.architectures ?? [], ignored };
}

/**
 * Checks a configuration that was put together from options.
 *
 * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS
 */
export function checkConfig<C extends EncoderConfig>(
  format: ConfigFormat<C>,
  encoder: unknown,
  head: ClassificationHead | undefined,
  source: string,
): void {
  const checked = format.schema.safeParse(encoder, { reportInput: true });
  if (!checked.success) throw configError(checked.error.issues[0], source, {}, Object.keys(format.keys));
  checkRelations(format, checked.data, source);
  if (head !== undefined) checkHead(head, source);
}

/** The config.json that transformers and transformers.js read, keys in a fixed order. */
export function formatConfig<C extends EncoderConfig>(
  format: ConfigFormat<C>,
  encoder: C,
  head: ClassificationHead | undefined,
): Record<string, unknown> {
  const file: Record<string, unknown> = {
    architectures: [format.architecture],
    model_type: format.modelType,
    ...(head === undefined ? {} : formatHead(head)),
    ...format.written,
    torch_dtype: "float32",
  };
  const values = new Map<string, unknown>(Object.entries(encoder));
  for (const [name, key] of Object.entries<string>(format.keys)) file[key] = values.get(name);
  return { ...file, ...format.write?.(encoder) };
}

/**
 * The head of a file that must have one.
 *
 * @throws AttuneError ERR_CONFIG_NO_HEAD where the file describes another kind of model
 */
export function requireHead(
  { head, architectures }: Pick<ParsedConfig<unknown>, "head" | "architectures">,
  source: string,
): ClassificationHead {
  if (head !== undefined) return head;
  throw new AttuneError("ERR_CONFIG_NO_HEAD", {
    rule: "the model must have a sequence-classification head",
    found:
      architectures.length === 0
        ? "neither labels nor architectures are given"
        : `found ${architectures.join(", ")}`,
    next: "fine-tune it on labelled texts first",
    file: source,
  });
}

/** What must hold between two numbers. */
function checkRelations<C extends EncoderConfig>(format: ConfigFormat<C>, config: C, source: string): void {
  const { hiddenSize, numAttentionHeads, padTokenId, vocabSize } = config;
  if (hiddenSize % numAttentionHeads !== 0) {
    throw relationError(
      "the hidden size must be a multiple of the number of attention heads",
      `found hidden size ${hiddenSize} and ${numAttentionHeads} heads`,
      source,
    );
  }
  if (padTokenId >= vocabSize) {
    throw relationError(
      "the padding token must be in the vocabulary",
      `found padding token ${padTokenId} and a vocabulary of ${vocabSize}`,
      source,
    );
  }
  format.check?.(config, source);
}

/** The error for two numbers that do not fit together. */
export function relationError(rule: string, found: string, file: string): AttuneError {
  return new AttuneError("ERR_CONFIG", { rule, found, next: "change one of them", file });
}

/** The first thing wrong, with the key as the reader wrote it and the value found there. */
function configError(
  issue: z.core.$ZodIssue,
  source: string,
  keyNames: Readonly<Record<string, string>> = {},
  known: readonly string[] = [],
): AttuneError {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const hint = nearest(issue.keys[0], known);
    return new AttuneError("ERR_CONFIG", {
      rule: "an option must be one that the model has",
      found: `found "${issue.keys[0]}"`,
      next: hint === undefined ? "remove it" : `did you mean "${hint}"?`,
      file: source,
    });
  }
  const path = issue.path.map(String);
  const key = [keyNames[path[0]] ?? path[0], ...path.slice(1)].join(".");
  return new AttuneError("ERR_CONFIG", {
    rule: path.length === 0 ? "the configuration must be a JSON object" : `"${key}" ${issue.message}`,
    found: `found ${show(issue.input)}`,
    next: "correct the value, or use a model that this version supports",
    file: source,
  });
}

function show(value: unknown): string {
  return value === undefined || typeof value === "number" ? String(value) : JSON.stringify(value);
}
