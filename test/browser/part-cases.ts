/** The parts that layers are made of: projections, tables, norms, activations, attention without projections. */
import {
  Dropout,
  dropout,
  Embedding,
  embeddingTable,
  feedForward,
  gatherRows,
  LayerNorm,
  Linear,
  project,
  randn,
  RMSNorm,
  scaledDotProductAttention,
  tensor,
} from "../../src/entry/nn-common.ts";
import type { Tensor } from "../../src/entry/nn-common.ts";
import { activationNames } from "../../src/nn/feed-forward.ts";
import type { Case } from "./case.ts";
import { differentiated, parametersOf, randomized, randomScope, tensors } from "./case.ts";

const [t, s, b, d, v] = [5, 7, 3, 22, 19];
const x = () => randn([s, b, d], { seed: 6 });
const tokens = () => tensor([3, 18, 0, 3, 7], "int32");

type OneInput = Parameters<typeof randomized>[0] & ((input: Tensor) => Tensor);

/** A module of one float32 input. */
const part = (make: () => OneInput): Case =>
  tensors(() => {
    const module = make();
    const input = x();
    return differentiated(randomized(module)(input), { input, ...parametersOf(module.parameters) });
  });

const activation = (name: (typeof activationNames)[number]): Case =>
  tensors(() => {
    const [scope, input] = [randomScope(), x()];
    const options = {
      dimFeedforward: 13,
      activation: name,
      dropout: 0,
      bias: true,
      matrices: "kaiming",
    } as const;
    const output = feedForward(scope, input, options);
    return differentiated(output, { input, ...parametersOf(scope.parameters) });
  });

export const partCases: Readonly<Record<string, Case>> = {
  linear: part(() => new Linear({ inFeatures: d, outFeatures: 13 })),
  "layer norm": part(() => new LayerNorm({ normalizedShape: d })),
  "RMS norm": part(() => new RMSNorm({ normalizedShape: d })),
  "dropout outside of training": part(() => new Dropout({ p: 0.5 })),
  ...Object.fromEntries(activationNames.map((name) => [`feed-forward, ${name}`, activation(name)])),
  embedding: tensors(() => {
    const module = randomized(new Embedding({ numEmbeddings: v, embeddingDim: d }));
    return differentiated(module(tokens()), parametersOf(module.parameters));
  }),
  "tied embeddings": tensors(() => {
    const scope = randomScope();
    const table = embeddingTable(scope, { numEmbeddings: v, embeddingDim: d });
    const words = dropout(scope.at("dropout"), gatherRows(table, tokens()), 0.1);
    return differentiated(project(words, table), parametersOf(scope.parameters));
  }),
  "scaled dot-product attention": tensors(() => {
    const [q, k, values] = [11, 12, 13].map((seed, i) => randn([i === 0 ? t : s, b, d], { seed }));
    const { context, weights } = scaledDotProductAttention(randomScope(), q, k, values, { numHeads: 2 });
    return { ...differentiated(context, { q, k, values }), weights };
  }),
};
