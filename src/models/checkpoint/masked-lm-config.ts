/**
 * The configuration of a folder whose masked-word head is to be used: filling masks and going on with pre-training take
 * BERTs alone, and heads that share their table with the word embeddings (Devlin et al. 2019), as `masked-lm.ts`
 * computes it.
 *
 * Does not ask whether the folder has such a head: pre-training begins one where it is missing.
 */
import { AttuneError } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import { type BertConfig, parseBertConfig } from "../bert/config.ts";
import { bert } from "../bert/family.ts";
import { families } from "../families.ts";
import type { ModelFolder } from "./folder.ts";
import { matchParameters } from "./match.ts";

/**
 * Reads it; the folder's weights must be open.
 *
 * @param command for messages: who takes only this
 * @throws AttuneError ERR_MODEL_FAMILY where the model is no BERT, ERR_UNTIED_HEAD where the head has a table of its own,
 *   and what `parseBertConfig` throws
 * @example
 * const config = await maskedLmConfig(await readModelFolder("models/bert"), "attune fill-mask");
 */
export async function maskedLmConfig(folder: ModelFolder, command: string): Promise<BertConfig> {
  const { config, configFile, weights } = folder;
  const modelType: unknown =
    typeof config === "object" && config !== null ? Reflect.get(config, "model_type") : undefined;
  if ((modelType ?? bert.modelType) !== bert.modelType) throw noBert(modelType, configFile, command);
  const { encoder, ignored } = parseBertConfig(config, configFile);
  if (ignored.tie_word_embeddings === false && (await hasOwnTable(folder, encoder)))
    throw untied(weights.path, command);
  return encoder;
}

const EMBEDDINGS = "bert.embeddings.word_embeddings.weight";
const DECODER = "cls.predictions.decoder.weight";

/** Whether the head's stored table is another than that of the embeddings. */
async function hasOwnTable({ weights }: ModelFolder, config: BertConfig): Promise<boolean> {
  const shape = [config.vocabSize, config.hiddenSize];
  const { storedNames, mismatched } = matchParameters(
    [EMBEDDINGS, DECODER].map((name) => ({ name, shape })),
    weights,
  );
  if (mismatched.some(({ name }) => name === DECODER)) return true;
  const [embeddings, decoder] = [EMBEDDINGS, DECODER].map((name) => storedNames.get(name));
  if (embeddings === undefined || decoder === undefined) return false;
  const [one, other] = [new Float32Array(elementCount(shape)), new Float32Array(elementCount(shape))];
  await weights.readInto(embeddings, one);
  await weights.readInto(decoder, other);
  return one.some((value, i) => !Object.is(value, other[i]));
}

function noBert(modelType: unknown, file: string, command: string): AttuneError {
  const known = families.some((family) => family.modelType === modelType);
  return new AttuneError("ERR_MODEL_FAMILY", {
    rule: `\`${command}\` takes only BERTs: "model_type" must be "bert"`,
    found: `found ${JSON.stringify(modelType)}`,
    next: known
      ? "use a BERT; `attune train DATA --model` fine-tunes this one too"
      : "use a BERT, such as attune-zh-en-mini, which is built in",
    file,
  });
}

function untied(file: string, command: string): AttuneError {
  return new AttuneError("ERR_UNTIED_HEAD", {
    rule: `\`${command}\` takes only heads that share their table with the word embeddings`,
    found: `config.json has "tie_word_embeddings": false, and "${DECODER}" is another table`,
    next: "use another model; `attune train DATA --model` fine-tunes this one, since it reads no such head",
    file,
  });
}
