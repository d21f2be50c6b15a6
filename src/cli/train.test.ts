import { describe, expect, it } from "vitest";
import { FakeClassifier, fakeLibrary, fakeReport, FakeTerminal, runFake } from "../../test/fake-cli.ts";
import { AttuneError } from "../base/errors.ts";
import type { TrainTaskOptions } from "../tasks/types.ts";
import type { TrainEvent } from "../train/index.ts";

const start: TrainEvent = {
  event: "start",
  out: "runs/data-tiny",
  model: { from: "tiny, from scratch", parameters: 1_420_000, vocabSize: 8000, layers: 2, hiddenSize: 128 },
  data: { train: 720, dev: 96, test: 144, labels: ["short", "long"], kind: "single", badRows: 0 },
  device: "native (onnxruntime 1.30.0)",
  seed: 1,
  epochs: 2,
  totalSteps: 4,
  resumedFrom: undefined,
};

function step(number: number, loss: number): TrainEvent {
  const epoch = Math.ceil(number / 2);
  const pace = { gradNorm: 1, lr: 1e-3, tokens: 900, tokensPerSecond: 41_234, remainingMs: 12_000 };
  return { event: "step", step: number, totalSteps: 4, epoch, epochs: 2, loss, ...pace };
}

function evaluation(epoch: number, score: number, kept: boolean): TrainEvent {
  return {
    event: "evaluation",
    step: 2 * epoch,
    epoch,
    loss: 0.5,
    accuracy: score,
    macroF1: 0.7,
    kept,
  };
}

const done: TrainEvent = {
  event: "done",
  out: "runs/data-tiny",
  steps: 4,
  keptStep: 2,
  keptEpoch: 1,
  stoppedEarly: false,
  elapsedMs: 42_000,
  dev: fakeReport,
  test: undefined,
};

const events: readonly TrainEvent[] = [
  { event: "phase", phase: "reading" },
  { event: "warning", code: "WARN_LEAK", message: "3 of 96 texts of dev also stand in train" },
  start,
  step(1, 2),
  step(2, 1),
  evaluation(1, 0.75, true),
  { event: "checkpoint", step: 2, path: "runs/data-tiny/checkpoints/step-2" },
  step(3, 1),
  step(4, 0.5),
  evaluation(2, 0.5, false),
  done,
];

/** A run that says `events`. */
function saying(some: readonly TrainEvent[]) {
  return async ({ onEvent }: TrainTaskOptions) => {
    for (const event of some) onEvent?.(event);
  };
}

describe("attune train", () => {
  it("shows data, model, a line an epoch, the report and what to do next", async () => {
    const terminal = new FakeTerminal();
    const classifier = new FakeClassifier();
    const library = fakeLibrary({ classifier, train: saying(events) });
    expect(await runFake(["train", "data.csv", "--text", "message"], terminal, library)).toBe(0);
    const { lines } = terminal;
    expect(lines.slice(0, 10)).toEqual([
      "data     720 train, 96 dev, 144 test; 2 labels: short, long",
      "model    tiny, from scratch: 2 layers of 128, 8,000 tokens, 1.42M weights",
      "run      2 epochs, 4 steps, seed 1, native (onnxruntime 1.30.0)",
      "out      runs/data-tiny",
      "",
      "epoch  step  train loss  dev loss  accuracy  macro F1",
      "  1/2     2      1.5000    0.5000    0.7500    0.7000",
      "  2/2     4      0.7500    0.5000    0.5000    0.7000  not kept",
      "",
      "weights of epoch 1, step 2; 4 steps in 42 s",
    ]);
    expect(lines).toContain("dev, by label");
    expect(lines).toContain("dev confusion: rows are true labels, columns predicted ones");
    expect(lines.slice(-4)).toEqual([
      "the model is in runs/data-tiny; next:",
      "  attune predict runs/data-tiny --input 'a text of yours'",
      "  attune evaluate runs/data-tiny FILE",
      "  attune export runs/data-tiny",
    ]);
    expect(terminal.err).toBe("note: 3 of 96 texts of dev also stand in train\n");
    expect(classifier.disposed).toBe(true);
  });

  it("draws a bar in a terminal, which is gone in the end", async () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    await runFake(["train", "data.csv"], terminal, fakeLibrary({ train: saying(events) }));
    expect(terminal.err).toContain("━");
    expect(terminal.err).toContain("epoch 1/2 · loss 2.0000 · 41.2k tokens/s · 0:12 left");
    expect(terminal.err.endsWith("\r\u001b[K")).toBe(true);
    expect(terminal.out).not.toContain("\u001b");
  });

  it("prints every event as a line with --json", async () => {
    const terminal = new FakeTerminal();
    expect(
      await runFake(["train", "data.csv", "--json"], terminal, fakeLibrary({ train: saying(events) })),
    ).toBe(0);
    expect(terminal.json).toEqual(JSON.parse(JSON.stringify(events)));
    expect(terminal.err).toBe("");
  });

  it("ends the events with an error where the work fails", async () => {
    const terminal = new FakeTerminal();
    const train = async () => {
      throw new AttuneError("ERR_FILE_EMPTY", {
        rule: "data must not be empty",
        found: "it is",
        next: "fill it",
      });
    };
    expect(await runFake(["train", "data.csv", "--json"], terminal, fakeLibrary({ train }))).toBe(1);
    const message = "ERR_FILE_EMPTY: data must not be empty; it is; fill it";
    expect(terminal.json).toEqual([{ event: "error", code: "ERR_FILE_EMPTY", message }]);
    expect(terminal.err).toBe(`${message}\n`);
  });

  it("announces the slow runtime once, unless it was asked for", async () => {
    const slow = saying([{ ...start, device: "wasm (onnxruntime 1.30.0)" }]);
    const terminal = new FakeTerminal();
    await runFake(["train", "data.csv"], terminal, fakeLibrary({ train: slow }));
    expect(terminal.err).toBe(
      "note: running on the WASM runtime, about 5 times slower; `attune doctor` says what to install\n",
    );
    const asked = new FakeTerminal();
    await runFake(["train", "data.csv", "--device", "wasm"], asked, fakeLibrary({ train: slow }));
    expect(asked.err).toBe("");
  });
});

