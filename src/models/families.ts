/**
 * The families that this version knows, by the `model_type` of config.json.
 *
 * MiniLM, MacBERT and older ERNIE are BERTs (multilingual MiniLM an XLM-R) by their config.json, so they have no family
 * of their own: docs/models.md lists what loads.
 */
import { AttuneError, nearest } from "../base/errors.ts";
import { albert } from "./albert/family.ts";
import { bert } from "./bert/family.ts";
import type { ParsedConfig } from "./config-format.ts";
import { distilbert } from "./distilbert/family.ts";
import { electra } from "./electra/family.ts";
import { ernie } from "./ernie/family.ts";
import type { EncoderModel, Family } from "./family.ts";
import { modernbert } from "./modernbert/family.ts";
import { roberta, xlmRoberta } from "./roberta/family.ts";

/** Every family, BERT first. */
export const families: readonly Family[] = [
  bert,
  distilbert,
  roberta,
  xlmRoberta,
  albert,
  electra,
  ernie,
  modernbert,
];

/**
 * Reads the content of a config.json of any family. A file without `model_type` is a BERT: Google's have none.
 *
 * @param json the parsed file
 * @param source the file's path, for messages
 * @throws AttuneError ERR_MODEL_FAMILY listing the families where the file names another, and what the family throws
 * @example
 * const { encoder } = parseModelConfig({ model_type: "distilbert", dim: 128, n_heads: 2 }, "config.json");
 * encoder.family.name; // "DistilBERT"
 */
export function parseModelConfig(json: unknown, source: string): ParsedConfig<EncoderModel> {
  const modelType: unknown =
    typeof json === "object" && json !== null ? Reflect.get(json, "model_type") : undefined;
  const family = families.find((one) => one.modelType === (modelType ?? bert.modelType));
  if (family !== undefined) return family.parse(json, source);
  const names = families.map((one) => one.modelType);
  const hint = typeof modelType === "string" ? nearest(modelType, names) : undefined;
  throw new AttuneError("ERR_MODEL_FAMILY", {
    rule: `"model_type" must be a family that this version supports: ${names.join(", ")}`,
    found: `found ${JSON.stringify(modelType)}`,
    next: hint === undefined ? "use a model of one of these families" : `did you mean "${hint}"?`,
    file: source,
  });
}
