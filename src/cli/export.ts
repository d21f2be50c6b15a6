/** `attune export`: a model as an ONNX file in standard operators. */
import { stat } from "node:fs/promises";
import { type AnyCommand, createCommand, examples, jsonOption } from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { fileSize } from "./format.ts";
import { locateModel } from "./locate-model.ts";
import { outcome, UsageError } from "./outcome.ts";
import { withModel } from "./with-model.ts";

export interface ExportFlags {
  readonly out?: string;
  readonly json?: true;
}

export function exportCommand(context: Context): AnyCommand {
  return createCommand("export")
    .description(
      "Writes onnx/model.onnx in plain standard operators, where transformers.js and other " +
        "ONNX runtimes look for it.",
    )
    .argument("<model>", "model folder or hub id")
    .option(
      "--out <folder>",
      "folder for a copy of the model with the ONNX file (default: MODEL itself; needed for a hub id)",
    )
    .addOption(jsonOption())
    .addHelpText("after", examples("attune export runs/spam"))
    .action(async (model, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => exportModel(model, flags, context)));
    });
}

/** Exports and says where the file is. */
export async function exportModel(model: string, flags: ExportFlags, context: Context): Promise<ExitCode> {
  const { folder, hub } = await locateModel(context, model);
  if (hub !== undefined && flags.out === undefined)
    throw new UsageError(
      `${hub.id} lies in the cache that other programs share; say with --out where to write`,
    );
  const path = await withModel(context, folder, {}, (classifier, progress) => {
    progress.update({ label: "writing the ONNX file" });
    return classifier.exportOnnx(flags.out);
  });
  const { size: bytes } = await stat(path);
  const said = flags.json ? JSON.stringify({ path, bytes }) : `wrote ${path} (${fileSize(bytes)})`;
  context.terminal.stdout.write(`${said}\n`);
  return 0;
}
