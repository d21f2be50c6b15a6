/**
 * Padding changes nothing: what a layer gives for a sequence is the same alone, at its own length, as in a batch of
 * longer ones with the rest of its row filled with anything and masked.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../src/entry/nn.ts";
import {
  constant,
  initialize,
  Scope,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import { elementCount } from "../../src/base/shape.ts";
import { bertBackbone } from "../../src/models/bert/backbone.ts";
import { bertDefaults } from "../../src/models/bert/config.ts";
import { boolMask, draw, expectClose, floatMask, lengthsOf, pick, range, seeds } from "./values.ts";
import { shuffled, smallLayers, valuesOf, withRandomWeights } from "./values.ts";

const runs = { numRuns: 8 };

/** A batch of sequences with lengths, and its mask, in the layout and the kind of mask that a seed chooses. */
function padded(seed: number, b: number, s: number, d: number, batchFirst: boolean) {
  const lengths = lengthsOf(b, s, seed);
  const x = draw(batchFirst ? [b, s, d] : [s, b, d], seed, 2);
  const mask = boolMask([b, s], ([i, place]) => place >= lengths[i]);
  const cut = (value: HostTensor, i: number) =>
    pick(pick(value, batchFirst ? 0 : 1, [i]), batchFirst ? 1 : 0, range(lengths[i]));
  return { lengths, x, cut, mask: constant(seed % 2 === 0 ? mask : floatMask(mask)) };
}

describe("the encoder", () => {
  it("gives each sequence what it gives it alone", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, async (layer, seed) => {
        const encoder = withRandomWeights(
          new TransformerEncoder(new TransformerEncoderLayer(layer), { numLayers: 2, norm: true }),
          seed,
        );
        const { x, cut, mask } = padded(seed, 3, 7, layer.dModel, layer.batchFirst ?? false);
        const [all, ...alone] = await valuesOf(
          encoder(constant(x), { srcKeyPaddingMask: mask }),
          ...range(3).map((i) => encoder(constant(cut(x, i)))),
        );
        for (const i of range(3)) expectClose(cut(all, i), alone[i]);
      }),
      runs,
    );
  });
});

describe("the decoder", () => {
  it("gives each target what it gives it alone, with its own memory alone", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, fc.boolean(), async (layer, seed, tgtIsCausal) => {
        const decoder = withRandomWeights(
          new TransformerDecoder(new TransformerDecoderLayer(layer), { numLayers: 2 }),
          seed,
        );
        const tgt = padded(seed, 3, 5, layer.dModel, layer.batchFirst ?? false);
        const memory = padded(seed + 1, 3, 7, layer.dModel, layer.batchFirst ?? false);
        const masks = { tgtKeyPaddingMask: tgt.mask, memoryKeyPaddingMask: memory.mask, tgtIsCausal };
        const [all, ...alone] = await valuesOf(
          decoder(constant(tgt.x), constant(memory.x), masks),
          ...range(3).map((i) =>
            decoder(constant(tgt.cut(tgt.x, i)), constant(memory.cut(memory.x, i)), { tgtIsCausal }),
          ),
        );
        for (const i of range(3)) expectClose(tgt.cut(all, i), alone[i]);
      }),
      runs,
    );
  });
});

describe("the whole Transformer", () => {
  it("gives each pair what it gives it alone", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, async (layer, seed) => {
        const model = withRandomWeights(
          new Transformer({ ...layer, numEncoderLayers: 1, numDecoderLayers: 2 }),
          seed,
        );
        const src = padded(seed, 2, 7, layer.dModel, layer.batchFirst ?? false);
        const tgt = padded(seed + 1, 2, 5, layer.dModel, layer.batchFirst ?? false);
        const [all, ...alone] = await valuesOf(
          model(constant(src.x), constant(tgt.x), {
            srcKeyPaddingMask: src.mask,
            memoryKeyPaddingMask: src.mask,
            tgtKeyPaddingMask: tgt.mask,
            tgtIsCausal: true,
          }),
          ...range(2).map((i) =>
            model(constant(src.cut(src.x, i)), constant(tgt.cut(tgt.x, i)), { tgtIsCausal: true }),
          ),
        );
        for (const i of range(2)) expectClose(tgt.cut(all, i), alone[i]);
      }),
      runs,
    );
  });
});

describe("BERT", () => {
  const config = {
    ...{ ...bertDefaults, vocabSize: 31, hiddenSize: 14, numHiddenLayers: 2, numAttentionHeads: 2 },
    ...{ intermediateSize: 22, maxPositionEmbeddings: 13, initializerRange: 0.2 },
  };

  /** Its parameters have values, so that it can be evaluated as a module can. */
  function backbone(seed: number) {
    const scope: Scope = Scope.root({
      training: false,
      values: (name) => {
        const spec = scope.parameters.find((parameter) => parameter.name === name);
        const data = new Float32Array(elementCount(spec?.shape ?? []));
        if (spec !== undefined) initialize(spec, seed, data);
        return { dtype: "float32", shape: spec?.shape ?? [], data };
      },
    });
    return (ids: HostTensor, types: HostTensor, mask: HostTensor, lastLayer: "all" | "cls") => {
      const inputs = {
        inputIds: constant(ids),
        attentionMask: constant(mask),
        tokenTypeIds: constant(types),
      };
      return bertBackbone(scope, inputs, config, { lastLayer });
    };
  }

  const int32 = (shape: readonly number[], value: (i: number) => number): HostTensor => ({
    dtype: "int32",
    shape,
    data: Int32Array.from({ length: elementCount(shape) }, (_, i) => value(i)),
  });

  it.each(["all", "cls"] as const)("gives each text what it gives it alone, last layer %s", async (last) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const [b, t] = [3, 11];
        const lengths = lengthsOf(b, t, seed);
        const bert = backbone(seed);
        const order = shuffled(31, seed);
        const ids = int32([b, t], (i) => order[(i * 7) % 31]);
        const types = int32([b, t], (i) => order[i % 31] % 2);
        const mask = int32([b, t], (i) => Number(i % t < lengths[Math.floor(i / t)]));
        const cut = (x: HostTensor, i: number) => pick(pick(x, 0, [i]), 1, range(lengths[i]));
        const all = bert(ids, types, mask, last);
        const alone = range(b).map((i) => bert(cut(ids, i), cut(types, i), cut(mask, i), last));
        const [hidden, pooled, ...found] = await valuesOf(
          ...[all, ...alone].flatMap((y) => [y.hiddenStates, y.pooled]),
        );
        for (const i of range(b)) {
          const rows = range(last === "all" ? lengths[i] : 1);
          expectClose(pick(pick(hidden, 1, [i]), 0, rows), found[2 * i]);
          expectClose(pick(pooled, 0, [i]), found[2 * i + 1]);
        }
      }),
      runs,
    );
  });
});

it("without the mask padding does change outputs, so that the laws above say something", async () => {
  const layer = new TransformerEncoderLayer({ dModel: 6, nHead: 2, dimFeedforward: 5 });
  const x = draw([4, 1, 6], 1);
  const [whole, cut] = await valuesOf(layer(constant(x)), layer(constant(pick(x, 0, [0, 1]))));
  expect(() => expectClose(pick(whole, 0, [0, 1]), cut, 1e-2)).toThrow(/less than/);
});
