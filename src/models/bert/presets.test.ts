import { expect, test } from "vitest";
import { bertPreset, isPresetName, presetNames } from "./presets.ts";

const open = { vocabSize: 1000, labels: ["no", "yes"], problemType: "single_label_classification" } as const;

/** Parameters of the encoder with embeddings and pooler, counted from the paper's figure. */
function countParameters(name: string, vocabSize: number): number {
  const c = bertPreset(name, { ...open, vocabSize });
  const linear = (inputs: number, outputs: number) => inputs * outputs + outputs;
  const d = c.hiddenSize;
  const embeddings = (c.vocabSize + c.maxPositionEmbeddings + c.typeVocabSize) * d + 2 * d;
  const layer = 4 * linear(d, d) + linear(d, c.intermediateSize) + linear(c.intermediateSize, d) + 4 * d;
  return embeddings + c.numHiddenLayers * layer + linear(d, d);
}

test.each([
  ["tiny", 4.4],
  ["mini", 11.2],
  ["small", 28.8],
  ["medium", 41.4],
  ["base", 109.5],
])("%s has the published %d million parameters", (name, millions) => {
  expect(countParameters(name, 30522) / 1e6).toBeCloseTo(millions, 1);
});

test("every number can be another, and the feed-forward layer follows the hidden size", () => {
  const config = bertPreset("tiny", { ...open, hiddenSize: 64, maxPositionEmbeddings: 40 });
  expect(config).toMatchObject({
    hiddenSize: 64,
    intermediateSize: 256,
    maxPositionEmbeddings: 40,
    vocabSize: 1000,
  });
  expect(bertPreset("tiny", { ...open, hiddenSize: 64, intermediateSize: 100 }).intermediateSize).toBe(100);
});

test("numbers that do not fit name the preset", () => {
  expect(() => bertPreset("mini", { ...open, hiddenSize: 254 })).toThrow(
    /found hidden size 254 and 4 heads \(preset mini\)/,
  );
});

test("an unknown name lists the known ones and the nearest", () => {
  expect(() => bertPreset("tinny", open)).toThrow(
    'ERR_PRESET: a model preset must be one of tiny, mini, small, medium, base; found "tinny"; did you mean "tiny"?',
  );
  expect(() => bertPreset("gpt", open)).toThrow("use one of these names");
  expect(presetNames.filter(isPresetName)).toEqual(presetNames);
  expect(isPresetName("toString")).toBe(false);
});
