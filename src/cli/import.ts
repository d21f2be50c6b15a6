/** `attune import`: the result of a hand-off becomes a model, or a run to go on with. */
import { runImport } from "../handoff/index.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import { type AnyCommand, createCommand, deviceOption, examples, jsonOption } from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { HandoffView } from "./handoff-view.ts";
import { outcome } from "./outcome.ts";
import { jsonSink } from "./train-view.ts";

export interface ImportFlags {
  readonly out?: string;
  readonly device?: DeviceChoice;
  readonly json?: true;
}

export function importCommand(context: Context): AnyCommand {
  return createCommand("import")
    .description(
      "Brings back what pretrain.py trained in a folder of `attune handoff`. Weights are checked by name, shape and\n" +
        "value, and the held-out text is scored anew. A finished run becomes a model folder; an unfinished one a run\n" +
        "that `attune pretrain --resume` goes on with.",
    )
    .argument("<folder>", "the hand-off folder, with the checkpoints that pretrain.py wrote")
    .option("--out <folder>", "where the result goes (default: the run that was handed on)")
    .addOption(deviceOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("attune import base-handoff"))
    .action(async (folder, flags) => {
      const form = flags.json ? "events" : "human";
      context.finish(await outcome(context, form, () => importFolder(folder, flags, context)));
    });
}

/** Imports and says what came of it. */
export async function importFolder(
  folder: string,
  { out, device, json }: ImportFlags,
  { terminal }: Context,
): Promise<ExitCode> {
  const sink = json ? jsonSink(terminal) : new HandoffView(terminal);
  const given = { ...(out === undefined ? {} : { out }), ...(device === undefined ? {} : { device }) };
  try {
    for await (const event of runImport({ folder, ...given })) sink.show(event);
    return 0;
  } finally {
    sink.close();
  }
}
