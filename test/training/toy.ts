/**
 * A toy data set that a tiny BERT learns in seconds, written to a temporary folder: colours against numbers.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/base/random.ts";
import type { TrainOptions } from "../../src/train/index.ts";

const words = {
  colour: ["red", "green", "blue", "yellow", "purple", "orange"],
  number: ["one", "two", "three", "four", "five", "six"],
};
const filler = ["the", "a", "my", "very", "nice", "old", "new", "box"];

/** A fresh folder under the system's temporary one. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "attune-test-"));
}

/** `count` rows of text,label with texts of 3 to 9 words. */
export function toyCsv(count: number, seed: number): string {
  const random = new Random(seed, "toy");
  const pick = (list: readonly string[]) => list[random.int(list.length)];
  const rows = Array.from({ length: count }, (_, i) => {
    const label = i % 2 === 0 ? "colour" : "number";
    const text = Array.from({ length: 2 + random.int(7) }, () => pick(filler));
    text.splice(random.int(text.length), 0, pick(words[label]));
    return `${text.join(" ")},${label}`;
  });
  return `text,label\n${rows.join("\n")}\n`;
}

/** Options of a small run on toy data in `folder`; dropout and several micro-batches a step included. */
export function toyRun(folder: string, out: string): TrainOptions {
  const [train, dev] = [join(folder, "train.csv"), join(folder, "dev.csv")];
  writeFileSync(train, toyCsv(96, 1));
  writeFileSync(dev, toyCsv(24, 2));
  return {
    train,
    dev,
    out: join(folder, out),
    model: "tiny",
    epochs: 4,
    batchSize: 8,
    batchTokens: 48,
    vocabSize: 200,
    minFrequency: 2,
    maxLength: 32,
    seed: 5,
    checkpointSteps: 5,
  };
}
