/**
 * The command line as a whole: which commands there are, and what a run of one ends with.
 *
 * Only the command that is asked for is loaded, so that `attune --help` does not wait for the library.
 */
import { CommanderError } from "commander";
import { type AnyCommand, createCommand } from "./command.ts";
import type { Context, ExitCode } from "./context.ts";

/** What it takes to list a command, and to load it. */
interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: (context: Context) => Promise<AnyCommand>;
}

const entries: readonly Entry[] = [
  {
    name: "train",
    summary: "train a classifier on labelled texts",
    load: async (context) => (await import("./train.ts")).trainCommand(context),
  },
  {
    name: "evaluate",
    summary: "measure a model on labelled texts",
    load: async (context) => (await import("./evaluate.ts")).evaluateCommand(context),
  },
  {
    name: "predict",
    summary: "classify new texts",
    load: async (context) => (await import("./predict.ts")).predictCommand(context),
  },
  {
    name: "pretrain",
    summary: "pre-train a BERT on text without labels, or go on with one",
    load: async (context) => (await import("./pretrain.ts")).pretrainCommand(context),
  },
  {
    name: "handoff",
    summary: "write an unfinished pre-training run as a PyTorch script, for a larger machine",
    load: async (context) => (await import("./handoff.ts")).handoffCommand(context),
  },
  {
    name: "import",
    summary: "bring the result of a hand-off back",
    load: async (context) => (await import("./import.ts")).importCommand(context),
  },
  {
    name: "fill-mask",
    summary: "what a pre-trained model would write in place of [MASK]",
    load: async (context) => (await import("./fill-mask.ts")).fillMaskCommand(context),
  },
  {
    name: "export",
    summary: "write a model as ONNX, for transformers.js and others",
    load: async (context) => (await import("./export.ts")).exportCommand(context),
  },
  {
    name: "inspect",
    summary: "show a model's graph, or a text on its way through a layer",
    load: async (context) => (await import("./inspect.ts")).inspectCommand(context),
  },
  {
    name: "doctor",
    summary: "check this machine and a model folder",
    load: async (context) => (await import("./doctor.ts")).doctorCommand(context),
  },
];

/** Runs a command line and returns the exit code; everything else goes through the context. */
export async function run(
  argv: readonly string[],
  given: Omit<Context, "argv" | "finish">,
): Promise<ExitCode> {
  let code: ExitCode = 0;
  const context: Context = {
    ...given,
    argv,
    finish: (result) => {
      code = result;
    },
  };
  const program = await createProgram(context);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2; // --help and --version are no failures
  }
  return code;
}

async function createProgram(context: Context): Promise<AnyCommand> {
  const { stdout, stderr } = context.terminal;
  const program = createCommand("attune")
    .description("Train, evaluate and use BERT text classifiers, without Python.")
    .version(context.version, "-v, --version")
    .exitOverride()
    .showHelpAfterError("(--help shows what there is)")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns,
      getErrHelpWidth: () => stderr.columns,
      getOutHasColors: () => stdout.colors.isColorSupported,
      getErrHasColors: () => stderr.colors.isColorSupported,
    })
    .addHelpText("after", "\n`attune COMMAND --help` shows a command's options and an example.\n");
  for (const { name, summary, load } of entries) {
    const command = context.argv.includes(name) ? await load(context) : createCommand(name);
    program.addCommand(command.summary(summary).copyInheritedSettings(program));
  }
  return program;
}
