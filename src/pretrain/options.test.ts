import { describe, expect, it } from "vitest";
import { type PretrainOptions, resolvePretrainOptions } from "./options.ts";

const base: PretrainOptions = { corpora: ["corpus"], out: "out" };

describe("defaults", () => {
  it("depend on what is trained", () => {
    expect(resolvePretrainOptions(base)).toMatchObject({
      model: "mini",
      lr: 1e-3,
      alphabetLimit: 7200,
      maxLength: 128,
    });
    expect(resolvePretrainOptions({ ...base, model: "base" }).lr).toBe(1e-4);
    expect(resolvePretrainOptions({ ...base, vocabSize: 1001 }).alphabetLimit).toBe(451);
    expect(resolvePretrainOptions({ ...base, model: "." }).lr).toBe(2e-4); // a folder
  });
});

describe("refused", () => {
  it.each<[Readonly<Record<string, unknown>>, RegExp]>([
    [{ model: "minni" }, /ERR_MODEL_UNKNOWN.*"minni".*did you mean "mini"/],
    [{ masking: "words" }, /ERR_OPTION: masking must be tokens, whole-words, spans; found words/],
    [{ objective: "nps" }, /ERR_OPTION: objective must be none, nsp, sop; found nps/],
    [{ initialization: "xavier" }, /ERR_OPTION: initialization must be/],
    [{ maskShare: 0 }, /ERR_OPTION: maskShare must be in \(0, 1\)/],
    [{ maskShare: Number.NaN }, /ERR_OPTION: maskShare/],
    [{ devShare: 0.6 }, /ERR_OPTION: devShare/],
    [{ steps: 0 }, /ERR_OPTION: steps/],
    [{ maxLength: 7 }, /ERR_OPTION: maxLength must be a whole number in 8/],
    [{ vocabSize: 99 }, /ERR_OPTION: vocabSize/],
    [{ lr: "fast" }, /ERR_OPTION: lr/],
    [{ learningRate: 1 }, /ERR_OPTION.*found "learningRate"/],
    [{ steps: 10, epochs: 2 }, /ERR_OPTION_UNUSED: epochs is for a run without steps/],
    [{ dev: "dev.txt", devShare: 0.1 }, /ERR_OPTION_UNUSED: devShare is for a corpus that is to be split/],
    [{ dev: "dev.txt", devTokens: 10 }, /ERR_OPTION_UNUSED: devTokens/],
    [{ model: ".", vocabSize: 1000 }, /ERR_OPTION_UNUSED: vocabSize is for pre-training from scratch/],
    [{ model: ".", initialization: "informed" }, /ERR_OPTION_UNUSED: initialization/],
    [{ vocabulary: "vocab.txt", minFrequency: 2 }, /ERR_OPTION_UNUSED: minFrequency.*"vocab.txt" is given/],
  ])("%o", (change, message) => {
    expect(() => resolvePretrainOptions(Object.assign({ ...base }, change))).toThrow(message);
  });
});
