/**
 * Random-direction gradient checks of whole models: the slope of the loss along a random direction of the parameters
 * is what the gradient of the training graph says (slopes.ts). Dropout masks are drawn and given.
 *
 * Activations are the smooth ones: a step over the kink of relu has no slope (test/ops and test/transformer hold relu).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LossGraph, Tensor } from "../../src/entry/nn.ts";
import {
  binaryCrossEntropy,
  crossEntropy,
  focalLoss,
  input,
  klDivergence,
  linear,
  meanSquaredError,
  multiHeadAttention,
  multiHeadAttentionOptions,
  relativeBias,
  Scope,
  stackOptions,
  transformerDecoder,
  transformerEncoder,
  transformerLayerOptions,
} from "../../src/entry/nn.ts";
import { graphInputs } from "../../src/engine/evaluate.ts";
import { bertDefaults } from "../../src/models/bert/config.ts";
import { bertClassifierLoss } from "../../src/models/bert/sequence-classification.ts";
import { models } from "./seq2seq.ts";
import { classes, expectSlopes } from "./slopes.ts";
import { seeds, smallLayers } from "./values.ts";

/** Always the same draws: a sharp one would need steps that are too small for float32. */
const runs = { numRuns: 4, seed: 1 };

const smoothLayers = smallLayers.filter(({ activation }) => activation !== "relu");

describe("the slope of the loss along a random direction is the gradient's", () => {
  it("of an encoder with cross-entropy: ignored labels, class weights, smoothing", async () => {
    await holds(smoothLayers, ({ batchFirst: _, ...layer }) => (scope) => {
      const options = stackOptions("Encoder", transformerLayerOptions("Encoder", layer), {
        numLayers: 2,
        norm: true,
      });
      const src = input("src", "float32", ["s", "b", layer.dModel]);
      const encoded = transformerEncoder(scope.at("encoder"), options, src, {
        srcKeyPaddingMask: input("padding", "bool", ["b", "s"]),
      });
      const logits = linear(scope.at("head"), encoded, { outFeatures: classes });
      return crossEntropy(logits, input("labels", "int32", ["s", "b"]), {
        ignoreIndex: 0,
        classWeights: [1, 0.5, 2, 3],
        labelSmoothing: 0.1,
      });
    });
  });

  it("of a causal decoder with the Kullback-Leibler divergence", async () => {
    await holds(smoothLayers, ({ batchFirst: _, ...layer }) => (scope) => {
      const options = stackOptions("Decoder", transformerLayerOptions("Decoder", layer), { numLayers: 2 });
      const decoded = transformerDecoder(
        scope.at("decoder"),
        options,
        input("tgt", "float32", ["t", "b", layer.dModel]),
        input("memory", "float32", ["s", "b", layer.dModel]),
        { tgtIsCausal: true, memoryKeyPaddingMask: input("padding", "bool", ["b", "s"]) },
      );
      const logits = linear(scope.at("head"), decoded, { outFeatures: classes });
      return klDivergence(logits, input("teacher", "float32", ["t", "b", classes]));
    });
  });

  it("of an encoder-decoder with embeddings and positions", async () => {
    const smooth = models.filter(({ options }) => options.activation !== "relu");
    await holds(smooth, ({ model }) => (scope) => {
      const logits = model.decode(scope, input("tokens", "int32", ["t", "b"]), model.encode(scope));
      return crossEntropy(logits, input("labels", "int32", ["t", "b"]));
    });
  });

  it.each(["mean squared error", "binary cross-entropy", "focal loss"])(
    "of attention with relative positions and the %s",
    async (kind) => {
      await holds(fc.constant(undefined), () => (scope) => {
        const options = multiHeadAttentionOptions({ embedDim: 6, numHeads: 3, kDim: 5, vDim: 7 });
        const [query, key, value] = [
          input("query", "float32", ["t", "b", 6]),
          input("key", "float32", ["s", "b", 5]),
          input("value", "float32", ["s", "b", 7]),
        ];
        const sides = { t: "t", s: "s" };
        const positionBias = relativeBias(scope.at("bias"), sides, { numHeads: 3, numBuckets: 4 });
        const { output } = multiHeadAttention(scope.at("a"), options, query, key, value, { positionBias });
        const target = input("yes", "float32", ["t", "b", 6]);
        if (kind === "mean squared error") return meanSquaredError(output, target);
        if (kind === "focal loss") return focalLoss(output, target, { gamma: 1.5, alpha: 0.3 });
        return binaryCrossEntropy(output, target, { posWeights: [1, 2, 0.5, 1, 3, 1] });
      });
    },
  );

  it.each(["single_label_classification", "multi_label_classification"] as const)(
    "of a BERT classifier, %s",
    async (problemType) => {
      const config = {
        ...{ ...bertDefaults, vocabSize: 7, hiddenSize: 6, numHiddenLayers: 2, numAttentionHeads: 3 },
        ...{ intermediateSize: 5, maxPositionEmbeddings: 11, layerNormEps: 1e-5, problemType },
        labels: ["one", "two", "three"],
      };
      await fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          const { inputs, labels, exampleWeights, ...graph } = bertClassifierLoss(config);
          const all = [...Object.values(inputs), labels, exampleWeights];
          await expectSlopes({ ...graph, inputs: all }, seed);
        }),
        runs,
      );
    },
  );
});

it("a gradient that is wrong by one percent is found", async () => {
  const scope = Scope.root({ training: true });
  const y = linear(scope.at("a"), input("src", "float32", ["s", "b", 6]), { outFeatures: classes });
  const graph = graphOf(scope, crossEntropy(y, input("labels", "int32", ["s", "b"])));
  await expectSlopes(graph, 1);
  await expect(expectSlopes(graph, 1, 1.01)).rejects.toThrow(/of a\./);
});

/** Holds the losses that `build` makes of drawn options to the law, with random values. */
async function holds<T>(
  options: fc.Arbitrary<T>,
  build: (option: T) => (scope: Scope) => Tensor,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(options, seeds, async (option, seed) => {
      const scope = Scope.root({ training: true });
      await expectSlopes(graphOf(scope, build(option)(scope)), seed);
    }),
    runs,
  );
}

function graphOf(scope: Scope, loss: Tensor): LossGraph {
  const { parameters, dropouts } = scope;
  const masks = new Set(dropouts.map(({ mask }) => mask));
  return { inputs: graphInputs({ loss }).filter((x) => !masks.has(x)), loss, parameters, dropouts };
}
