/**
 * BERT as a family. By their config.json these are BERTs too: MacBERT, MiniLM, RoBERTa-wwm of Chinese, older ERNIE.
 *
 * Sources: Devlin et al. 2019; Cui et al. 2020 (MacBERT) and Wang et al. 2020 (MiniLM) change the training, not the
 * model.
 */
import { internal } from "../../base/errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { ClassifierModel, EncoderOutputs, Family, FamilyDefinition } from "../family.ts";
import { classifierModel, defineFamily } from "../family.ts";
import { bertBackbone } from "./backbone.ts";
import type { BertConfig, SequenceClassificationConfig } from "./config.ts";
import { bertFormat } from "./config.ts";
import { pooledClassifier } from "./sequence-classification.ts";

const definition: FamilyDefinition<BertConfig> = {
  name: "BERT",
  modelType: "bert",
  format: bertFormat,
  checkpoint: bertCheckpoint("bert"),
  tokenTypes: () => true,
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  withDropout: withBertDropout,
  layerScope: (layer) => `bert.encoder.layer.${layer}`,
  headReads: () => "cls",
  backbone: bertBackbone,
  classify: (root, outputs, _inputs, config, labels) =>
    pooledClassifier(root, requirePooled(outputs), config, labels),
};

export const bert: Family = defineFamily(definition);

/** A BERT classifier from its numbers, which are not checked. */
export function bertModel(config: SequenceClassificationConfig): ClassifierModel {
  const { labels, problemType, ...encoder } = config;
  return classifierModel(definition, encoder, { labels, problemType });
}

/** The names in a checkpoint of BERT, or of a family that differs from it in the prefix alone. */
export function bertCheckpoint(prefix: string) {
  return {
    prefix,
    layers: `${prefix}.encoder.`,
    classifier: ["classifier."],
    // Masked-language models are saved without a pooler, since only the sentence head reads it.
    mayBeFresh: [`${prefix}.pooler.`],
    ignored: ["cls.", `${prefix}.embeddings.position_ids`],
  };
}

/** BERT's three dropouts set to one rate, in any configuration that has them. */
export function withBertDropout<C extends BertDropouts>(config: C, rate: number): C {
  return { ...config, hiddenDropoutProb: rate, attentionProbsDropoutProb: rate, classifierDropout: rate };
}

type BertDropouts = Pick<BertConfig, "hiddenDropoutProb" | "attentionProbsDropoutProb" | "classifierDropout">;

/** The pooler's output. */
export function requirePooled({ pooled }: EncoderOutputs): Tensor {
  if (pooled === undefined) throw internal("this family's encoder has no pooler");
  return pooled;
}
