/**
 * A model folder to look into: a BERT with a classifier or without, weights on disk.
 *
 * `loadModel` (model.ts) wants a trained classifier; looking does not, so that a pre-trained encoder can be seen too.
 */
import type { BertConfig, ClassificationHead } from "../models/bert/config.ts";
import { parseBertConfig } from "../models/bert/config.ts";
import { bertBackbone, bertInputs } from "../models/bert/backbone.ts";
import { bertClassifier } from "../models/bert/sequence-classification.ts";
import type { Match, ModelFolder } from "../models/checkpoint/index.ts";
import { assertLoadable, matchParameters, readModelFolder } from "../models/checkpoint/index.ts";
import type { ParameterSpec } from "../nn/index.ts";
import { Scope } from "../nn/index.ts";
import type { Tensor } from "../tensor/index.ts";

export interface BertFolder {
  readonly folder: ModelFolder;
  readonly config: BertConfig;
  /** Absent where the configuration or the weights have no classifier. */
  readonly head: ClassificationHead | undefined;
  /** Parameters by their names in the weight file. */
  readonly match: Match;
  /** The inference graph: logits, or the encoder's states where there is no classifier. */
  readonly graph: BertGraph;
}

export interface BertGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly ParameterSpec[];
}

/**
 * Opens a folder, checks every tensor's shape against the configuration, and closes the weights after `work`.
 *
 * @throws ERR_MODEL_FOLDER, ERR_MODEL_FILE, ERR_CONFIG, ERR_TENSOR_SHAPE and the like, naming file and tensor.
 */
export async function withBertFolder<T>(
  path: string,
  work: (bert: BertFolder) => T | Promise<T>,
): Promise<T> {
  const folder = await readModelFolder(path);
  try {
    const { encoder: config, head } = parseBertConfig(folder.config, folder.configFile);
    if (head !== undefined) {
      const { inputs, logits, parameters } = bertClassifier({ ...config, ...head }, { idType: "int64" });
      const match = matchParameters(parameters, folder.weights);
      if (!match.freshHead) {
        assertLoadable(match);
        const graph = { inputs: Object.values(inputs), outputs: { logits }, parameters };
        return await work({ folder, config, head, match, graph });
      }
    }
    return await work({ folder, config, head: undefined, ...encoderOnly(folder, config) });
  } finally {
    await folder.weights.close();
  }
}

/** The encoder, and the pooler where the file has it: models trained on masked words alone lack it. */
function encoderOnly(folder: ModelFolder, config: BertConfig): Pick<BertFolder, "match" | "graph"> {
  const root = Scope.root({ training: false });
  const inputs = bertInputs("int64");
  const { hiddenStates, pooled } = bertBackbone(root.at("bert"), inputs, config, { lastLayer: "all" });
  const isPooler = ({ name }: { readonly name: string }) => name.startsWith("bert.pooler.");
  const all = matchParameters(root.parameters, folder.weights);
  const hasPooler = root.parameters.filter(isPooler).every(({ name }) => !all.missing.includes(name));
  const parameters = root.parameters.filter((spec) => hasPooler || !isPooler(spec));
  const match = hasPooler ? all : matchParameters(parameters, folder.weights);
  assertLoadable(match);
  // named as transformers names the outputs of a BertModel
  const outputs = { last_hidden_state: hiddenStates, ...(hasPooler ? { pooler_output: pooled } : {}) };
  return { match, graph: { inputs: Object.values(inputs), outputs, parameters } };
}
