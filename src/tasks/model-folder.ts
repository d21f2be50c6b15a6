/**
 * A model folder to look into: a model of any family with a classifier or without, weights on disk.
 *
 * `loadModel` (model.ts) wants a trained classifier; looking does not, so that a pre-trained encoder can be seen too.
 */
import { inputList } from "../models/blocks/inputs.ts";
import type { Match, ModelFolder } from "../models/checkpoint/index.ts";
import { assertLoadable, matchParameters, readModelFolder } from "../models/checkpoint/index.ts";
import { parseModelConfig } from "../models/families.ts";
import type { ClassifierModel, EncoderModel } from "../models/family.ts";
import type { ParameterSpec } from "../nn/index.ts";
import type { Tensor } from "../tensor/index.ts";

export interface OpenModel {
  readonly folder: ModelFolder;
  readonly encoder: EncoderModel;
  /** Absent where the configuration or the weights have no classifier. */
  readonly classifier: ClassifierModel | undefined;
  /** Parameters by their names in the weight file. */
  readonly match: Match;
  /** The inference graph: logits, or the encoder's states where there is no classifier. */
  readonly graph: OpenGraph;
}

export interface OpenGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly ParameterSpec[];
}

/**
 * Opens a folder, checks every tensor's shape against the configuration, and closes the weights after `work`.
 *
 * @throws ERR_MODEL_FOLDER, ERR_MODEL_FILE, ERR_MODEL_FAMILY, ERR_CONFIG, ERR_TENSOR_SHAPE and the like, naming file and
 *   tensor.
 */
export async function withModelFolder<T>(
  path: string,
  work: (model: OpenModel) => T | Promise<T>,
): Promise<T> {
  const folder = await readModelFolder(path);
  try {
    const { encoder, head } = parseModelConfig(folder.config, folder.configFile);
    if (head !== undefined) {
      const classifier = encoder.withHead(head);
      const { inputs, logits, parameters } = classifier.trace({ idType: "int64" });
      const match = matchParameters(parameters, folder.weights, encoder.checkpoint);
      if (!match.freshHead) {
        assertLoadable(match);
        const graph = { inputs: inputList(inputs), outputs: { logits }, parameters };
        return await work({ folder, encoder, classifier, match, graph });
      }
    }
    return await work({ folder, encoder, classifier: undefined, ...encoderOnly(folder, encoder) });
  } finally {
    await folder.weights.close();
  }
}

/** The encoder, and the pooler where the file has it: models trained on masked words alone lack it. */
function encoderOnly(folder: ModelFolder, encoder: EncoderModel): Pick<OpenModel, "match" | "graph"> {
  const { mayBeFresh } = encoder.checkpoint;
  const { inputs, hiddenStates, pooled, ...traced } = encoder.traceEncoder({ idType: "int64" });
  const isPooler = ({ name }: { readonly name: string }) =>
    mayBeFresh.some((beginning) => name.startsWith(beginning));
  const all = matchParameters(traced.parameters, folder.weights, encoder.checkpoint);
  const hasPooler = traced.parameters.filter(isPooler).every(({ name }) => !all.missing.includes(name));
  const parameters = traced.parameters.filter((spec) => hasPooler || !isPooler(spec));
  const match = hasPooler ? all : matchParameters(parameters, folder.weights, encoder.checkpoint);
  assertLoadable(match);
  // named as transformers names the outputs of a BertModel
  const outputs = {
    last_hidden_state: hiddenStates,
    ...(hasPooler && pooled !== undefined ? { pooler_output: pooled } : {}),
  };
  return { match, graph: { inputs: inputList(inputs), outputs, parameters } };
}