describe("Ctrl-C while training", () => {
  /** Trains until aborted, then stops as the library does. */
  function untilAborted(saved: boolean, begin: () => void) {
    return async ({ onEvent, signal }: TrainTaskOptions) => {
      onEvent?.(start);
      const stopped = new Promise((resolve) => signal?.addEventListener("abort", resolve));
      begin();
      await stopped;
      if (saved)
        onEvent?.({ event: "interrupted", step: 1, totalSteps: 4, checkpoint: "runs/data-tiny/checkpoints" });
      throw AttuneError.revive("ERR_INTERRUPTED", "ERR_INTERRUPTED: training was asked to stop");
    };
  }

  it("saves and says how to go on, with exit code 130", async () => {
    const terminal = new FakeTerminal();
    const argv = ["train", "my data.csv", "--model", "tiny"];
    const library = fakeLibrary({ train: untilAborted(true, () => terminal.interrupt()) });
    expect(await runFake(argv, terminal, library)).toBe(130);
    expect(terminal.err).toBe(
      "note: finishing the step and saving; Ctrl-C again stops at once, without saving\n" +
        "stopped and saved; to go on:\n\n  attune train 'my data.csv' --model tiny --resume\n\n",
    );
    expect(terminal.deaths).toBe(0);
    expect(terminal.interrupt()).toBe(false); // nobody listens any more
  });

  it("does not repeat --resume, and ends the events with the interruption", async () => {
    const terminal = new FakeTerminal();
    const argv = ["train", "data.csv", "--resume", "--json"];
    const library = fakeLibrary({ train: untilAborted(true, () => terminal.interrupt()) });
    expect(await runFake(argv, terminal, library)).toBe(130);
    expect(terminal.err).toContain("  attune train data.csv --resume --json\n");
    expect(terminal.json.at(-1)).toMatchObject({ event: "interrupted", step: 1 });
  });

  it("promises nothing where nothing was saved", async () => {
    const terminal = new FakeTerminal();
    const library = fakeLibrary({ train: untilAborted(false, () => terminal.interrupt()) });
    expect(await runFake(["train", "data.csv"], terminal, library)).toBe(130);
    expect(terminal.err).toContain("stopped; there was nothing to save yet\n");
    expect(terminal.err).not.toContain("--resume");
  });

  it("twice ends the program at once", async () => {
    const terminal = new FakeTerminal();
    const twice = () => {
      terminal.interrupt();
      terminal.interrupt();
    };
    await runFake(["train", "data.csv"], terminal, fakeLibrary({ train: untilAborted(true, twice) }));
    expect(terminal.deaths).toBe(1);
  });
});
