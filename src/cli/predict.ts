/** `attune predict`: labels for new texts, in the order in which they come. */
import type { DeviceChoice } from "../runtime/index.ts";
import type { Prediction } from "../tasks/types.ts";
import { BadItems, isBad } from "./bad-items.ts";
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
import type { Classifier, Context, ExitCode } from "./context.ts";
import { counted } from "./format.ts";
import { fileInputs, givenInputs, type InputItem, type InputSource, streamInputs } from "./inputs.ts";
import { locateModel } from "./locate-model.ts";
import { writeNote } from "./notes.ts";
import { outcome, UsageError } from "./outcome.ts";
import { type PredictionLayout, predictionLines } from "./prediction-view.ts";
import { layoutFor } from "./terminal.ts";
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
    .description(
      "Classifies texts: one a line from FILE or standard input (-), the text column where " +
        "FILE is a table (CSV, TSV, JSONL, JSON, Parquet), or those given with --input.",
    )
    .argument("<model>", "model folder or hub id")
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
  const { folder } = await locateModel(context, model);
  const source = await chooseSource(folder, file, flags, context);
  const total = source.rereadable ? await survey(source, flags) : undefined;
  await withModel(context, folder, flags, async (classifier, progress) => {
    if (terminal.stdout.isTerminal) progress.close(); // the answers show how far it is
    const layout = { ...layoutFor(terminal.stdout), labels: classifier.labels };
    const bad = new BadItems(source);
    let done = 0;
    for await (const batch of source.batches()) {
      bad.add(batch);
      const stops = bad.count > 0 && !flags.skipBadRows;
      const items = stops ? batch.slice(0, batch.findIndex(isBad)) : batch;
      const answered = await answer(classifier, items, flags);
      const lines = flags.json ? jsonLines(answered, source) : humanLines(answered, layout);
      terminal.stdout.write(lines.map((line) => `${line}\n`).join(""));
      await terminal.stdout.drained();
      if (stops) throw bad.toError();
      done += batch.length;
      progress.update({ label: "predicting", details: [counted(done, source.unit)], done, total });
    }
    progress.close();
    if (bad.count > 0) writeNote(terminal, `left out ${bad.toString()}`);
  });
  return 0;
}

async function chooseSource(
  model: string,
  file: string | undefined,
  flags: PredictFlags,
  { terminal, loadLibrary }: Context,
): Promise<InputSource> {
  const { input, text, textPair, encoding } = flags;
  if (input !== undefined) {
    const unused = { FILE: file, "--text": text, "--text-pair": textPair, "--encoding": encoding };
    const given = Object.entries(unused).find(([, value]) => value !== undefined);
    if (given !== undefined)
      throw new UsageError(`--input gives the texts, so ${given[0]} has no effect; leave one out`);
    return givenInputs(input);
  }
  if (file !== undefined && file !== "-") {
    const trained = await (await loadLibrary()).columnsOf(model);
    return fileInputs(file, { textColumn: text, textPairColumn: textPair, encoding }, trained);
  }
  if (text !== undefined || textPair !== undefined) {
    throw new UsageError(
      "standard input is read line by line, so --text and --text-pair have no effect; pass a file",
    );
  }
  if (terminal.stdin.isTerminal) writeNote(terminal, "type a text and press Enter; Ctrl-D ends");
  return streamInputs(terminal.stdin.chunks(), encoding);
}

/** How many items there are; bad ones are an error here, unless they are to be skipped. */
async function survey(source: InputSource, { skipBadRows }: PredictFlags): Promise<number> {
  const bad = new BadItems(source);
  let total = 0;
  for await (const batch of source.batches()) {
    total += batch.length;
    bad.add(batch);
  }
  if (bad.count > 0 && !skipBadRows) throw bad.toError();
  return total;
}

/** An item with its prediction; none where it is bad. */
interface Answered {
  readonly item: InputItem;
  readonly prediction: Prediction | undefined;
}

async function answer(
  classifier: Classifier,
  items: readonly InputItem[],
  { maxLength }: PredictFlags,
): Promise<Answered[]> {
  const inputs = items.flatMap((item) => (isBad(item) ? [] : [item.input]));
  const predictions = inputs.length === 0 ? [] : await classifier.predict(inputs, { maxLength });
  let next = 0;
  return items.map((item) => ({ item, prediction: isBad(item) ? undefined : predictions[next++] }));
}

/** Bad items take no line here: they are counted at the end. */
function humanLines(answered: readonly Answered[], layout: PredictionLayout): string[] {
  return answered.flatMap(({ item, prediction }) =>
    isBad(item) || prediction === undefined ? [] : predictionLines(item.input, prediction, layout),
  );
}

/** An object an item, so that every line of the input is accounted for. */
function jsonLines(answered: readonly Answered[], { unit }: InputSource): string[] {
  return answered.map(({ item, prediction }) => {
    if (!isBad(item)) return JSON.stringify(prediction);
    const error = { code: "ERR_BAD_ROWS", message: `${unit} ${item.line}: ${item.reason}` };
    return JSON.stringify({ error, line: item.line });
  });
}
