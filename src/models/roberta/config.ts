/**
 * The numbers that define a RoBERTa or an XLM-R, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach" (2019); Conneau et al.,
 * "Unsupervised Cross-lingual Representation Learning at Scale" (2020); `RobertaConfig` and `XLMRobertaConfig` of
 * transformers. The keys are BERT's.
 */
import * as z from "zod";
import type { BertConfig } from "../bert/config.ts";
import { bertDefaults, bertFields, bertFixedKeys, bertKeys } from "../bert/config.ts";
import type { ConfigFormat } from "../config-format.ts";
import { relationError } from "../config-format.ts";

/** BERT's numbers; `maxPositionEmbeddings` counts the rows below the first position as well. */
export type RobertaConfig = BertConfig;

/** Row of the position table of the first token: positions are counted from behind the padding token's number. */
export function firstPosition({ padTokenId }: Pick<RobertaConfig, "padTokenId">): number {
  return padTokenId + 1;
}

/** The format of a model type that has RoBERTa's architecture. */
export function robertaFormat(modelType: string, architecture: string): ConfigFormat<RobertaConfig> {
  return {
    modelType,
    architecture,
    schema: z.strictObject(bertFields),
    defaults: { ...bertDefaults, vocabSize: 50265, padTokenId: 1 },
    keys: bertKeys,
    fixed: bertFixedKeys,
    written: { position_embedding_type: "absolute" },
    check(config, source) {
      if (config.maxPositionEmbeddings > firstPosition(config)) return;
      throw relationError(
        "positions must reach beyond the number of the padding token, where they begin",
        `found ${config.maxPositionEmbeddings} positions and padding token ${config.padTokenId}`,
        source,
      );
    },
  };
}
