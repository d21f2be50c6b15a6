/**
 * The end of a run: the weights kept, scored once more, become the model folder.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeModelFolder } from "../models/checkpoint/index.ts";
import type { LoopState } from "./checkpoint.ts";
import { evaluatedTensors } from "./checkpoint.ts";
import { onlyPrediction } from "./collapse.ts";
import type { TrainEvent } from "./events.ts";
import { modelCard } from "./model-card.ts";
import { warning } from "./prepare.ts";
import type { Run } from "./run.ts";
import { evaluateSet } from "./run.ts";
import { tokenizerContent } from "./tokenizer-of-folder.ts";

/** Takes the weights kept, scores them once more, and writes the model in place of whatever stood there. */
export async function* finish(run: Run, state: LoopState): AsyncGenerator<TrainEvent> {
  const { options, data, examples, start, manifest, engine, folder } = run;
  await folder.loadKept(engine);
  const { scored: dev, predicted } = await evaluateSet(run, data.dev);
  const only =
    examples.schema.kind === "single" ? onlyPrediction(predicted, examples.schema.names) : undefined;
  if (only !== undefined) {
    yield warning(
      "WARN_ONE_LABEL",
      `the model calls every dev text "${only}": train longer (--epochs), or change --lr`,
    );
  }
  const test = data.test === undefined ? undefined : (await evaluateSet(run, data.test)).scored;
  const counts = { train: examples.train.length, dev: examples.dev.length, test: examples.test?.length };
  await writeModelFolder(options.out, {
    config: start.model.toHuggingFaceConfig(),
    ...tokenizerContent(start.tokenizer),
    maxLength: options.maxLength,
    tensors: evaluatedTensors(engine),
    attune: {
      format: 1,
      labels: examples.schema,
      maxLength: options.maxLength,
      columns: { ...examples.columns, textPair: examples.columns.textPair ?? null },
      run: {
        ...manifest,
        steps: state.step,
        keptStep: state.keptStep,
        keptEpoch: state.keptEpoch,
        examples: counts,
      },
      metrics: { dev, ...(test === undefined ? {} : { test }) },
    },
    readme: modelCard({ start, manifest, examples: counts, dev, test }),
  });
  await removeExport(options.out);
  await folder.remove();
  yield {
    event: "done",
    out: options.out,
    steps: state.step,
    keptStep: state.keptStep,
    keptEpoch: state.keptEpoch,
    stoppedEarly: state.step < run.totalSteps,
    elapsedMs: run.pace.elapsedMs,
    dev,
    test,
  };
}

/** An ONNX file of an earlier model would go on predicting as that one. */
async function removeExport(out: string): Promise<void> {
  await rm(join(out, "onnx"), { recursive: true, force: true });
}
