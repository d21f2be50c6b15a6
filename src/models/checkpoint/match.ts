/**
 * Which stored tensor belongs to which parameter of a model.
 *
 * Parameters have the names that Hugging Face's BertForSequenceClassification, or another family's like class, gives them.
 * Checkpoints differ in three ways: bare encoders (BertModel) lack the `bert.` prefix, those converted from TensorFlow
 * call LayerNorm's weight and bias `gamma` and `beta` (transformers renames them likewise in modeling_utils.py), and
 * those of PyTorch's DataParallel begin with `module.`.
 *
 * Compares names and shapes. Does not read tensors and does not resize any.
 */
import { AttuneError } from "../../base/errors.ts";
import { formatShape, sameShape } from "../../base/shape.ts";
import { bertCheckpoint } from "../bert/family.ts";
import type { CheckpointNames } from "../family.ts";
import type { IgnoredEntry } from "./stored-weights.ts";

/** A parameter of the model. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The part of `StoredWeights` that counts here. */
export interface StoredTensors {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** What the reader of the file has set aside already. */
  readonly ignored?: readonly IgnoredEntry[];
}

export interface Mismatch {
  readonly name: string;
  readonly expected: readonly number[];
  readonly stored: readonly number[];
}

export interface Match {
  /** The checkpoint, for messages. */
  readonly path: string;
  /** How its family names its parts. */
  readonly names: CheckpointNames;
  /** Stored name by parameter name, for every parameter whose tensor is there in the right shape. */
  readonly storedNames: ReadonlyMap<string, string>;
  /** Parameters that start from fresh random weights: those of a new head, and the pooler where the head is new too. */
  readonly fresh: readonly string[];
  /** True where the checkpoint has no classifier: it is a pre-trained encoder. */
  readonly freshHead: boolean;
  readonly missing: readonly string[];
  readonly mismatched: readonly Mismatch[];
  /** Stored tensors that nothing asks for, those left out that never count. */
  readonly unexpected: readonly string[];
  /**
   * Those among them that lie inside the parts that the model has: without them it would not compute what the
   * checkpoint was trained to.
   */
  readonly surplus: readonly string[];
  /** What never counts, and why: pre-training heads that nothing asks for, constants, optimizer state. */
  readonly ignored: readonly IgnoredEntry[];
}

/**
 * Matches a model's parameters with a checkpoint.
 *
 * @param names of the model's family (`ClassifierModel.checkpoint`); default BERT's
 * @example
 * const match = matchParameters(parameters, file);
 * assertLoadable(match);
 * for (const [name, stored] of match.storedNames) await file.readInto(stored, memory(name));
 */
export function matchParameters(
  expected: readonly ExpectedTensor[],
  file: StoredTensors,
  names: CheckpointNames = bertCheckpoint("bert"),
): Match {
  const translate = translation(names, expected);
  const byParameter = nameByParameter(file.tensors.keys(), translate);
  const isHead = ({ name }: ExpectedTensor) => startsWithOneOf(name, names.classifier);
  const head = expected.filter(isHead);
  const freshHead = head.length > 0 && !head.some(({ name }) => byParameter.has(name));
  const storedNames = new Map<string, string>();
  const fresh: string[] = [];
  const missing: string[] = [];
  const mismatched: Mismatch[] = [];
  for (const { name, shape } of expected) {
    const storedName = byParameter.get(name);
    const stored = storedName === undefined ? undefined : file.tensors.get(storedName);
    if (storedName === undefined || stored === undefined) {
      const mayBeFresh = freshHead && startsWithOneOf(name, [...names.classifier, ...names.mayBeFresh]);
      (mayBeFresh ? fresh : missing).push(name);
    } else if (sameShape(shape, stored.shape)) {
      storedNames.set(name, storedName);
    } else {
      mismatched.push({ name, expected: shape, stored: stored.shape });
    }
    byParameter.delete(name);
  }
  const unexpected: string[] = [];
  const surplus: string[] = [];
  const ignored = [...(file.ignored ?? [])];
  const parts = partsOf(expected, names);
  for (const [name, stored] of byParameter) {
    const why = whyIgnored(name, names);
    if (why !== undefined) ignored.push({ name: stored, why });
    else unexpected.push(stored);
    if (why === undefined && isInside(name, parts)) surplus.push(stored);
  }
  const { path } = file;
  return { path, names, storedNames, fresh, freshHead, missing, mismatched, unexpected, surplus, ignored };
}

/**
 * Refuses a checkpoint that does not hold the whole encoder in the configured shapes.
 *
 * @throws AttuneError ERR_TENSOR_SHAPE naming the tensor and both shapes, ERR_TENSOR_MISSING, ERR_TENSOR_UNEXPECTED where
 *   the checkpoint has more inside the model's parts than the configuration says, such as further layers or a second
 *   layer of the classifier; tensors beside those parts (other heads) change nothing and are left alone
 */
