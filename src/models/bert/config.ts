/**
 * The numbers that define a BERT model, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (NAACL 2019), and
 * `BertConfig` of Hugging Face transformers (configuration_bert.py), whose key names config.json has.
 *
 * Accepts only what the model here computes: another activation, relative positions, a decoder or pruned heads are
 * refused by name rather than computed wrongly. Does not read files: it is given parsed JSON.
 */
import * as z from "zod";
import { AttuneError, nearest } from "../../base/errors.ts";
import { checkHead, formatHead, parseHead, type ClassificationHead } from "./head-config.ts";

export type { ClassificationHead, ProblemType } from "./head-config.ts";

/** The encoder. Sizes are positive integers, dropout probabilities lie in [0, 1). */
export interface BertConfig {
  readonly vocabSize: number;
  /** Width of every hidden state; a multiple of `numAttentionHeads`. */
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Width of the feed-forward layer. */
  readonly intermediateSize: number;
  /** Longest input in tokens, [CLS] and [SEP] included. */
  readonly maxPositionEmbeddings: number;
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
  readonly hiddenDropoutProb: number;
  readonly attentionProbsDropoutProb: number;
  /** Dropout before the classifier; null stands for `hiddenDropoutProb`. */
  readonly classifierDropout: number | null;
  /** Standard deviation of the truncated normal that fresh weights are drawn from. */
  readonly initializerRange: number;
  /** x * Phi(x) with the error function, not its tanh approximation. */
  readonly hiddenAct: "gelu";
  readonly padTokenId: number;
}

/** The encoder with a classification head on the pooled [CLS] state. */
export interface SequenceClassificationConfig extends BertConfig, ClassificationHead {}

/** What a config.json says. */
export interface ParsedBertConfig {
  readonly encoder: BertConfig;
  /** Absent where the file describes a model without a sequence-classification head, such as a pre-trained one. */
  readonly head: ClassificationHead | undefined;
  readonly architectures: readonly string[];
  /** Keys that change nothing here (`use_cache`, `transformers_version`, ...), as they stood. */
  readonly ignored: Readonly<Record<string, unknown>>;
}

/** What absent keys mean: transformers' defaults, which are BERT-base, uncased, English. */
export const bertDefaults: BertConfig = {
  vocabSize: 30522,
  hiddenSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  maxPositionEmbeddings: 512,
  typeVocabSize: 2,
  layerNormEps: 1e-12,
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  classifierDropout: null,
  initializerRange: 0.02,
  hiddenAct: "gelu",
  padTokenId: 0,
};

/** The names in config.json. */
const fileKeys: Readonly<Record<keyof BertConfig, string>> = {
  vocabSize: "vocab_size",
  hiddenSize: "hidden_size",
  numHiddenLayers: "num_hidden_layers",
  numAttentionHeads: "num_attention_heads",
  intermediateSize: "intermediate_size",
  maxPositionEmbeddings: "max_position_embeddings",
  typeVocabSize: "type_vocab_size",
  layerNormEps: "layer_norm_eps",
  hiddenDropoutProb: "hidden_dropout_prob",
  attentionProbsDropoutProb: "attention_probs_dropout_prob",
  classifierDropout: "classifier_dropout",
  initializerRange: "initializer_range",
  hiddenAct: "hidden_act",
  padTokenId: "pad_token_id",
};
const configNames = new Map(Object.entries(fileKeys).map(([name, key]) => [key, name]));

const size = z.int("must be a whole number, 1 or more").positive("must be a whole number, 1 or more");
const dropout = z.number("must lie in [0, 1)").min(0, "must lie in [0, 1)").lt(1, "must lie in [0, 1)");
const positive = z.number("must be a number above 0").positive("must be a number above 0");

/** A `BertConfig` as it stands in files of our own. */
export const encoderSchema = z.strictObject({
  vocabSize: size,
  hiddenSize: size,
  numHiddenLayers: size,
  numAttentionHeads: size,
  intermediateSize: size,
  maxPositionEmbeddings: size,
  typeVocabSize: size,
  layerNormEps: positive,
  hiddenDropoutProb: dropout,
  attentionProbsDropoutProb: dropout,
  classifierDropout: dropout.nullable(),
  initializerRange: positive,
  hiddenAct: z.literal("gelu", 'must be "gelu", the only activation implemented'),
  padTokenId: z.int("must be a whole number, 0 or more").min(0, "must be a whole number, 0 or more"),
});

/** The other keys of config.json that count. Where a key would change the mathematics, only what is implemented passes. */
const fileSchema = z.looseObject({
  model_type: z.literal("bert", 'must be "bert"').optional(),
  position_embedding_type: z.literal("absolute", 'must be "absolute"').nullish(),
  is_decoder: z.literal(false, "must be false").nullish(),
  add_cross_attention: z.literal(false, "must be false").nullish(),
  pruned_heads: z.strictObject({}, "must be empty").nullish(),
  quantization_config: z.null("must be absent").optional(),
  architectures: z.array(z.string("must be a name"), "must be a list of names").nullish(),
  problem_type: z.string("must be a name").nullish(),
  id2label: z.record(z.string(), z.string("must be a name"), "must map numbers to label names").nullish(),
  label2id: z.record(z.string(), z.int("must be a number"), "must map label names to numbers").nullish(),
  num_labels: size.nullish(),
});

