import { describe, expect, it } from "vitest";
import { FakeTerminal, runFake } from "../../test/fake-cli.ts";
import type { PretrainEvent } from "../pretrain/index.ts";
import { pretrainOptions } from "./pretrain-options.ts";
import { PretrainView } from "./pretrain-view.ts";

const scores = { loss: 5.5, accuracy: 0.1234, perplexity: 244.69, maskedTokens: 3000 };
const figures = { loss: 6, gradNorm: 1, lr: 1e-3, tokens: 4000, tokensPerSecond: 5500, remainingMs: 60_000 };

function events(sentenceAccuracy: number | undefined, resumedFrom?: number): PretrainEvent[] {
  const dev = { ...scores, sentenceAccuracy };
  return [
    { event: "phase", phase: "vocabulary" },
    { event: "reading", documents: 2000, file: 0, files: 2 },
    {
      event: "start",
      out: "runs/mini-mine",
      model: {
        from: "mini, from scratch",
        parameters: 7_500_000,
        vocabSize: 16_000,
        layers: 4,
        hiddenSize: 256,
      },
      corpus: {
        documents: 12_000,
        tokens: 34_000_000,
        sequences: 300_000,
        devDocuments: 60,
        devTokens: 190_000,
        shortDocuments: 7,
        duplicateDocuments: 2,
        unknownShare: 0.0012,
      },
      device: "native (onnxruntime 1.30.0)",
      seed: 1,
      totalSteps: 7000,
      epochs: 0.84,
      resumedFrom,
    },
    { event: "warning", code: "WARN_FRESH_HEAD", message: "the pooler starts afresh" },
    { event: "step", step: 1, totalSteps: 7000, epoch: 0, ...figures },
    { event: "evaluation", step: 350, tokens: 1_400_000, ...dev },
    { event: "checkpoint", step: 500, path: "runs/mini-mine/checkpoints/step-500" },
    { event: "evaluation", step: 7000, tokens: 28_000_000, ...dev },
    {
      event: "done",
      out: "runs/mini-mine",
      steps: 7000,
      tokens: 28_000_000,
      elapsedMs: 5_400_000,
      dev,
      pseudoPerplexity: 210.5,
    },
  ];
}

function shown(
  sentenceAccuracy: number | undefined,
  { isTerminal = false, resumedFrom }: { isTerminal?: boolean; resumedFrom?: number } = {},
): FakeTerminal {
  const terminal = new FakeTerminal({ isTerminal });
  const view = new PretrainView(terminal);
  for (const event of events(sentenceAccuracy, resumedFrom)) view.show(event);
  view.close();
  return terminal;
}

describe("what attune pretrain shows", () => {
  it("corpus, model, a line an evaluation, and what to do next, within 80 columns", () => {
    const { lines, err } = shown(0.75);
    expect(lines).toEqual([
      "corpus   12,000 documents, 34.0M tokens, 0.12% unknown",
      "left out 7 short and 2 repeated documents",
      "held out 60 documents, 190k tokens",
      "model    mini, from scratch: 4 layers of 256, 16,000 tokens, 7.50M weights",
      "run      7,000 steps, 0.84 passes, seed 1, native (onnxruntime 1.30.0)",
      "out      runs/mini-mine",
      "",
      "     step  tokens seen   dev loss   accuracy  perplexity  pair accuracy",
      "      350        1.40M     5.5000     0.1234      244.69         0.7500",
      "    7,000        28.0M     5.5000     0.1234      244.69         0.7500",
      "",
      "7,000 steps, 28.0M tokens in 1 h 30 min; hidden words guessed right: 12.3%;",
      "pseudo-perplexity 210.50",
      "",
      "the model is in runs/mini-mine; next:",
      "  attune fill-mask runs/mini-mine 'a sentence with a [MASK] in it'",
      "  attune train DATA --model runs/mini-mine",
    ]);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(err).toContain("note: the pooler starts afresh");
  });

  it("the time since it was resumed, of tokens that were seen before as well", () => {
    const { lines } = shown(undefined, { resumedFrom: 3500 });
    expect(lines.join(" ")).toContain(
      "7,000 steps, 28.0M tokens in all, 1 h 30 min since it was resumed; hidden words",
    );
  });

  it("no column for an objective that was not trained", () => {
    expect(shown(undefined).out).not.toContain("pair accuracy");
  });

  it("a bar on a terminal", () => {
    const { err } = shown(undefined, { isTerminal: true });
    expect(err).toContain("learning the vocabulary");
    expect(err).toContain("2,000 documents");
    expect(err).toContain("5.50k tokens/s");
  });
});

describe("the flags of attune pretrain", () => {
  it("become options; those not given stay out", () => {
    expect(pretrainOptions(["a", "b"], {})).toEqual({ corpora: ["a", "b"], out: "runs/mini-pretrained" });
    expect(
      pretrainOptions(["a"], { text: "body", cased: true, model: "tiny", resume: true, json: true }),
    ).toEqual({
      corpora: ["a"],
      out: "runs/tiny-pretrained",
      textColumn: "body",
      lowercase: false,
      model: "tiny",
    });
  });

  it.each([
    [["--steps", "10", "--epochs", "2"], /--steps <n>' cannot be used with option '--epochs/],
    [["--dev", "d.txt", "--dev-share", "0.1"], /--dev-share <x>' cannot be used with option '--dev/],
    [["--masking", "words"], /--masking <how>' argument 'words' is invalid.*tokens, whole-words, spans/],
    [["--objective", "nps"], /Allowed choices are none, nsp, sop/],
    [["--mask-share", "2"], /--mask-share must be in \(0, 1\)/],
    [["--steps", "many"], /It must be a number/],
    [["--max-length", "4"], /--max-length must be a whole number in 8\.\.65535/],
    [["--vocabulary", "vocab.txt", "--vocab-size", "500"], /--vocab-size is for a vocabulary that is learnt/],
    [["--model", "mimi"], /ERR_MODEL_UNKNOWN.*did you mean "mini"/],
    [["--masks", "3"], /unknown option '--masks'/],
  ])("%o is a wrong command line", async (flags, message) => {
    const terminal = new FakeTerminal();
    expect(await runFake(["pretrain", "corpus", ...flags], terminal)).toBe(
      /ERR_/.test(String(message)) ? 1 : 2,
    );
    expect(terminal.err).toMatch(message);
    expect(terminal.out).toBe("");
  });

  it("want a corpus, and help fits 80 columns", async () => {
    const terminal = new FakeTerminal();
    expect(await runFake(["pretrain"], terminal)).toBe(2);
    expect(terminal.err).toMatch(/missing required argument 'corpus'/);
    const help = new FakeTerminal();
    expect(await runFake(["pretrain", "--help"], help)).toBe(0);
    expect(help.out).toContain("--mask-share");
    expect(help.lines.filter((line) => line.length > 80)).toEqual([]);
  });
});
