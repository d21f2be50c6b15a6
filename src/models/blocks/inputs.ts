/** What the graphs of BERT's family are fed, under the names that transformers and transformers.js feed. */
import type { Tensor } from "../../tensor/index.ts";
import { input } from "../../tensor/index.ts";

/** All [b, t]. */
export interface ModelInputs {
  readonly inputIds: Tensor;
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: Tensor;
  /** 0 or 1 for the first or second text; absent in families that do not tell them apart. */
  readonly tokenTypeIds?: Tensor;
}

/** The graph inputs, with token types or without. */
export function modelInputs(dtype: "int32" | "int64", tokenTypes: boolean): ModelInputs {
  const named = (name: string) => input(name, dtype, ["b", "t"]);
  return {
    inputIds: named("input_ids"),
    attentionMask: named("attention_mask"),
    ...(tokenTypes ? { tokenTypeIds: named("token_type_ids") } : {}),
  };
}

/** The inputs in the order of transformers' exports. */
export function inputList({ inputIds, attentionMask, tokenTypeIds }: ModelInputs): Tensor[] {
  return [inputIds, attentionMask, ...(tokenTypeIds === undefined ? [] : [tokenTypeIds])];
}