export function assertLoadable(match: Match): void {
  const { path: file, names, mismatched, missing } = match;
  const next = "use the config.json that belongs to these weights";
  if (mismatched.length > 0) {
    const [{ name, expected, stored }] = mismatched;
    throw new AttuneError("ERR_TENSOR_SHAPE", {
      rule: `"${name}" must have the shape that config.json gives it, ${formatShape(expected)}`,
      found: `found ${formatShape(stored)}${andMore(mismatched, "of another shape")}`,
      next: startsWithOneOf(name, names.classifier)
        ? "load it with as many labels as it was trained on, or train a new head"
        : next,
      file,
    });
  }
  if (missing.length > 0) {
    throw new AttuneError("ERR_TENSOR_MISSING", {
      rule: "the checkpoint must hold every weight that config.json describes",
      found: `no "${missing[0]}"${andMore(missing, "missing")}`,
      next,
      file,
    });
  }
  const { surplus } = match;
  if (surplus.length > 0) {
    throw new AttuneError("ERR_TENSOR_UNEXPECTED", {
      rule: "config.json must describe all of the model that the checkpoint holds",
      found: `it has no place for "${surplus[0]}"${andMore(surplus, "left over")}`,
      next,
      file,
    });
  }
}

/** Stored name by the parameter it belongs to; a name that is right as it stands goes before one that needs translating. */
function nameByParameter(
  stored: Iterable<string>,
  parameterName: (stored: string) => string,
): Map<string, string> {
  const names = [...stored];
  const byParameter = new Map(names.map((name) => [name, name]));
  for (const name of names) {
    const parameter = parameterName(name);
    if (byParameter.has(parameter)) continue;
    byParameter.delete(name);
    byParameter.set(parameter, name);
  }
  return byParameter;
}

/**
 * From a stored name to the parameter's that it stands for. A bare encoder's names begin with one of the encoder's
 * parts ("embeddings", "encoder", ...), which the expected names and those that may be fresh or are ignored tell.
 */
function translation(
  { prefix, layers, mayBeFresh, ignored }: CheckpointNames,
  expected: readonly ExpectedTensor[],
): (stored: string) => string {
  const inside = [...expected.map(({ name }) => name), layers, ...mayBeFresh, ...ignored].filter((name) =>
    name.startsWith(`${prefix}.`),
  );
  const parts = new Set(inside.map((name) => name.split(".")[1]));
  return (stored) => {
    const bare = withoutModule(stored);
    const whole = parts.has(bare.split(".")[0]) ? `${prefix}.${bare}` : bare;
    return whole
      .replace(/LayerNorm\.gamma$/, "LayerNorm.weight")
      .replace(/LayerNorm\.beta$/, "LayerNorm.bias");
  };
}

/** DataParallel's prefix taken off. */
function withoutModule(stored: string): string {
  return stored.replace(/^(module\.)+/, "");
}

/** True where the checkpoint has a classifier, or a part of one. */
export function hasHead({ tensors }: StoredTensors, names: CheckpointNames): boolean {
  return [...tensors.keys()].some((name) => isClassifier(name, names));
}

/** The checkpoint as if it had no classifier. */
export function withoutHead({ tensors, ...others }: StoredTensors, names: CheckpointNames): StoredTensors {
  const kept = [...tensors].filter(([name]) => !isClassifier(name, names));
  return { ...others, tensors: new Map(kept) };
}

function isClassifier(stored: string, { classifier }: CheckpointNames): boolean {
  return startsWithOneOf(withoutModule(stored), classifier);
}

/** The parts of a model as the first components of its parameters' paths, and whether it has what may be fresh. */
function partsOf(expected: readonly ExpectedTensor[], { mayBeFresh }: CheckpointNames) {
  return {
    roots: new Set(expected.map(({ name }) => name.split(".")[0])),
    unused: mayBeFresh.filter((beginning) => !expected.some(({ name }) => name.startsWith(beginning))),
  };
}

/** A pooler comes after the encoder and beside other heads: without a use for it nothing else changes. */
function isInside(name: string, { roots, unused }: ReturnType<typeof partsOf>): boolean {
  return roots.has(name.split(".")[0]) && !startsWithOneOf(name, unused);
}

/** Why a parameter never counts for a model that does not ask for it; undefined where it might. */
function whyIgnored(parameter: string, { ignored }: CheckpointNames): string | undefined {
  if (/\.embeddings\.(position_ids|token_type_ids)$/.test(parameter))
    return "constant, saved by older versions of transformers";
  if (!startsWithOneOf(parameter, ignored)) return undefined;
  if (parameter.startsWith("cls.predictions.")) return "head for masked words, of pre-training";
  if (parameter.startsWith("cls.seq_relationship.")) return "head for next sentences, of pre-training";
  return "head of pre-training";
}

function startsWithOneOf(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning));
}

function andMore(all: readonly unknown[], what: string): string {
  return all.length === 1 ? "" : ` and ${all.length - 1} more ${what}`;
}
