/** `attune doctor`: what this machine offers, and what is wrong with a model folder. */
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { version } from "../base/version.ts";
import { type AnyCommand, createCommand, examples, jsonOption } from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { machineLines, modelLines } from "./doctor-view.ts";
import { inspectModel } from "./inspect-model.ts";
import { inspectRuntime, type RuntimeCheck } from "./inspect-runtime.ts";
import { outcome } from "./outcome.ts";
import { layoutFor } from "./terminal.ts";

export interface MachineCheck {
  readonly attune: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: { readonly cores: number; readonly model: string };
  /** Of this process's limits where there are any. */
  readonly memory: { readonly freeBytes: number; readonly totalBytes: number };
  readonly runtimes: readonly RuntimeCheck[];
}

export function doctorCommand(context: Context): AnyCommand {
  return createCommand("doctor")
    .description(
      "Shows what this machine offers for training and which runtime is used; with MODEL, what " +
        "the folder holds, what is wrong with it, and whether it can predict.",
    )
    .argument("[model]", "model folder")
    .addOption(jsonOption())
    .addHelpText("after", examples("attune doctor", "attune doctor runs/spam"))
    .action(async (model, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => doctor(model, flags, context)));
    });
}

/** Looks and tells; 1 where no runtime works or the model cannot predict. */
export async function doctor(
  path: string | undefined,
  flags: { readonly json?: true },
  context: Context,
): Promise<ExitCode> {
  const { stdout } = context.terminal;
  const machine = await inspectMachine();
  const model = path === undefined ? undefined : await inspectModel(path, await context.loadLibrary());
  if (flags.json) {
    stdout.write(`${JSON.stringify({ ...machine, ...(model === undefined ? {} : { model }) })}\n`);
  } else {
    const layout = layoutFor(stdout);
    const lines = [...machineLines(machine, layout), ...(model === undefined ? [] : ["", ...modelLines(model, layout)])];
    stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
  const works = machine.runtimes.some((runtime) => "productMs" in runtime);
  return works && (model === undefined || model.predictionMs !== undefined) ? 0 : 1;
}

async function inspectMachine(): Promise<MachineCheck> {
  // one after the other: together they would slow each other down
  const runtimes = [await inspectRuntime("native"), await inspectRuntime("wasm")];
  return {
    attune: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: { cores: availableParallelism(), model: cpus()[0]?.model.trim() ?? "unknown" },
    memory: { freeBytes: Math.min(freemem(), limit()), totalBytes: Math.min(totalmem(), limit()) },
    runtimes,
  };
}

/** What a container allows, in bytes. */
function limit(): number {
  return process.constrainedMemory() || Infinity; // 0 says that there is no limit
}
