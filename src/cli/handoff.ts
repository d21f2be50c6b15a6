/** `attune handoff torch`: a pre-training run as a folder that PyTorch trains, where one machine is too small. */
import { runHandoff } from "../handoff/index.ts";
import { type AnyCommand, createCommand, examples, jsonOption } from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { HandoffView } from "./handoff-view.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { outcome, UsageError } from "./outcome.ts";
import { jsonSink } from "./train-view.ts";

export interface HandoffFlags {
  readonly out: string;
  readonly json?: true;
}

const frameworks: readonly string[] = ["torch"];

export function handoffCommand(context: Context): AnyCommand {
  return createCommand("handoff")
    .description(
      "Writes an unfinished run of `attune pretrain` as a folder with one PyTorch script that goes on with it:\n" +
        "the same recipe, data in the same order with the same masks, vocabulary, weights and moments. Copy the\n" +
        "folder to a larger machine, run `python pretrain.py` or `torchrun pretrain.py` there, copy it back, and\n" +
        "`attune import` it.\n\n" +
        "RUN is the folder of a run that was stopped, or prepared with `attune pretrain ... --prepare-only`. Its\n" +
        "corpus must be where it was.",
    )
    .argument("<framework>", "torch")
    .argument("<run>", "folder of an unfinished pre-training run")
    .requiredOption("--out <folder>", "where the hand-off goes; a new folder")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "attune pretrain corpus/ --model base --out runs/base --prepare-only",
        "attune handoff torch runs/base --out base-handoff",
      ),
    )
    .action(async (framework, run, flags) => {
      const form = flags.json ? "events" : "human";
      context.finish(await outcome(context, form, () => handoff(framework, run, flags, context)));
    });
}

/** Writes the folder and says what to do with it. */
export async function handoff(
  framework: string,
  run: string,
  flags: HandoffFlags,
  { terminal }: Context,
): Promise<ExitCode> {
  if (!frameworks.includes(framework))
    throw new UsageError(`a run is handed on to ${frameworks.join(" or ")}, not to "${framework}"`);
  const sink = flags.json ? jsonSink(terminal) : new HandoffView(terminal);
  const interrupt = listenForInterrupt(terminal, {
    first: () => sink.note("finishing the file, then removing what was written; Ctrl-C again stops at once"),
    second: () => sink.close(),
  });
  try {
    const { signal } = interrupt;
    for await (const event of runHandoff({ run, out: flags.out }, { signal })) sink.show(event);
    return 0;
  } finally {
    sink.close();
    interrupt.release();
  }
}
