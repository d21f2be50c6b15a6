/** A model folder with made-up weights, in sizes that cannot be taken for one another. */
import { join } from "node:path";
import { Random } from "../../src/base/random.ts";
import { elementCount } from "../../src/base/shape.ts";
import {
  bertDefaults,
  type SequenceClassificationConfig,
  toHuggingFaceConfig,
} from "../../src/models/bert/config.ts";
import { bertClassifier } from "../../src/models/bert/sequence-classification.ts";
import { type NamedTensor, writeModelFolder } from "../../src/models/checkpoint/index.ts";
import { BertTokenizer, SPECIAL_TOKENS } from "../../src/text/index.ts";

export const config: SequenceClassificationConfig = {
  ...bertDefaults,
  vocabSize: 19,
  hiddenSize: 10,
  numHiddenLayers: 3,
  numAttentionHeads: 2,
  intermediateSize: 13,
  maxPositionEmbeddings: 17,
  layerNormEps: 1e-3,
  labels: ["asks", "thanks", "other"],
  problemType: "single_label_classification",
};

const words = ["where", "is", "my", "parcel", "?", "thank", "you", "##s", "我", "的", "包", "裹"];

/** Weights by name, each a normal number of deviation 0.5, norms about 1. */
export const weights: readonly NamedTensor[] = bertClassifier(config, { idType: "int64" }).parameters.map(
  ({ name, shape }) => {
    const random = new Random(7, name);
    const centre = name.endsWith("LayerNorm.weight") ? 1 : 0;
    const data = Float32Array.from({ length: elementCount(shape) }, () => centre + 0.5 * random.normal());
    return { name, shape, data };
  },
);

export interface FolderOptions {
  /** Default: all weights. */
  readonly tensors?: readonly NamedTensor[];
  /** Most tokens of a text. Default 17. */
  readonly maxLength?: number;
  /** Instead of the classifier's config.json. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Writes the folder `name` inside `parent` and returns its path. */
export async function writeFolder(
  parent: string,
  name: string,
  options: FolderOptions = {},
): Promise<string> {
  const tokenizer = BertTokenizer.fromVocabulary([...Object.values(SPECIAL_TOKENS), ...words]);
  const maxLength = options.maxLength ?? config.maxPositionEmbeddings;
  const path = join(parent, name);
  await writeModelFolder(path, {
    config: options.config ?? toHuggingFaceConfig(config),
    vocabularyText: tokenizer.toVocabularyText(),
    tokenizerJson: tokenizer.toTokenizerJson(),
    normalizer: tokenizer.normalization,
    maxLength,
    tensors: options.tensors ?? weights,
    attune: { maxLength },
  });
  return path;
}
