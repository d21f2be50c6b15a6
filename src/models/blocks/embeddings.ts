/**
 * The embeddings of BERT and of most of its family: word + position + token type (+ task), LayerNorm, dropout.
 *
 * Source: Devlin et al. 2019, figure 2; ERNIE 3.0's task embeddings as in transformers' modeling_ernie.py. Parameter
 * names are those of transformers' `BertEmbeddings`, which its `RobertaEmbeddings`, `ElectraEmbeddings`,
 * `AlbertEmbeddings` and `ErnieEmbeddings` share.
 *
 * Legend: t tokens, b batch, e width of the embeddings.
 */
import type { Scope } from "../../nn/index.ts";
import { dropout, embedding, embeddingTable, layerNorm } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { add, arange, reshape, slice, transpose } from "../../tensor/index.ts";
import type { ModelInputs } from "./inputs.ts";
import { start } from "./start.ts";

/** Sizes are positive integers but where they say otherwise. */
export interface EmbeddingSizes {
  readonly vocabSize: number;
  /** e */
  readonly embeddingSize: number;
  readonly maxPositionEmbeddings: number;
  /** 0: the family has no table of token types. */
  readonly typeVocabSize: number;
  /** Tasks that have an embedding, of which the first, 0, is added everywhere. Default: no table of tasks. */
  readonly taskTypeVocabSize?: number;
  readonly layerNormEps: number;
  readonly hiddenDropoutProb: number;
  readonly initializerRange: number;
}

/**
 * [t, b, e] of a batch. Token types default to 0, the only ones that RoBERTa's kin know.
 *
 * @param positions [t, b]: rows of the position table; default 0, 1, ..., t-1 in every text.
 */
export function embeddings(
  scope: Scope,
  inputs: ModelInputs,
  sizes: EmbeddingSizes,
  positions?: Tensor,
): Tensor {
  const { embeddingSize: embeddingDim } = sizes;
  const { init } = start(sizes);
  const rows = (name: string, indices: Tensor, numEmbeddings: number) =>
    embedding(scope.at(name), indices, { numEmbeddings, embeddingDim, init });
  /** Row 0 of a table, for all tokens: [1, 1, e]. */
  const first = (name: string, numEmbeddings: number) => {
    const table = embeddingTable(scope.at(name), { numEmbeddings, embeddingDim, init });
    return reshape(slice(table, { axis: 0, start: 0, end: 1 }), [1, 1, embeddingDim]);
  };
  const words = rows("word_embeddings", transpose(inputs.inputIds, [1, 0]), sizes.vocabSize); // [t, b, e]
  const places = rows(
    "position_embeddings",
    positions ?? arange(inputs.inputIds.shape[1]),
    sizes.maxPositionEmbeddings,
  ); // [t, e] or [t, b, e]
  let total = words;
  if (inputs.tokenTypeIds !== undefined) {
    const types = transpose(inputs.tokenTypeIds, [1, 0]);
    total = add(total, rows("token_type_embeddings", types, sizes.typeVocabSize));
  } else if (sizes.typeVocabSize > 0) {
    total = add(total, first("token_type_embeddings", sizes.typeVocabSize));
  }
  total = add(total, positions === undefined ? reshape(places, [places.shape[0], 1, embeddingDim]) : places);
  if (sizes.taskTypeVocabSize !== undefined) {
    total = add(total, first("task_type_embeddings", sizes.taskTypeVocabSize));
  }
  const normalized = layerNorm(scope.at("LayerNorm"), total, { eps: sizes.layerNormEps });
  return dropout(scope.at("dropout"), normalized, sizes.hiddenDropoutProb);
}
