/** `attune doctor`: what this machine offers, and what is wrong with a model folder. */
import { type AnyCommand, createCommand, examples, jsonOption } from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { machineLines, modelLines } from "./doctor-view.ts";
import { inspectMachine } from "./inspect-machine.ts";
import { inspectModel } from "./inspect-model.ts";
import { locateModel } from "./locate-model.ts";
import { outcome } from "./outcome.ts";
import { layoutFor } from "./terminal.ts";

export function doctorCommand(context: Context): AnyCommand {
  return createCommand("doctor")
    .description(
      "Shows what this machine offers for training and which runtime is used; with MODEL, what " +
        "the folder holds, in which format its weights are, what is wrong with them tensor by " +
        "tensor, and whether it can predict.",
    )
    .argument("[model]", "model folder or hub id")
    .addOption(jsonOption())
    .addHelpText("after", examples("attune doctor", "attune doctor runs/spam"))
    .action(async (model, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => doctor(model, flags, context)));
    });
}

/** Looks and tells; 1 where no runtime works or something is wrong with the model. */
export async function doctor(
  path: string | undefined,
  flags: { readonly json?: true },
  context: Context,
): Promise<ExitCode> {
  const { stdout } = context.terminal;
  const machine = await inspectMachine();
  const folder = path === undefined ? undefined : (await locateModel(context, path)).folder;
  const model = folder === undefined ? undefined : await inspectModel(folder, await context.loadLibrary());
  if (flags.json) {
    stdout.write(`${JSON.stringify({ ...machine, ...(model === undefined ? {} : { model }) })}\n`);
  } else {
    const layout = layoutFor(stdout);
    const lines = [
      ...machineLines(machine, layout),
      ...(model === undefined ? [] : ["", ...modelLines(model, layout)]),
    ];
    stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
  const works = machine.runtimes.some((runtime) => "productMs" in runtime);
  return works && (model === undefined || model.problems.length === 0) ? 0 : 1;
}
