/**
 * Commands and options whose values are typed by their flags.
 *
 * commander parses; @commander-js/extra-typings is types alone, so that nobody has to install it.
 */
import type { Command, CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import * as commander from "commander";

/** A finished command, whatever its options. */
export type AnyCommand = CommandUnknownOpts;

/** A command without options yet. */
export function createCommand(name: string): Command {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- extra-typings describes this very class
  return new commander.Command(name) as Command;
}

/** An option; `flags` as in "--epochs <n>". */
export function createOption<Flags extends string>(flags: Flags, description: string): Option<Flags> {
  return new commander.Option(flags, description);
}

/** An option whose value is a number; its range is for the library to check. */
export function numberOption<Flags extends string>(flags: Flags, description: string) {
  return createOption(flags, description).argParser(toNumber);
}

export const jsonOption = () =>
  createOption("--json", "print JSON, for programs to read; notes still go to standard error");
export const textOption = () => createOption("--text <column>", 'column of the text (default: "text")');
export const labelOption = () => createOption("--label <column>", 'column of the label (default: "label")');
export const textPairOption = () =>
  createOption("--text-pair <column>", 'column of the second text of a pair (default: "text_pair" if there)');
export const encodingOption = () =>
  createOption("--encoding <name>", "character encoding, such as gb18030 (default: found out)");
export const skipBadRowsOption = () =>
  createOption("--skip-bad-rows", "leave bad rows out and count them, instead of stopping");
export const deviceOption = () =>
  createOption("--device <name>", "ONNX Runtime to use (default: native if there)").choices([
    "auto",
    "native",
    "wasm",
  ] as const);
export const threadsOption = () =>
  createOption("--threads <n>", "threads of the runtime (default: all cores)").argParser(toCount);
export const maxLengthOption = () =>
  createOption("--max-length <n>", "most tokens of a text (default: the model's)").argParser(toCount);

export const topKOption = () =>
  createOption("--top-k <n>", "candidates a mask (default: 5)").argParser(toCount);

/** An option whose value counts from 0; its upper end is for the library to check. */
export function indexOption<Flags extends string>(flags: Flags, description: string) {
  return createOption(flags, description).argParser((value) => {
    const number = toNumber(value);
    if (Number.isSafeInteger(number) && number >= 0) return number;
    throw new commander.InvalidArgumentError("It must be a whole number, 0 or more.");
  });
}

/** Examples for the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? "Example:" : "Examples:";
  return `\n${title}\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}

function toNumber(value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isFinite(number)) return number;
  throw new commander.InvalidArgumentError("It must be a number.");
}

function toCount(value: string): number {
  const number = toNumber(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new commander.InvalidArgumentError("It must be a whole number, 1 or more.");
}
