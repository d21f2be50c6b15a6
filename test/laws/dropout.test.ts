/**
 * Dropout 0 in training equals evaluation; so does dropout of any rate where its masks keep everything.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostTensor, Trace, Tensor, TransformerLayerOptions } from "../../src/entry/nn.ts";
import {
  constant,
  evaluate,
  MultiHeadAttention,
  Transformer,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import { elementCount } from "../../src/base/shape.ts";
import { distance, draw, expectClose, seeds, smallLayers, withRandomWeights } from "./values.ts";

type Tracing = (options: { readonly training: boolean }) => Trace<Tensor>;

/** A module of each kind, as its trace on fixed inputs. */
const modules: Readonly<Record<string, (layer: TransformerLayerOptions, seed: number) => Tracing>> = {
  "an encoder layer": (layer, seed) => {
    const { x } = inputs(layer, seed);
    const module = withRandomWeights(new TransformerEncoderLayer(layer), seed);
    return (options) => module.trace([x], options);
  },
  "a decoder layer": (layer, seed) => {
    const { x, y } = inputs(layer, seed);
    const module = withRandomWeights(new TransformerDecoderLayer(layer), seed);
    return (options) => module.trace([y, x, { tgtIsCausal: true }], options);
  },
  "a whole Transformer": (layer, seed) => {
    const { x, y } = inputs(layer, seed);
    const module = withRandomWeights(
      new Transformer({ ...layer, numEncoderLayers: 2, numDecoderLayers: 1 }),
      seed,
    );
    return (options) => module.trace([x, y], options);
  },
  attention: ({ dModel, nHead, dropout = 0.1, batchFirst = false }, seed) => {
    const { x, y } = inputs({ dModel, nHead, batchFirst }, seed);
    const sizes = { embedDim: dModel, numHeads: nHead };
    const module = withRandomWeights(new MultiHeadAttention({ ...sizes, dropout, batchFirst }), seed);
    return (options) => {
      const { output, ...trace } = module.trace([y, x, x], options);
      return { ...trace, output: output.output };
    };
  },
};

function inputs({ dModel, batchFirst = false }: TransformerLayerOptions, seed: number) {
  const shape = (length: number) => (batchFirst ? [2, length, dModel] : [length, 2, dModel]);
  return { x: constant(draw(shape(5), seed, 2)), y: constant(draw(shape(3), seed + 1, 2)) };
}

/** Masks for every site of a trace, filled with one number. */
function masksOf({ dropouts }: Trace<Tensor>, value: (rate: number) => number): Record<string, HostTensor> {
  return Object.fromEntries(
    dropouts.map(({ name, rate, mask }) => {
      const shape = mask.shape.map(Number);
      const data = new Float32Array(elementCount(shape)).fill(value(rate));
      return [`mask:${name}`, { dtype: "float32", shape, data }];
    }),
  );
}

const value = (trace: Trace<Tensor>, feeds: Record<string, HostTensor> = {}) =>
  evaluate(trace.output, { feeds, threads: 1 });

describe.each(Object.entries(modules))("%s", (_, make) => {
  it("gives in training what it gives in evaluation where dropout is 0", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, async (layer, seed) => {
        const trace = make({ ...layer, dropout: 0 }, seed);
        const training = trace({ training: true });
        expect(training.dropouts).toEqual([]);
        expectClose(await value(training), await value(trace({ training: false })));
      }),
      { numRuns: 6 },
    );
  });

  it("gives the same where every mask keeps everything, and other numbers where masks are others", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, async (layer, seed) => {
        const trace = make({ ...layer, dropout: 0.25 }, seed);
        const [training, evaluation] = [trace({ training: true }), trace({ training: false })];
        expect(evaluation.dropouts).toEqual([]);
        expect(training.dropouts.map(({ rate }) => rate)).toEqual(training.dropouts.map(() => 0.25));
        expect(training.dropouts.length).toBeGreaterThan(0);
        const wanted = await value(evaluation);
        expectClose(
          await value(
            training,
            masksOf(training, () => 1),
          ),
          wanted,
        );
        const scaled = await value(
          training,
          masksOf(training, (rate) => 1 / (1 - rate)),
        );
        expect(distance(scaled, wanted)).toBeGreaterThan(1e-4);
      }),
      { numRuns: 6 },
    );
  });
});
