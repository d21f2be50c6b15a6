/** `attune evaluate`: how good a model is on labelled texts. */
import type { BadRow } from "../data/index.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import {
  type AnyCommand,
  createCommand,
  deviceOption,
  encodingOption,
  examples,
  jsonOption,
  labelOption,
  maxLengthOption,
  skipBadRowsOption,
  textOption,
  textPairOption,
  threadsOption,
} from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { locateModel } from "./locate-model.ts";
import { writeNote } from "./notes.ts";
import { outcome } from "./outcome.ts";
import { reportLines } from "./report.ts";
import { layoutFor } from "./terminal.ts";
import { withModel } from "./with-model.ts";

/** Bad rows that are shown one by one. */
const SHOWN_ROWS = 3;

export interface EvaluateFlags {
  readonly text?: string;
  readonly label?: string;
  readonly textPair?: string;
  readonly skipBadRows?: true;
  readonly encoding?: string;
  readonly maxLength?: number;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
}

export function evaluateCommand(context: Context): AnyCommand {
  return createCommand("evaluate")
    .description(
      "Measures a model on labelled texts: accuracy, precision, recall and F1 of each label, " +
        "the confusion matrix, log loss and expected calibration error.",
    )
    .argument("<model>", "model folder or hub id")
    .argument("<data>", "labelled texts, in any form that train reads")
    .addOption(textOption())
    .addOption(labelOption())
    .addOption(textPairOption())
    .addOption(skipBadRowsOption())
    .addOption(encodingOption())
    .addOption(maxLengthOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples("attune evaluate runs/spam test.csv", "attune evaluate runs/spam test.csv --json"),
    )
    .action(async (model, data, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => evaluate(model, data, flags, context)));
    });
}

/** Evaluates and prints the report, as tables or as one JSON object. */
export async function evaluate(
  model: string,
  data: string,
  flags: EvaluateFlags,
  context: Context,
): Promise<ExitCode> {
  const { text, label, textPair, skipBadRows, encoding, maxLength } = flags;
  let badRows: readonly BadRow[] = [];
  let truncated: { readonly texts: number; readonly total: number } | undefined;
  const { folder } = await locateModel(context, model);
  const report = await withModel(context, folder, flags, (classifier, progress) => {
    progress.update({ label: "reading the data" });
    return classifier.evaluate(data, {
      textColumn: text,
      labelColumn: label,
      textPairColumn: textPair,
      skipBadRows,
      encoding,
      maxLength,
      onTruncated: (texts, total) => {
        truncated = { texts, total };
      },
      onBadRows: (rows) => {
        badRows = rows;
      },
      onProgress: (done, total) => progress.update({ label: "evaluating", done, total }),
    });
  });
  const { stdout } = context.terminal;
  if (badRows.length > 0) {
    const shown = badRows.slice(0, SHOWN_ROWS).map(({ row, reason }) => `row ${row}: ${reason}`);
    const more = badRows.length > SHOWN_ROWS ? "; ..." : "";
    writeNote(
      context.terminal,
      `${badRows.length} rows of ${data} were left out (${shown.join("; ")}${more})`,
    );
  }
  if (truncated !== undefined) {
    const { texts, total } = truncated;
    writeNote(
      context.terminal,
      `${texts} of ${total} texts were longer than the model reads and lost their end`,
    );
  }
  const lines = flags.json
    ? [JSON.stringify(report)]
    : [`${model} on ${data}`, "", ...reportLines(report, layoutFor(stdout))];
  stdout.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
}