/**
 * Reads the content of a config.json; absent keys take transformers' defaults.
 *
 * @param json the parsed file
 * @param source the file's path, for messages
 * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS naming the key and the value found
 * @example
 * const { encoder } = parseBertConfig({ hidden_size: 128, num_attention_heads: 2 }, "config.json");
 */
export function parseBertConfig(json: unknown, source: string): ParsedBertConfig {
  const file = fileSchema.safeParse(json, { reportInput: true });
  if (!file.success) throw configError(file.error.issues[0], source);
  const values: Record<string, unknown> = { ...bertDefaults };
  const ignored: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(file.data)) {
    const name = configNames.get(key);
    if (name !== undefined) values[name] = value;
    else if (!Object.hasOwn(fileSchema.shape, key)) ignored[key] = value;
  }
  // Files written from a generic configuration say null, which there means "none"; BERT always has one.
  values.padTokenId ??= bertDefaults.padTokenId;
  const encoder = encoderSchema.safeParse(values, { reportInput: true });
  if (!encoder.success) throw configError(encoder.error.issues[0], source, fileKeys);
  checkRelations(encoder.data, source);
  const head = parseHead(file.data, source);
  return { encoder: encoder.data, head, architectures: file.data.architectures ?? [], ignored };
}

/**
 * Reads the config.json of a trained classifier.
 *
 * @throws AttuneError as `parseBertConfig`, and ERR_CONFIG_NO_HEAD where the file describes another kind of model
 */
export function parseSequenceClassificationConfig(
  json: unknown,
  source: string,
): SequenceClassificationConfig {
  const { encoder, head, architectures } = parseBertConfig(json, source);
  if (head !== undefined) return { ...encoder, ...head };
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

/**
 * Checks a configuration that was put together from options; returns it.
 *
 * @param source where the options come from, for messages
 * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS
 */
export function checkSequenceClassificationConfig(
  config: SequenceClassificationConfig,
  source: string,
): SequenceClassificationConfig {
  const { labels, problemType, ...encoder } = config;
  checkBertConfig(encoder, source);
  checkHead({ labels, problemType }, source);
  return config;
}

/**
 * The same of an encoder without a classifier.
 *
 * @throws AttuneError ERR_CONFIG
 */
export function checkBertConfig(config: BertConfig, source: string): BertConfig {
  const checked = encoderSchema.safeParse(config, { reportInput: true });
  if (!checked.success) throw configError(checked.error.issues[0], source);
  checkRelations(checked.data, source);
  return config;
}

/** The config.json of a classifier that transformers and transformers.js read, keys in a fixed order. */
export function toHuggingFaceConfig(config: SequenceClassificationConfig): Record<string, unknown> {
  const { labels, problemType, ...encoder } = config;
  return encoderFile(encoder, "BertForSequenceClassification", formatHead({ labels, problemType }));
}

/** The config.json of a pre-trained model: with the sentence head's `BertForPreTraining`, or without it. */
export function toPretrainedConfig(
  config: BertConfig,
  architecture: "BertForMaskedLM" | "BertForPreTraining",
): Record<string, unknown> {
  return encoderFile(config, architecture, {});
}

function encoderFile(
  encoder: BertConfig,
  architecture: string,
  head: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const file: Record<string, unknown> = {
    architectures: [architecture],
    model_type: "bert",
    ...head,
    position_embedding_type: "absolute",
    torch_dtype: "float32",
  };
  const values = new Map<string, unknown>(Object.entries(encoder));
  for (const [name, key] of Object.entries(fileKeys)) file[key] = values.get(name);
  return file;
}

/** What must hold between two numbers. */
function checkRelations(config: BertConfig, source: string): void {
  const { hiddenSize, numAttentionHeads, padTokenId, vocabSize } = config;
  if (hiddenSize % numAttentionHeads !== 0) {
    throw new AttuneError("ERR_CONFIG", {
      rule: "the hidden size must be a multiple of the number of attention heads",
      found: `found hidden size ${hiddenSize} and ${numAttentionHeads} heads`,
      next: "change one of them",
      file: source,
    });
  }
  if (padTokenId >= vocabSize) {
    throw new AttuneError("ERR_CONFIG", {
      rule: "the padding token must be in the vocabulary",
      found: `found padding token ${padTokenId} and a vocabulary of ${vocabSize}`,
      next: "change one of them",
      file: source,
    });
  }
}

/** The first thing wrong, with the key as the reader wrote it and the value found there. */
function configError(
  issue: z.core.$ZodIssue,
  source: string,
  keyNames: Readonly<Record<string, string>> = {},
): AttuneError {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const hint = nearest(issue.keys[0], Object.keys(encoderSchema.shape));
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
