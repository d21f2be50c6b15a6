/** Positions of every kind, with the gradients of what is learned. */
import {
  LearnedPositions,
  MultiHeadAttention,
  randn,
  relativeBias,
  SinusoidalPositions,
  TransformerEncoderLayer,
} from "../../src/entry/nn-common.ts";
import type { Case } from "./case.ts";
import { differentiated, parametersOf, randomized, randomScope, tensors } from "./case.ts";

const [s, b, d] = [7, 3, 22];

export const positionCases: Readonly<Record<string, Case>> = {
  "sinusoidal positions": tensors(() => {
    const x = randn([s, b, d], { seed: 5 });
    return differentiated(new SinusoidalPositions({ d })(x), { x });
  }),
  "learned positions": tensors(() => {
    const module = randomized(new LearnedPositions({ d, maxLength: 11 }));
    const x = randn([s, b, d], { seed: 5 });
    return differentiated(module(x), { x, ...parametersOf(module.parameters) });
  }),
  "rotary positions": tensors(() => {
    const module = randomized(
      new TransformerEncoderLayer({ dModel: 20, nHead: 2, dimFeedforward: 13, rotary: {} }),
    );
    const x = randn([s, b, 20], { seed: 5 });
    return differentiated(module(x), { x, ...parametersOf(module.parameters) });
  }),
  "relative bias": tensors(() => {
    const module = randomized(new MultiHeadAttention({ embedDim: d, numHeads: 2 }));
    const x = randn([s, b, d], { seed: 5 });
    const scope = randomScope();
    const positionBias = relativeBias(scope, { t: s, s }, { numHeads: 2, numBuckets: 8, maxDistance: 5 });
    const { output } = module(x, x, x, { positionBias });
    return differentiated(output, {
      x,
      ...parametersOf(module.parameters),
      ...parametersOf(scope.parameters),
    });
  }),
};
