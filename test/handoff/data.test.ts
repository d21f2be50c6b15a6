/** The script sees the texts that attune would see: the same order, cuts, pairs, hidden tokens and random words. */
import { mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { writeTorchFolder } from "../../src/handoff/torch-folder.ts";
import { ExampleMaker } from "../../src/pretrain/examples.ts";
import type { PretrainOptions } from "../../src/pretrain/index.ts";
import { initialState, maskings, resolvePretrainOptions, withRun } from "../../src/pretrain/index.ts";
import { collect, temporaryFolder } from "../temporary-files.ts";
import { smallRun } from "./corpus.ts";
import { requireTorch, runPython } from "./python.ts";

const { folder } = temporaryFolder();

/** Prints `--show-data` of many folders after one import of PyTorch. */
const SHOW = `
import importlib.util, sys
for folder in sys.argv[2:]:
    spec = importlib.util.spec_from_file_location("pretrain", folder + "/pretrain.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(["--show-data", sys.argv[1]])
    print("end")
`;

const STEPS = 160;

test("for every objective and masking, over several windows and passes", async (context) => {
  requireTorch(context);
  const runs = ["none", "nsp", "sop"].flatMap((objective) =>
    maskings.map((masking) =>
      smallRun(folder, `${objective}-${masking}`, {
        ...({ objective, masking } as Pick<PretrainOptions, "objective" | "masking">),
        stepTokens: 64,
        batchTokens: 64,
        steps: STEPS,
      }),
    ),
  );
  const wanted: Awaited<ReturnType<typeof handOnWithExamples>>[] = [];
  for (const run of runs) wanted.push(await handOnWithExamples(run));
  const folders = runs.map(({ out }) => `${out}-torch`);
  const { out, err } = await runPython(["-c", SHOW, String(STEPS), ...folders]);
  expect(err).toBe("");
  const shown = out.split("end\n").map((part) => part.split("\n").filter((line) => line !== ""));
  runs.forEach((run, i) => {
    expect(wanted[i].at(-1)?.epoch).toBeGreaterThan(0);
    const seen = shown[i].map((line): unknown => JSON.parse(line));
    expect({ run: run.out, seen }).toEqual({ run: run.out, seen: wanted[i] });
  });
}, 240_000);

/** Writes the hand-off of a run without training it, and gives what attune makes of each step. */
async function handOnWithExamples(options: PretrainOptions) {
  const events = await collect(
    withRun(resolvePretrainOptions(options), { resume: false }, async function* (run) {
      const { corpus, examples, order } = run;
      mkdirSync(`${options.out}-torch`);
      await writeTorchFolder(run, initialState, `${options.out}-torch`);
      expect(order.windows).toBeGreaterThan(1);
      const maker = new ExampleMaker(corpus.store, corpus.train, examples);
      let cursor = initialState.cursor;
      for (let step = 1; step <= STEPS; step++) {
        const { epoch } = cursor;
        for (const sequence of order.sequences(cursor)) {
          const example = maker.make(sequence, `train/${epoch}`);
          const { ids, typeIds, places, labels, sentenceLabel = null } = example;
          const lists = { ids: [...ids], typeIds: [...typeIds], places: [...places], labels: [...labels] };
          yield { event: "example" as const, example: { ...lists, sentenceLabel, step, epoch, sequence } };
        }
        cursor = order.next(cursor);
      }
    }),
  );
  return events.flatMap((event) => (event.event === "example" ? [event.example] : []));
}
