/** The weights of a model folder, tensor by tensor: everything that is wrong with them at once. */
import { basename } from "node:path";
import { elementCount } from "../base/shape.ts";
import type { EncoderModel } from "../models/family.ts";
import type { ClassificationHead } from "../models/head-config.ts";
import {
  findNotFinite,
  type IgnoredEntry,
  isFloat,
  matchParameters,
  type Match,
  type Mismatch,
  type ModelFolder,
  type NotFinite,
  type WeightFormat,
} from "../models/checkpoint/index.ts";
import type { ParameterSpec } from "../nn/index.ts";
import { describe } from "./outcome.ts";

export interface WeightsCheck {
  readonly format: WeightFormat;
  /** The files that the weights are read from. */
  readonly files: readonly string[];
  /** Files with weights that are not read, because those go before them. */
  readonly otherFiles: readonly string[];
  /** Numbers that the configuration asks for. */
  readonly parameters: number;
  readonly tensors: number;
  /** Not in the file, by name. */
  readonly missing: readonly string[];
  /** In the file in another shape. */
  readonly mismatched: readonly Mismatch[];
  /** In the file as whole numbers, or another type that no weight has. */
  readonly wrongType: readonly { readonly name: string; readonly dtype: string }[];
  /** In the file with numbers that are NaN or infinite. */
  readonly notFinite: readonly (NotFinite & { readonly name: string })[];
  /** In the file, and its bytes cannot be read or are not those that were written. */
  readonly unreadable: readonly { readonly name: string; readonly error: string }[];
  /** In the file, and nothing asks for them. */
  readonly unexpected: readonly string[];
  /** Those among them that lie inside the model's parts, so that loading refuses them. */
  readonly surplus: readonly string[];
  /** In the file, and never of use here, with the reason. */
  readonly ignored: readonly IgnoredEntry[];
  /** True where there is no classifier: a pre-trained encoder, to train one on. */
  readonly untrainedHead: boolean;
}

/** Looks at every tensor; reads the values of those that the model asks for, one at a time. */
export async function checkWeights(
  model: EncoderModel,
  head: ClassificationHead | undefined,
  folder: ModelFolder,
): Promise<WeightsCheck> {
  const { weights, otherWeights } = folder;
  const parameters = parametersOf(model, head);
  const match = matchParameters(parameters, weights, model.checkpoint);
  const mayBeFresh = (name: string) =>
    model.checkpoint.mayBeFresh.some((beginning) => name.startsWith(beginning));
  return {
    format: weights.format,
    files: weights.files.map((file) => basename(file)),
    otherFiles: otherWeights,
    parameters: parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    tensors: weights.tensors.size,
    missing: [...match.missing.filter((name) => head !== undefined || !mayBeFresh(name)), ...match.fresh],
    mismatched: match.mismatched,
    unexpected: match.unexpected,
    surplus: match.surplus,
    ignored: match.ignored,
    untrainedHead: head === undefined || match.freshHead,
    ...(await checkValues(parameters, match, folder)),
  };
}

/** What is wrong, a line a kind. */
export function weightProblems(check: WeightsCheck, head: ClassificationHead | undefined): string[] {
  const some = ({ length }: readonly unknown[], what: string) =>
    length === 0 ? [] : [`${length} ${length === 1 ? "tensor" : "tensors"} ${what}`];
  return [
    ...some(check.missing, "missing"),
    ...some(check.mismatched, "of another shape than config.json gives"),
    ...some(check.wrongType, "of a type that weights do not have"),
    ...some(check.notFinite, "with numbers that are not finite"),
    ...some(check.unreadable, "that cannot be read"),
    ...some(check.surplus, "for which config.json has no place"),
    ...(head !== undefined && check.untrainedHead
      ? ["the classifier was never trained: attune train DATA --model FOLDER trains one"]
      : []),
  ];
}

type ValuesCheck = Pick<WeightsCheck, "wrongType" | "notFinite" | "unreadable">;

async function checkValues(
  parameters: readonly ParameterSpec[],
  match: Match,
  { weights }: ModelFolder,
): Promise<ValuesCheck> {
  const wrongType: { name: string; dtype: string }[] = [];
  const notFinite: (NotFinite & { name: string })[] = [];
  const unreadable: { name: string; error: string }[] = [];
  for (const spec of parameters) {
    const name = match.storedNames.get(spec.name);
    const dtype = name === undefined ? undefined : weights.tensors.get(name)?.dtype;
    if (name === undefined || dtype === undefined) continue;
    if (!isFloat(dtype)) {
      wrongType.push({ name, dtype });
      continue;
    }
    const values = new Float32Array(elementCount(spec.shape));
    try {
      await weights.readInto(name, values);
    } catch (error) {
      unreadable.push({ name, error: describe(error).message });
      continue;
    }
    const bad = findNotFinite(values, spec.shape);
    if (bad !== undefined) notFinite.push({ name, ...bad });
  }
  return { wrongType, notFinite, unreadable };
}

/** Those of the classifier, or of the encoder alone where the configuration has no labels. */
function parametersOf(model: EncoderModel, head: ClassificationHead | undefined): readonly ParameterSpec[] {
  return head === undefined
    ? model.traceEncoder({ idType: "int64" }).parameters
    : model.withHead(head).trace({ idType: "int64" }).parameters;
}
