/** Attention, encoder, decoder and the whole Transformer, with masks, and every gradient. */
import type { Tensor } from "../../src/entry/nn-common.ts";
import {
  MultiHeadAttention,
  randn,
  tensor,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "../../src/entry/nn-common.ts";
import type { Case } from "./case.ts";
import { differentiated, parametersOf, randomized, tensors } from "./case.ts";

const [t, s, b] = [5, 7, 3];
const layer = { dModel: 22, nHead: 2, dimFeedforward: 13 } as const;
const src = () => randn([s, b, 22], { seed: 1 });
const tgt = () => randn([t, b, 22], { seed: 2 });

/** bool [b, length]: the last places of each row are padding; of the last row all are. */
function padding(length: number): Tensor {
  const real = [length, length - 2, 0];
  return tensor(real.map((count) => Array.from({ length }, (_, place) => place >= count)));
}

/** float32 [rows, columns], a finite number added to each score but for one that hides its key. */
function additive(rows: number, columns: number): Tensor {
  return tensor(
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (__, j) =>
        i === 1 && j === 0 ? Number.NEGATIVE_INFINITY : Math.sin(i + 3 * j),
      ),
    ),
  );
}

const attention = (averageAttnWeights: boolean): Case =>
  tensors(() => {
    const module = randomized(new MultiHeadAttention({ embedDim: 22, numHeads: 2, kDim: 11, vDim: 17 }));
    const query = tgt();
    const key = randn([s, b, 11], { seed: 3 });
    const value = randn([s, b, 17], { seed: 4 });
    const call = { keyPaddingMask: padding(s), attnMask: additive(t, s), needWeights: true };
    const { output, weights } = module(query, key, value, { ...call, averageAttnWeights });
    if (weights === undefined) throw new Error("no weights");
    return {
      ...differentiated(output, { query, key, value, ...parametersOf(module.parameters) }),
      weights,
    };
  });

const encoderLayer = (options: Partial<ConstructorParameters<typeof TransformerEncoderLayer>[0]>): Case =>
  tensors(() => {
    const module = randomized(new TransformerEncoderLayer({ ...layer, ...options }));
    const x = src();
    const output = module(x, { srcKeyPaddingMask: padding(s), srcMask: additive(s, s) });
    return differentiated(output, { x, ...parametersOf(module.parameters) });
  });

const decoderLayer = (normFirst: boolean): Case =>
  tensors(() => {
    const module = randomized(new TransformerDecoderLayer({ ...layer, normFirst }));
    const [x, memory] = [tgt(), src()];
    const output = module(x, memory, {
      tgtIsCausal: true,
      tgtMask: additive(t, t),
      memoryMask: additive(t, s),
      memoryKeyPaddingMask: padding(s),
    });
    return differentiated(output, { x, memory, ...parametersOf(module.parameters) });
  });

export const layerCases: Readonly<Record<string, Case>> = {
  "multi-head attention, mean weights": attention(true),
  "multi-head attention, weights by head": attention(false),
  "encoder layer, post-norm": encoderLayer({}),
  "encoder layer, pre-norm": encoderLayer({ normFirst: true }),
  "encoder layer, GELU and RMSNorm": encoderLayer({ activation: "gelu", norm: "rms" }),
  "decoder layer, post-norm": decoderLayer(false),
  "decoder layer, pre-norm": decoderLayer(true),
  encoder: tensors(() => {
    const one = new TransformerEncoderLayer({ ...layer, normFirst: true });
    const module = randomized(new TransformerEncoder(one, { numLayers: 2, norm: true }));
    const x = src();
    const output = module(x, { isCausal: true, srcKeyPaddingMask: padding(s) });
    return differentiated(output, { x, ...parametersOf(module.parameters) });
  }),
  decoder: tensors(() => {
    const module = randomized(new TransformerDecoder(new TransformerDecoderLayer(layer), { numLayers: 2 }));
    const [x, memory] = [tgt(), src()];
    const output = module(x, memory, { tgtIsCausal: true, memoryKeyPaddingMask: padding(s) });
    return differentiated(output, { x, memory, ...parametersOf(module.parameters) });
  }),
  transformer: tensors(() => {
    const module = randomized(new Transformer({ ...layer, numEncoderLayers: 2, numDecoderLayers: 2 }));
    const [x, y] = [src(), tgt()];
    const output = module(x, y, { srcKeyPaddingMask: padding(s), tgtIsCausal: true });
    return differentiated(output, { x, y, ...parametersOf(module.parameters) });
  }),
};
