/**
 * A causal decoder does not see the future: what it gives at t is the same whatever stands after t, and the same as
 * for the first t tokens alone.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/entry/nn.ts";
import {
  causalMask,
  constant,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import { altered, distance, draw, expectClose, pick, range, seeds, smallLayers, valuesOf } from "./values.ts";
import { withRandomWeights } from "./values.ts";

const runs = { numRuns: 8 };
const length = 6;

/** The three ways to say it. */
const ways = fc.constantFrom("flag", "mask", "float mask");

/** Holds a function of x [length, b, d] (or batch first) to the law at `t`. */
async function expectCausal(
  model: (x: Tensor, length: number) => Tensor,
  { d, t, seed, batchFirst = false }: { d: number; t: number; seed: number; batchFirst?: boolean },
): Promise<void> {
  const sequence = batchFirst ? 1 : 0;
  const x = draw(batchFirst ? [2, length, d] : [length, 2, d], seed, 2);
  const future = altered(
    x,
    (place) => place[sequence] > t,
    (old) => 50 - 9 * old,
  );
  const present = altered(x, (place) => place[sequence] === t);
  const past = range(t + 1);
  const [y, ofFuture, ofPast, ofPresent] = await valuesOf(
    model(constant(x), length),
    model(constant(future), length),
    model(constant(pick(x, sequence, past)), t + 1),
    model(constant(present), length),
  );
  const known = pick(y, sequence, past);
  expectClose(pick(ofFuture, sequence, past), known);
  expectClose(ofPast, known);
  // and it does see the present
  expect(distance(pick(ofPresent, sequence, [t]), pick(y, sequence, [t]))).toBeGreaterThan(1e-4);
}

function maskOf(way: string, t: number): Tensor {
  if (way === "mask") return causalMask(t);
  const data = Float32Array.from({ length: t * t }, (_, i) => (i % t > Math.floor(i / t) ? -Infinity : 0));
  return constant({ dtype: "float32", shape: [t, t], data });
}

const places = fc.integer({ min: 0, max: length - 1 });

describe("what comes after t changes nothing up to t", () => {
  it("in a decoder", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, places, ways, async (layer, seed, t, way) => {
        const decoder = withRandomWeights(
          new TransformerDecoder(new TransformerDecoderLayer(layer), { numLayers: 2, norm: true }),
          seed,
        );
        const memory = constant(
          draw(layer.batchFirst ? [2, 3, layer.dModel] : [3, 2, layer.dModel], seed + 1),
        );
        await expectCausal(
          (x, n) => decoder(x, memory, way === "flag" ? { tgtIsCausal: true } : { tgtMask: maskOf(way, n) }),
          { ...layer, d: layer.dModel, t, seed },
        );
      }),
      runs,
    );
  });

  it("in an encoder with a causal mask", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, places, ways, async (layer, seed, t, way) => {
        const encoder = withRandomWeights(
          new TransformerEncoder(new TransformerEncoderLayer(layer), { numLayers: 2 }),
          seed,
        );
        await expectCausal(
          (x, n) => encoder(x, way === "flag" ? { isCausal: true } : { srcMask: maskOf(way, n) }),
          { ...layer, d: layer.dModel, t, seed },
        );
      }),
      runs,
    );
  });

  it("in a whole Transformer, whose memory each token sees whole", async () => {
    await fc.assert(
      fc.asyncProperty(smallLayers, seeds, places, async (layer, seed, t) => {
        const model = withRandomWeights(
          new Transformer({ ...layer, numEncoderLayers: 1, numDecoderLayers: 2 }),
          seed,
        );
        const src = constant(draw(layer.batchFirst ? [2, 3, layer.dModel] : [3, 2, layer.dModel], seed + 1));
        await expectCausal((x) => model(src, x, { tgtIsCausal: true }), {
          ...layer,
          d: layer.dModel,
          t,
          seed,
        });
      }),
      runs,
    );
  });
});

it("without a mask the future is seen, so that the laws above say something", async () => {
  const layer = { dModel: 6, nHead: 3, dimFeedforward: 5 };
  const decoder = withRandomWeights(new TransformerDecoderLayer(layer), 1);
  const memory = constant(draw([3, 2, 6], 2));
  await expect(expectCausal((x) => decoder(x, memory), { d: 6, t: 2, seed: 1 })).rejects.toThrow(/less than/);
});
