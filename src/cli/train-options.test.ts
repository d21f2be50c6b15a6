import { describe, expect, it } from "vitest";
import { fakeLibrary, FakeTerminal, runFake } from "../../test/fake-cli.ts";
import type { TrainTaskOptions } from "../tasks/types.ts";
import { defaultOut } from "./train-options.ts";

/** The options that the library gets from a command line, and what the program ended with. */
async function parse(...argv: string[]) {
  const terminal = new FakeTerminal();
  let options: Partial<TrainTaskOptions> | undefined;
  const library = fakeLibrary({
    train: async ({ onEvent: _, signal: __, ...rest }) => {
      options = rest;
    },
  });
  const code = await runFake(["train", ...argv], terminal, library);
  return { code, options, err: terminal.err };
}

const plain = { train: "data.csv", out: "runs/data" };

describe("attune train", () => {
  it("leaves what is not given to the library", async () => {
    expect(await parse("data.csv")).toEqual({ code: 0, options: plain, err: "" });
  });

  it.each([
    ["--text message", { textColumn: "message" }],
    ["--label topic", { labelColumn: "topic" }],
    ["--text-pair reply", { textPairColumn: "reply" }],
    ["--multi-label", { multiLabel: true }],
    ["--dev dev.csv", { dev: "dev.csv" }],
    ["--dev-share 0.2", { devShare: 0.2 }],
    ["--test test.csv", { test: "test.csv" }],
    ["--skip-bad-rows", { skipBadRows: true }],
    ["--allow-rare-labels", { allowRareLabels: true }],
    ["--encoding gb18030", { encoding: "gb18030" }],
    ["--model tiny", { model: "tiny", out: "runs/data-tiny" }],
    ["--out models/a", { out: "models/a" }],
    ["--max-length 64", { maxLength: 64 }],
    ["--vocab-size 4000", { vocabSize: 4000 }],
    ["--cased", { lowercase: false }],
    ["--min-frequency 5", { minFrequency: 5 }],
    ["--initializer-range 0.05", { initializerRange: 0.05 }],
    ["--ema-decay 0.99", { emaDecay: 0.99 }],
    ["--token-dropout 0.2", { tokenDropout: 0.2 }],
    ["--piece-dropout 0", { pieceDropout: 0 }],
    ["--dropout 0", { dropout: 0 }],
    ["--epochs 3", { epochs: 3 }],
    ["--lr 2e-5", { lr: 2e-5 }],
    ["--batch-size 16", { batchSize: 16 }],
    ["--batch-tokens 2048", { batchTokens: 2048 }],
    ["--warmup-share 0.05", { warmupShare: 0.05 }],
    ["--weight-decay 0.1", { weightDecay: 0.1 }],
    ["--max-grad-norm 5", { maxGradNorm: 5 }],
    ["--patience 2", { patience: 2 }],
    ["--checkpoint-steps 100", { checkpointSteps: 100 }],
    ["--seed 7", { seed: 7 }],
    ["--resume", { resume: true }],
    ["--device wasm", { device: "wasm" }],
    ["--threads 1", { threads: 1 }],
  ])("%s", async (flags, expected) => {
    expect(await parse("data.csv", ...flags.split(" "))).toEqual({
      code: 0,
      options: { ...plain, ...expected },
      err: "",
    });
  });

  it.each([
    ["--epochs 0", "error: --epochs must be a whole number, 1 or more; found 0; change --epochs\n"],
    [
      "--batch-size 1.5",
      "error: --batch-size must be a whole number in 1..4096; found 1.5; change --batch-size\n",
    ],
    [
      "--model . --vocab-size 500",
      'error: --vocab-size is for training from scratch; the model is ".", whose vocabulary and weights are given; ' +
        "leave --vocab-size out, or name a preset\n",
    ],
    [
      "--model . --cased",
      'error: --cased is for training from scratch; the model is ".", whose vocabulary and weights are given; ' +
        "leave --cased out, or name a preset\n",
    ],
    ["--dev-share 0.7", "error: --dev-share must be in (0, 0.5]; found 0.7; change --dev-share\n"],
  ])("refuses %s in terms of flags, before anything is read", async (flags, message) => {
    expect(await parse("data.csv", ...flags.split(" "))).toEqual({
      code: 2,
      options: undefined,
      err: message,
    });
  });

  it.each([
    ["--lr fast", "option '--lr <x>' argument 'fast' is invalid. It must be a number."],
    ["--threads 0", "It must be a whole number, 1 or more."],
    ["--device gpu", "Allowed choices are auto, native, wasm."],
    ["--dev a --dev-share 0.2", "option '--dev-share <x>' cannot be used with option '--dev <file>'"],
    ["--epoch 3", "(Did you mean --epochs?)"],
  ])("refuses %s as wrong usage", async (flags, message) => {
    const { code, options, err } = await parse("data.csv", ...flags.split(" "));
    expect([code, options]).toEqual([2, undefined]);
    expect(err).toContain(message);
  });
});

it("names the output after the data and the model", () => {
  expect(defaultOut("sets/messages.csv.gz", "tiny")).toBe("runs/messages-tiny");
  expect(defaultOut("sets/留言.jsonl")).toBe("runs/留言");
  expect(defaultOut("sets/by-label/", "models/bert-base")).toBe("runs/by-label-bert-base");
});
