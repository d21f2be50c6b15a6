/**
 * Order means nothing where nothing says where things stand: sequences of a batch do not see each other, and without
 * positions the encoder treats its places alike.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../src/entry/nn.ts";
import {
  constant,
  MultiHeadAttention,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import { boolMask, distance, draw, expectClose, lengthsOf, pick, seeds, shuffled } from "./values.ts";
import { smallLayers, valuesOf, withRandomWeights } from "./values.ts";

const runs = { numRuns: 8 };

/** Sequences in the layout of a module, and a mask that hides the ends of some. */
function batch(shape: readonly [s: number, b: number, d: number], seed: number, batchFirst = false) {
  const [s, b, d] = shape;
  const lengths = lengthsOf(b, s, seed);
  return {
    x: draw(batchFirst ? [b, s, d] : [s, b, d], seed, 2),
    mask: boolMask([b, s], ([i, place]) => place >= lengths[i]),
    axes: batchFirst ? { batch: 0, sequence: 1 } : { batch: 1, sequence: 0 },
  };
}

describe("permuting the batch permutes the results of", () => {
  it("attention, its weights too", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.boolean(), fc.boolean(), async (seed, batchFirst, average) => {
        const sizes = { embedDim: 6, numHeads: 3, kDim: 5, vDim: 7 };
        const attention = withRandomWeights(new MultiHeadAttention({ ...sizes, batchFirst }), seed);
        const [query, key, value] = [
          batch([2, 5, 6], seed, batchFirst),
          batch([3, 5, 5], seed + 1, batchFirst),
          batch([3, 5, 7], seed + 2, batchFirst),
        ];
        const order = shuffled(5, seed);
        const attend = (turn: (x: HostTensor, axis: number) => HostTensor) =>
          attention(...([query, key, value].map(({ x, axes }) => constant(turn(x, axes.batch))) as Three), {
            keyPaddingMask: constant(turn(key.mask, 0)),
            needWeights: true,
            averageAttnWeights: average,
          });
        const [plain, permuted] = [attend((x) => x), attend((x, axis) => pick(x, axis, order))];
        const weights = [plain, permuted].flatMap((y) => (y.weights === undefined ? [] : [y.weights]));
        const [y, yPermuted, w, wPermuted] = await valuesOf(plain.output, permuted.output, ...weights);
        expectClose(yPermuted, pick(y, query.axes.batch, order));
        expectClose(wPermuted, pick(w, 0, order));
      }),
      runs,
    );
  });

  it("the encoder", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, async (layer, seed) => {
        const encoder = withRandomWeights(
          new TransformerEncoder(new TransformerEncoderLayer(layer), { numLayers: 2 }),
          seed,
        );
        const { x, mask, axes } = batch([5, 3, layer.dModel], seed, layer.batchFirst);
        const order = shuffled(3, seed);
        const [y, permuted] = await valuesOf(
          encoder(constant(x), { srcKeyPaddingMask: constant(mask) }),
          encoder(constant(pick(x, axes.batch, order)), {
            srcKeyPaddingMask: constant(pick(mask, 0, order)),
          }),
        );
        expectClose(permuted, pick(y, axes.batch, order));
      }),
      runs,
    );
  });

  it("the whole Transformer", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, async (layer, seed) => {
        const model = withRandomWeights(
          new Transformer({ ...layer, numEncoderLayers: 1, numDecoderLayers: 1 }),
          seed,
        );
        const src = batch([5, 3, layer.dModel], seed, layer.batchFirst);
        const tgt = batch([2, 3, layer.dModel], seed + 1, layer.batchFirst);
        const order = shuffled(3, seed);
        const run = (turn: (x: HostTensor, axis: number) => HostTensor) =>
          model(constant(turn(src.x, src.axes.batch)), constant(turn(tgt.x, tgt.axes.batch)), {
            srcKeyPaddingMask: constant(turn(src.mask, 0)),
            memoryKeyPaddingMask: constant(turn(src.mask, 0)),
            tgtKeyPaddingMask: constant(turn(tgt.mask, 0)),
          });
        const [y, permuted] = await valuesOf(
          run((x) => x),
          run((x, axis) => pick(x, axis, order)),
        );
        expectClose(permuted, pick(y, tgt.axes.batch, order));
      }),
      runs,
    );
  });
});

describe("without positions", () => {
  const unplaced = smallLayers.map(({ rotary: _, ...layer }) => layer);

  it("permuting the places permutes what the encoder gives", async () => {
    await fc.assert(
      fc.asyncProperty(unplaced, seeds, async (layer, seed) => {
        const encoder = withRandomWeights(
          new TransformerEncoder(new TransformerEncoderLayer(layer), { numLayers: 2 }),
          seed,
        );
        const { x, mask, axes } = batch([7, 3, layer.dModel], seed, layer.batchFirst);
        const order = shuffled(7, seed);
        const [y, permuted] = await valuesOf(
          encoder(constant(x), { srcKeyPaddingMask: constant(mask) }),
          encoder(constant(pick(x, axes.sequence, order)), {
            srcKeyPaddingMask: constant(pick(mask, 1, order)),
          }),
        );
        expectClose(permuted, pick(y, axes.sequence, order));
      }),
      runs,
    );
  });

  it("permuting the memory changes nothing of what the decoder gives", async () => {
    await fc.assert(
      fc.asyncProperty(unplaced, seeds, async (layer, seed) => {
        const decoder = withRandomWeights(
          new TransformerDecoder(new TransformerDecoderLayer(layer), { numLayers: 2 }),
          seed,
        );
        const tgt = batch([4, 3, layer.dModel], seed, layer.batchFirst);
        const memory = batch([7, 3, layer.dModel], seed + 1, layer.batchFirst);
        const order = shuffled(7, seed);
        const [y, permuted] = await valuesOf(
          decoder(constant(tgt.x), constant(memory.x), { memoryKeyPaddingMask: constant(memory.mask) }),
          decoder(constant(tgt.x), constant(pick(memory.x, memory.axes.sequence, order)), {
            memoryKeyPaddingMask: constant(pick(memory.mask, 1, order)),
          }),
        );
        expectClose(permuted, y);
      }),
      runs,
    );
  });

  it("and with them it does: rotary positions and causal masks tell places apart", async () => {
    const sizes = { dModel: 12, nHead: 3, dimFeedforward: 5 };
    const x = draw([5, 1, 12], 1, 2);
    const backwards = [4, 3, 2, 1, 0];
    const plain = withRandomWeights(new TransformerEncoderLayer(sizes), 1);
    const turned = withRandomWeights(new TransformerEncoderLayer({ ...sizes, rotary: {} }), 1);
    const found = await valuesOf(
      ...[{}, { isCausal: true }].flatMap((call) =>
        [x, pick(x, 0, backwards)].map((one) => (call.isCausal ? plain : turned)(constant(one), call)),
      ),
    );
    for (const i of [0, 2])
      expect(distance(found[i + 1], pick(found[i], 0, backwards))).toBeGreaterThan(1e-2);
  });
});

type Three = [ReturnType<typeof constant>, ReturnType<typeof constant>, ReturnType<typeof constant>];
