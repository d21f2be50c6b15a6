/**
 * Twenty clipped AdamW steps through the training engine against PyTorch in float64.
 */
import { describe, expect, it } from "vitest";
import { goldenWeights } from "../../fixtures/bert-tiny-gradients/formula.ts";
import { loadBackend } from "../../src/runtime/index.ts";
import { bertModel } from "../../src/models/bert/family.ts";
import { classifierFeeds, createClassifierEngine } from "../../src/train/classifier-engine.ts";
import { batch, config, expected, readGolden } from "./golden.ts";

const { optimizer, losses, gradientNorms } = expected.training;

/** The rows of the golden batch from `from` to `to`. */
function rows(from: number, to: number) {
  const part = (values: readonly number[]) => Int32Array.from(values.slice(from * batch.t, to * batch.t));
  return {
    inputs: {
      inputIds: part(batch.inputIds),
      attentionMask: part(batch.attentionMask),
      tokenTypeIds: part(batch.tokenTypeIds),
      batch: to - from,
      length: batch.t,
    },
    labels: Int32Array.from(batch.labels.slice(from, to)),
  };
}

describe.each([
  { name: "in one micro-batch", cuts: [0, 5] },
  { name: "accumulated over three micro-batches", cuts: [0, 2, 3, 5] },
])("twenty AdamW steps $name", ({ cuts }) => {
  it("end where PyTorch's do", async () => {
    const model = bertModel(config("single_label_classification", 0));
    const engine = await createClassifierEngine({
      model,
      backend: await loadBackend(),
      seed: 0,
      weightDecay: optimizer.weightDecay,
      maxGradNorm: 1,
      maxTokens: batch.b * batch.t,
      accumulates: cuts.length > 2,
      threads: 2,
      emaDecay: 0,
    });
    for (const { spec, values } of engine.parameters) values.set(goldenWeights(spec.name, values.length));
    const microBatches = cuts.slice(1).map((to, i) => rows(cuts[i], to));
    for (const [step, wanted] of losses.entries()) {
      const { loss, gradNorm } = await engine.step(classifierFeeds(microBatches, model), {
        step,
        lr: optimizer.lr,
      });
      expect(Math.abs(loss - wanted)).toBeLessThan(2e-4 * wanted);
      expect(Math.abs(gradNorm - gradientNorms[step])).toBeLessThan(1e-3 * gradientNorms[step]);
    }
    const golden = readGolden("after-20-steps.safetensors");
    let difference = 0;
    let update = 0;
    for (const { spec, values } of engine.parameters) {
      // the true gradient of key biases is zero, and AdamW makes steps of full size out of rounding noise there
      if (spec.name.endsWith("key.bias")) continue;
      const start = goldenWeights(spec.name, values.length);
      const wanted = golden.get(spec.name) ?? new Float32Array();
      expect(wanted.length).toBe(values.length);
      values.forEach((value, i) => {
        difference += (value - wanted[i]) ** 2;
        update += (wanted[i] - start[i]) ** 2;
      });
    }
    await engine.dispose();
    expect(Math.sqrt(difference / update)).toBeLessThan(1e-3);
  });
});
