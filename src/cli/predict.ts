/** `attune predict`: labels for new texts, in the order in which they come. */
import { badRowsError } from "../data/rows.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import type { Prediction } from "../tasks/types.ts";
import {
  type AnyCommand,
  createCommand,
  createOption,
  deviceOption,
  encodingOption,
  examples,
  jsonOption,
  maxLengthOption,
  skipBadRowsOption,
  textOption,
  textPairOption,
  threadsOption,
} from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { counted } from "./format.ts";
import { fileInputs, givenInputs, type InputItem, type InputSource, streamInputs } from "./inputs.ts";
import { writeNote } from "./notes.ts";
import { outcome, UsageError } from "./outcome.ts";
import { predictionLines } from "./prediction-view.ts";
import { layoutFor, type Terminal } from "./terminal.ts";
import { withModel } from "./with-model.ts";

export interface PredictFlags {
  readonly input?: readonly string[];
  readonly text?: string;
  readonly textPair?: string;
  readonly skipBadRows?: true;
  readonly encoding?: string;
  readonly maxLength?: number;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
}

export function predictCommand(context: Context): AnyCommand {
  return createCommand("predict")
    .summary("classify new texts")
    .description(
      "Classifies texts: one a line from FILE or standard input (-), the text column where\n" +
        "FILE is a table (CSV, TSV, JSONL, JSON, Parquet), or those given with --input.",
    )
    .argument("<model>", "model folder")
    .argument("[file]", "where the texts are (default: standard input)")
    .addOption(
      createOption("--input <text>", "a text to classify; may be repeated").argParser(
        (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
      ),
    )
    .addOption(textOption())
    .addOption(textPairOption())
    .addOption(skipBadRowsOption())
    .addOption(encodingOption())
    .addOption(maxLengthOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        'attune predict runs/spam --input "You have won a prize"',
        "attune predict runs/spam messages.csv --text message --json > labels.jsonl",
        "cat messages.txt | attune predict runs/spam",
      ),
    )
    .action(async (model, file, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => predict(model, file, flags, context)));
    });
}

/**
 * Classifies and prints, batch by batch: however large the file, little of it is in memory.
 *
 * A file is read through once before the model is loaded, so that bad lines show before any work is done; a stream
 * stops at its first bad line, after the answers to those before it.
 */
export async function predict(
  model: string,
  file: string | undefined,
  flags: PredictFlags,
  context: Context,
): Promise<ExitCode> {
  const { terminal } = context;
  const source = await chooseSource(file, flags, terminal);
  const total = source.rereadable ? await survey(source, flags) : undefined;
  return withModel(context, model, flags, async (classifier, progress) => {
    if (terminal.stdout.isTerminal) progress.close(); // the answers are the progress
    const layout = { ...layoutFor(terminal.stdout), labels: classifier.labels };
    const leftOut: InputItem[] = [];
    let done = 0;
    for await (const batch of source.batches()) {
      const bad = batch.filter(isBad);
      const items = bad.length > 0 && !flags.skipBadRows ? batch.slice(0, batch.indexOf(bad[0])) : batch;
      const inputs = items.flatMap((item) => ("input" in item ? [item.input] : []));
      const predictions = inputs.length === 0 ? [] : await classifier.predict(inputs, { maxLength: flags.maxLength });
      ...
    }
  });
}
