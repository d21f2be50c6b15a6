/** What goes wrong before the first checkpoint, or without hope, leaves nothing behind, and nothing of others is touched. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PretrainEvent, PretrainOptions } from "../../src/pretrain/index.ts";
import { resolvePretrainOptions } from "../../src/pretrain/index.ts";
import { pretrain, type PretrainControl } from "../../src/pretrain/loop.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { run, toyRun } from "./toy.ts";

const { folder, write } = temporaryFolder();

/** The events of a run, as far as it goes. */
async function runWith(options: PretrainOptions, control: Partial<PretrainControl>) {
  const events: PretrainEvent[] = [];
  const whole = { resume: false, shouldStop: () => false, ...control };
  for await (const event of pretrain(resolvePretrainOptions(options), whole)) events.push(event);
  return events;
}

const given = (out: string, vocabulary: readonly string[]): PretrainOptions => {
  const { vocabSize: _, minFrequency: __, ...options } = toyRun(folder, out);
  return { ...options, vocabulary: write(`${out}.txt`, `${vocabulary.join("\n")}\n`) };
};
const SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

describe("a vocabulary", () => {
  it("of special tokens alone is refused before the corpus is tokenized", async () => {
    await expect(run(given("no-words", SPECIALS))).rejects.toThrow(
      /ERR_VOCABULARY_EMPTY: .*its 5 tokens are all special \(.*no-words\.txt\); name a vocab\.txt/,
    );
    expect(existsSync(join(folder, "no-words"))).toBe(false);
  });

  it("that knows little of the corpus is warned about, with the share", async () => {
    const events = await runWith(given("one-word", [...SPECIALS, "the"]), { prepareOnly: true });
    const said = events.flatMap((event) => (event.event === "warning" ? [event] : []));
    expect(said.map(({ code }) => code)).toEqual(["WARN_UNKNOWN_TOKENS"]);
    expect(said[0].message).toMatch(/one-word\.txt\) does not know \d\d\.\d% of the corpus's tokens/);
  });

  it("learnt from the corpus is not", async () => {
    const events = await runWith(toyRun(folder, "learnt"), { prepareOnly: true });
    expect(events.filter(({ event }) => event === "warning")).toEqual([]);
  });
});

describe("what fails", () => {
  it("keeps what others have in OUT/checkpoints", async () => {
    const theirs = write("beside/checkpoints/epoch3.ckpt", "theirs");
    const options = {
      ...toyRun(folder, "beside"),
      corpora: [write("one.txt", "the cat eats hay . the dog runs .")],
    };
    await expect(run(options)).rejects.toThrow(/ERR_CORPUS_SMALL/);
    expect(readFileSync(theirs, "utf8")).toBe("theirs");
  });

  it("with an output folder under a file names the path and what to do", async () => {
    write("a-file", "text");
    await expect(run(toyRun(folder, "a-file/below"))).rejects.toThrow(
      /ERR_NOT_WRITABLE.*a part of the path is a file/,
    );
  });

  it("before the first checkpoint leaves nothing", async () => {
    const options = toyRun(folder, "early");
    let step = 0;
    const failing = async () => {
      const shouldStop = () => {
        if (step > 0) throw new Error("power cut");
        return false;
      };
      for await (const event of pretrain(resolvePretrainOptions(options), { resume: false, shouldStop }))
        if (event.event === "step") step = event.step;
    };
    await expect(failing()).rejects.toThrow("power cut");
    expect(existsSync(options.out)).toBe(false);
  });

  it("by diverging leaves no run to resume, though there were checkpoints", async () => {
    // decay of 100 at a rate of 1 multiplies the matrices by -99 at each step
    const options = {
      ...toyRun(folder, "diverged"),
      lr: 1,
      weightDecay: 100,
      warmupShare: 0,
      checkpointSteps: 2,
    };
    await expect(run(options)).rejects.toThrow(/ERR_DIVERGED/);
    expect(existsSync(options.out)).toBe(false);
  });
});

describe("told to stop", () => {
  it("while the vocabulary is learnt, or once all is read, a run ends there and leaves nothing", async () => {
    for (const phase of ["vocabulary", "tokenizing", "preparing"]) {
      const options = toyRun(folder, `stopped-${phase}`);
      let stopping = false;
      const events: PretrainEvent[] = [];
      const control = { resume: false, shouldStop: () => stopping };
      for await (const event of pretrain(resolvePretrainOptions(options), control)) {
        events.push(event);
        if (event.event === "phase" && event.phase === phase) stopping = true;
      }
      expect(events.at(-1)).toEqual({ event: "stopped" });
      expect(events.some(({ event }) => event === "start")).toBe(false);
      expect(existsSync(options.out)).toBe(false);
    }
  });

  it("while files are hashed, it ends before the first event", async () => {
    const events = await runWith(toyRun(folder, "stopped-hashing"), { shouldStop: () => true });
    expect(events).toEqual([{ event: "stopped" }]);
  });
});
