/**
 * The entry of the program `attune`: the real terminal and the real library, joined to the commands.
 *
 * Sets no exit code itself: bin/attune.js does, so that what is still being written gets out.
 */
import { version } from "../base/version.ts";
import type { ExitCode } from "./context.ts";
import { run } from "./program.ts";
import { processTerminal } from "./terminal.ts";

/**
 * Runs the command line `argv` (without node and script) and returns the exit code: 0, 1 where the work failed,
 * 2 for wrong usage, 130 after Ctrl-C.
 */
export function main(argv: readonly string[]): Promise<ExitCode> {
  return run(argv, {
    terminal: processTerminal(),
    version,
    loadLibrary: async () => (await import("../tasks/index.ts")).TextClassifier,
    loadInspector: () => import("../tasks/index.ts"),
    loadMaskFiller: async (folder, options) =>
      (await import("../tasks/index.ts")).MaskedLanguageModel.load(folder, options),
    locateModel: async (name, options) => (await import("../train/index.ts")).locateModel(name, options),
  });
}
