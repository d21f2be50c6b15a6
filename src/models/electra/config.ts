/**
 * The numbers that define an ELECTRA, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Clark et al., "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators"
 * (ICLR 2020), and `ElectraConfig` of transformers. BERT's keys and one more.
 */
import * as z from "zod";
import type { BertConfig } from "../bert/config.ts";
import { bertDefaults, bertFields, bertFixedKeys, bertKeys } from "../bert/config.ts";
import type { ConfigFormat } from "../config-format.ts";
import { size } from "../config-format.ts";

export interface ElectraConfig extends BertConfig {
  /** Width of the embeddings, which are projected to `hiddenSize` where the two differ. */
  readonly embeddingSize: number;
}

export const electraFormat: ConfigFormat<ElectraConfig> = {
  modelType: "electra",
  architecture: "ElectraForSequenceClassification",
  schema: z.strictObject({ ...bertFields, embeddingSize: size }),
  defaults: {
    ...bertDefaults,
    embeddingSize: 128,
    hiddenSize: 256,
    numAttentionHeads: 4,
    intermediateSize: 1024,
  },
  keys: { ...bertKeys, embeddingSize: "embedding_size" },
  fixed: bertFixedKeys,
  written: { position_embedding_type: "absolute" },
};
