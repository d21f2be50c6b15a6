/** A small English-Chinese corpus and runs on it, for tests of handing on and taking back. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../src/base/random.ts";
import { pretrain, type PretrainControl } from "../../src/pretrain/loop.ts";
import type { PretrainEvent, PretrainOptions } from "../../src/pretrain/index.ts";
import { resolvePretrainOptions } from "../../src/pretrain/index.ts";
import { handoffTorch } from "../../src/handoff/handoff.ts";
import { importResult, type ImportOptions } from "../../src/handoff/import.ts";
import { collect } from "../temporary-files.ts";

const parts = [
  ["The gardener", "A patient neighbour", "My grandmother", "The youngest sailor", "Nobody"],
  ["watered", "remembered", "photographed", "was looking for", "never mentioned"],
  ["the tomatoes behind the house", "an unbelievable story", "seven umbrellas", "the harbour lights"],
  ["before breakfast.", "in the rain!", "without hesitation.", "again and again; who knows why?"],
];
const chinese = [
  ["图书馆的门口", "火车站旁边", "我们的学校", "那家小餐馆"],
  ["有一棵很大的苹果树", "每天早上都非常热闹", "昨天来了几位客人", "准备了新鲜的蔬菜"],
  ["。", "！", "，大家都很高兴。", "；你知道吗？"],
];

/** Short documents, then some of one to six sentences, half of them Chinese; a blank line between them. */
export function corpusText(documents: number): string {
  const random = new Random(3, "corpus");
  const pick = (list: readonly string[]) => list[random.int(list.length)];
  const texts = Array.from({ length: documents }, (_, i) => {
    const [source, space] = i % 2 === 0 ? [parts, " "] : [chinese, ""];
    const sentences = Array.from({ length: 1 + random.int(6) }, () => source.map(pick).join(space));
    return `${sentences.join(space)} ${i}`;
  });
  // one token, and words longer than what is hidden of a text
  const short = ["好", "umbrellas", "图书馆", "photographed", "苹果树", "harbour harbour"];
  return `${[...short, ...texts].join("\n\n")}\n`;
}

/** Options of a run of twenty steps, each of several micro-batches, over more than one pass. */
export function smallRun(folder: string, out: string, more: Partial<PretrainOptions> = {}): PretrainOptions {
  const corpus = join(folder, "corpus.txt");
  writeFileSync(corpus, corpusText(90));
  return {
    corpora: [corpus],
    devShare: 0.1,
    model: "tiny",
    out: join(folder, out),
    vocabSize: 300,
    minFrequency: 2,
    initialization: "published",
    maxLength: 32,
    minTokens: 1,
    steps: 20,
    stepTokens: 256,
    batchTokens: 128,
    evaluationSteps: 8,
    seed: 2 ** 40 + 7,
    threads: 1,
    ...more,
  };
}

/** Runs the loop on this thread, to its end or as far as `control` lets it. */
export function runHere(
  options: PretrainOptions,
  control: Partial<PretrainControl> = {},
): Promise<PretrainEvent[]> {
  return collect(
    pretrain(resolvePretrainOptions(options), { resume: false, shouldStop: () => false, ...control }),
  );
}

/** Goes on with a run until a step is done, and stops there. */
export async function resumeUntil(options: PretrainOptions, step: number): Promise<void> {
  let done = 0;
  const control = { resume: true, shouldStop: () => done >= step };
  for await (const event of pretrain(resolvePretrainOptions(options), control))
    if (event.event === "step") done = event.step;
}

/** Prepares a run and hands it on; returns the hand-off's folder. */
export async function handOn(options: PretrainOptions): Promise<string> {
  await runHere(options, { prepareOnly: true });
  const out = `${options.out}-torch`;
  await collect(handoffTorch({ run: options.out, out }));
  return out;
}

export async function importHere(options: ImportOptions) {
  const events = await collect(importResult(options));
  const done = events.at(-1);
  if (done?.event !== "done") throw new Error("the import has no end");
  return done;
}
