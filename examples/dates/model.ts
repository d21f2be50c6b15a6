/**
 * The Transformer of "Attention Is All You Need" (Vaswani et al. 2017, figure 1), small, over characters.
 *
 *     encode:  memory = encoder(sqrt(d) E[source] + PE)                         section 3.1, 3.4, 3.5
 *     decode:  logits = decoder(sqrt(d) E[target] + PE, memory) E^T
 *
 * One table E embeds source and target and makes the logits (section 3.4). Each half is a function of a scope, which
 * holds the parameters: the same two functions train, generate with a cache, and show their attention.
 *
 * Legend: s source length, t target length, b batch, d width, v vocabulary.
 */
import type { DecodingCache, Scope, Seq2SeqModel, Tensor } from "attune/nn";
import {
  add,
  crossEntropy,
  dropout,
  embeddingTable,
  equal,
  gatherRows,
  input,
  mul,
  project,
  reshape,
  scalar,
  sinusoidalPositions,
  tensor,
  transformerDecoder,
  transformerEncoder,
  transformerOptions,
  transpose,
} from "attune/nn";
import { LONGEST, PAD } from "./characters.ts";

const d = 64;

export const heads = 4;
const layers = 2;

const options = transformerOptions({
  dModel: d,
  nHead: heads,
  numEncoderLayers: layers,
  numDecoderLayers: layers,
  dimFeedforward: 2 * d,
  dropout: 0, // it keeps a model from learning its examples by heart, and here it hardly sees one twice
});

/** Where `scope.record` keeps the weights of each decoder layer's attention to the source, [b*heads, t, s]. */
export const crossAttentionPaths: readonly string[] = Array.from(
  { length: layers },
  (_, i) => `decoder.layers.${i}.multihead_attn.weights`,
);

/** The model for a vocabulary of `v` characters. Its source is the input `source`, int32 [s, b]. */
export function dateTransformer(v: number): Seq2SeqModel {
  const source = input("source", "int32", ["s", "b"]);
  const padding = transpose(equal(source, tensor(PAD, "int32")), [1, 0]); // [b, s]

  const table = (scope: Scope): Tensor =>
    embeddingTable(scope.at("characters"), {
      numEmbeddings: v,
      embeddingDim: d,
      init: { kind: "normal", std: 1 / Math.sqrt(d) },
    });

  /** tokens [n, b] -> [n, b, d] */
  const embed = (scope: Scope, side: string, tokens: Tensor, positions?: Tensor): Tensor => {
    const [n] = tokens.shape;
    const meaning = mul(gatherRows(table(scope), tokens), scalar(Math.sqrt(d)));
    const place = reshape(sinusoidalPositions(n, d, { maxLength: LONGEST, positions }), [n, 1, d]);
    return dropout(scope.at(side).at("dropout"), add(meaning, place), options.dropout);
  };

  return {
    encode: (scope) =>
      transformerEncoder(scope.at("encoder"), options.encoder, embed(scope, "source", source), {
        srcKeyPaddingMask: padding,
      }),
    decode: (scope, tokens, memory, cache?: DecodingCache) => {
      const x = embed(scope, "target", tokens, cache?.positions);
      const decoded = transformerDecoder(scope.at("decoder"), options.decoder, x, memory, {
        tgtIsCausal: true,
        memoryKeyPaddingMask: padding,
        cache,
      });
      return project(decoded, table(scope)); // [t, b, v]
    },
  };
}

/** The loss of a batch: how surprised the model is by each `next` character after the `target` so far. */
export function lossOf({ encode, decode }: Seq2SeqModel, scope: Scope): Tensor {
  const target = input("target", "int32", ["t", "b"]);
  const next = input("next", "int32", ["t", "b"]); // dates are equally long: nothing is padded
  return crossEntropy(decode(scope, target, encode(scope)), next);
}
