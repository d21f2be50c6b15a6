/**
 * The numbers that define an ERNIE, read from and written to Hugging Face's config.json.
 *
 * Sizes and defaults: Sun et al., "ERNIE 3.0" (2021), and `ErnieConfig` of transformers. BERT's keys and two more.
 */
import * as z from "zod";
import type { BertConfig } from "../bert/config.ts";
import { bertDefaults, bertFields, bertFixedKeys, bertKeys } from "../bert/config.ts";
import type { ConfigFormat } from "../config-format.ts";
import { size } from "../config-format.ts";

export interface ErnieConfig extends BertConfig {
  /** Whether task 0's embedding is added to every token. */
  readonly useTaskId: boolean;
  /** Rows of the table of tasks. */
  readonly taskTypeVocabSize: number;
}

export const ernieFormat: ConfigFormat<ErnieConfig> = {
  modelType: "ernie",
  architecture: "ErnieForSequenceClassification",
  schema: z.strictObject({
    ...bertFields,
    useTaskId: z.boolean("must be true or false"),
    taskTypeVocabSize: size,
  }),
  defaults: { ...bertDefaults, useTaskId: false, taskTypeVocabSize: 3 },
  keys: { ...bertKeys, useTaskId: "use_task_id", taskTypeVocabSize: "task_type_vocab_size" },
  fixed: bertFixedKeys,
  written: { position_embedding_type: "absolute" },
};
